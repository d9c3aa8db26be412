"""Set-based writing: rows are staged in a temporary table, and only those that change anything go on.

Comparing first costs one look-up a row and buys three things: a second pull of the same rows writes nothing,
callers see what a change replaces before it is replaced, and "what changed" is a table that SQL can join.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import count
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from planerka.store.database import in_words
from planerka.store.frames import read_frame, values_of

_numbers = count(1)


def insert_into(connection: sa.Connection, table: sa.Table) -> Any:
    """An INSERT that knows ON CONFLICT in the words of the database at hand."""
    return {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[connection.dialect.name](table)


def merge(connection: sa.Connection, table: sa.Table, source: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Insert or update the rows of a frame; returns the keys (without the source) of those new or really changed.

    Rows of the table that the frame does not mention stay. Of rows with the same key the last one counts.
    """
    with changes(connection, table, source, frame) as changed:
        upsert(connection, table, source, changed)
        return keys_of(connection, table, changed)


@contextmanager
def changes(connection: sa.Connection, table: sa.Table, source: str, frame: pd.DataFrame) -> Iterator[sa.Table]:
    """A temporary table of the rows that are new or differ from the store, with the columns of the frame."""
    if connection.dialect.name == "postgresql":
        one_writer(connection, source)
    keys = key_names(table)
    last = frame.drop_duplicates(keys, keep="last")
    with staged(connection, [table.c[name] for name in frame.columns], last) as rows:
        is_same = [table.c[name].is_not_distinct_from(rows.c[name]) for name in frame.columns if name not in keys]
        connection.execute(rows.delete().where(sa.exists().where(same_key(table, rows, source), *is_same)))
        yield rows


def upsert(connection: sa.Connection, table: sa.Table, source: str, rows: sa.Table) -> None:
    """Write staged rows into their table."""
    names = [column.name for column in rows.c]
    chosen = sa.select(sa.literal(source), *rows.c).where(sa.true())  # SQLite cannot parse ON CONFLICT without WHERE
    insert = insert_into(connection, table).from_select(["source", *names], chosen)
    values = {name: insert.excluded[name] for name in names if name not in key_names(table)}
    connection.execute(insert.on_conflict_do_update(index_elements=list(table.primary_key), set_=values))


@contextmanager
def staged(connection: sa.Connection, columns: Sequence[sa.Column[Any]], frame: pd.DataFrame) -> Iterator[sa.Table]:
    """A temporary table with those columns of a frame, for as long as the block runs; one at a time of any columns."""
    table = staging_table(tuple(columns))
    table.create(connection)
    # The others are missing in every row: to hand a driver their NULLs one by one took half of the time.
    names = [column.name for column in columns if frame[column.name].notna().any()]
    if names:
        fill(
            connection, table, names, zip(*(values_of(frame[name], table.c[name].type) for name in names), strict=True)
        )
    yield table
    # Not in a `finally`: after a failed statement the transaction is rolled back, and the table goes with it.
    table.drop(connection)


@lru_cache(maxsize=256)
def staging_table(columns: tuple[sa.Column[Any], ...]) -> sa.Table:
    """The same table each time: to SQLAlchemy another table is another statement, and to compile it took an eighth of
    a pull.
    """
    copies = [sa.Column(column.name, column.type) for column in columns]
    return sa.Table(f"staged_{next(_numbers)}", sa.MetaData(), *copies, prefixes=["TEMPORARY"])


def fill(connection: sa.Connection, table: sa.Table, names: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    """Rows of plain values, one a named column, into an empty table by the fastest way the driver has."""
    columns = ", ".join(map(connection.dialect.identifier_preparer.quote, names))
    cursor: Any = connection.connection.cursor()
    with in_words(connection.engine):
        if connection.dialect.name == "postgresql":
            with cursor.copy(f"COPY {table.name} ({columns}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            cursor.executemany(f"INSERT INTO {table.name} ({columns}) VALUES ({', '.join('?' * len(names))})", rows)


def keys_of(connection: sa.Connection, table: sa.Table, rows: sa.Table) -> pd.DataFrame:
    return read_frame(connection, sa.select(*(rows.c[name] for name in key_names(table))))


def key_names(table: sa.Table) -> list[str]:
    """The primary key apart from the source."""
    return [column.name for column in table.primary_key if column.name != "source"]


def same_key(table: sa.FromClause, rows: sa.FromClause, source: str) -> sa.ColumnElement[bool]:
    """The condition that a stored row and a staged row are the same thing."""
    names = key_names(table)  # type: ignore[arg-type]
    return sa.and_(table.c.source == source, *(table.c[name] == rows.c[name] for name in names))


def one_writer(connection: sa.Connection, source: str) -> None:
    """Wait until no other transaction writes this source: SQLite has one writer anyway, PostgreSQL would deadlock."""
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(f"planerka {source}"))))
