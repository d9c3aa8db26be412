"""Set-based writing: rows are staged in a temporary table, and only those that change anything go on.

Comparing first costs one look-up a row and buys three things: a second pull of the same rows writes nothing,
callers see what a change replaces before it is replaced, and "what changed" is a table that SQL can join.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import count, repeat
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
    one_writer(connection, source)
    keys = key_names(table)
    last = frame.drop_duplicates(keys, keep="last")
    with staged(connection, [table.c[name] for name in frame.columns], last) as rows:
        is_same = [table.c[name].is_not_distinct_from(rows.c[name]) for name in frame.columns if name not in keys]
        connection.execute(rows.delete().where(sa.exists().where(same_key(table, rows, source), *is_same)))
        yield rows


def upsert(connection: sa.Connection, table: sa.Table, source: str, rows: sa.Table) -> int:
    """Write staged rows into their table; returns how many are new there or differ."""
    names = [column.name for column in rows.c]
    chosen = sa.select(sa.literal(source), *rows.c).where(sa.true())  # SQLite cannot parse ON CONFLICT without WHERE
    insert = insert_into(connection, table).from_select(["source", *names], chosen)
    kept = {"preserve_rowcount": True}  # SQLAlchemy forgets that of an INSERT
    return connection.execute(or_update(insert, table, names), execution_options=kept).rowcount


def or_update(insert: Any, table: sa.Table, names: Iterable[str]) -> Any:
    """The insert of those columns, that writes over a row of the same key where one of them differs."""
    values = {name: insert.excluded[name] for name in names if name not in key_names(table)}
    differs = sa.or_(*(table.c[name].is_distinct_from(value) for name, value in values.items()))
    return insert.on_conflict_do_update(index_elements=list(table.primary_key), set_=values, where=differs)


def load(connection: sa.Connection, table: sa.Table, source: str, frame: pd.DataFrame) -> int:
    """`merge` for a source of which the table has nothing yet: rows are compared only where a key comes again, and
    nobody asks what they replace. Returns how many were new or differ.
    """
    one_writer(connection, source)
    last = frame.drop_duplicates(key_names(table), keep="last")
    if connection.dialect.name == "postgresql":
        with staged(connection, [table.c[name] for name in frame.columns], last) as rows:
            return upsert(connection, table, source, rows)
    names = filled(last, frame.columns)
    if not names:  # as of references that the mapping does not name: an INSERT of no column has no key either
        return 0
    insert = insert_into(connection, table).values({name: sa.bindparam(name) for name in ("source", *names)})
    compiled = or_update(insert, table, frame.columns).compile(dialect=connection.dialect)
    values = {name: values_of(last[name], table.c[name].type) for name in names} | {"source": repeat(source, len(last))}
    cursor: Any = connection.connection.cursor()
    with in_words(connection.engine):
        cursor.executemany(str(compiled), zip(*(values[name] for name in compiled.positiontup), strict=True))
    return int(cursor.rowcount)


@contextmanager
def staged(connection: sa.Connection, columns: Sequence[sa.Column[Any]], frame: pd.DataFrame) -> Iterator[sa.Table]:
    """A temporary table with those columns of a frame, for as long as the block runs. Never two of the same at once."""
    table = staging_table(tuple(columns))
    table.create(connection)
    names = filled(frame, [column.name for column in columns])
    if names:
        fill(
            connection, table, names, zip(*(values_of(frame[name], table.c[name].type) for name in names), strict=True)
        )
    yield table
    # Not in a `finally`: after a failed statement the transaction is rolled back, and the table goes with it.
    table.drop(connection)


def filled(frame: pd.DataFrame, names: Iterable[str]) -> list[str]:
    """The columns that hold anything: to hand a driver NULLs one by one took half of the time."""
    return [name for name in names if frame[name].notna().to_numpy().any()]


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
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(f"planerka {source}"))))
