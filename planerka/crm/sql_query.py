"""What a query gives on a company's own database, as blocks: read only, and never changed."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa

from planerka.crm.blocks import Block
from planerka.crm.cells import quotable
from planerka.crm.mapping_parts import Layout
from planerka.crm.names import nearest
from planerka.errors import CrmError, SettingsError

BLOCK_ROWS_N = 10_000

NO_TABLE = re.compile(r'no such table: (\S+)|relation "([^"]+)" does not exist')
"""How SQLite and PostgreSQL name a table that is not there."""

URL = "PLANERKA_SOURCE__DATABASE"

QUOTED = re.compile(r"""(?<!\w)(["'«`])(.*["'»`]|.*)""")
"""In a driver's complaint: from the first quote to the last, for a value may have quotes of its own."""


def database_of(url: str) -> sa.URL:
    """The address of a database; SettingsError, which does not quote it, where it is none or has no driver here."""
    try:
        address = sa.make_url(url)
        if address.drivername == "postgresql":
            address = address.set(drivername="postgresql+psycopg")
        address.get_dialect().import_dbapi()
    except (sa.exc.NoSuchModuleError, ImportError) as error:
        raise SettingsError(f"{URL} needs a driver that is not installed ({error}): pip install it") from None
    except (sa.exc.ArgumentError, ValueError):
        raise SettingsError(f"{URL} is no url: write it as postgresql://reader:password@host/name") from None
    if address.get_backend_name() == "sqlite" and not Path(address.database or "").is_file():
        raise SettingsError(f"{URL} names {address.database}, and there is no such file: correct the path")
    return address


def query_of(database: sa.URL, table: str) -> str:
    """The query for all of a table, `crm_lead` or `crm.lead`."""
    quote = database.get_dialect()().identifier_preparer.quote
    return f"SELECT * FROM {'.'.join(map(quote, table.split('.')))}"


def query_blocks(database: sa.URL, layout: Layout) -> Iterator[Block]:
    """The rows as the server sends them. CrmError where the query fails, or would change anything."""
    with rows_of(database, layout) as result:
        header, row = list(result.keys()), 1
        for rows in result.partitions(BLOCK_ROWS_N):
            yield block_of(header, rows, row)
            row += len(rows)
        if row == 1:
            yield block_of(header, [], row)


def block_of(header: list[str], rows: Sequence[sa.Row[Any]], row: int) -> Block:
    columns = list(zip(*rows, strict=True)) or [()] * len(header)
    return Block(header, columns, np.arange(row, row + len(rows)))


@contextmanager
def rows_of(database: sa.URL, layout: Layout) -> Iterator[sa.CursorResult[Any]]:
    """The result of the query, a few thousand rows of it at a time in memory."""
    engine = sa.create_engine(database, poolclass=sa.NullPool, hide_parameters=True)
    # Without parameters a % in the query is one.
    options = {"stream_results": True, "no_parameters": True, "max_row_buffer": BLOCK_ROWS_N}
    try:
        with engine.connect().execution_options(**options, postgresql_readonly=True) as connection:
            if database.get_backend_name() == "sqlite":  # where DROP and WITH … DELETE commit at once
                connection.exec_driver_sql("PRAGMA query_only = ON")
            result = connection.exec_driver_sql(layout.query)
            if not result.returns_rows:
                raise CrmError(f"{layout.title} gives no rows: write a SELECT")
            yield result
    except sa.exc.DBAPIError as error:
        said, table = reason(error, layout.query), nearest_table(engine, str(error.orig))
        raise CrmError(f"{layout.title} failed on {database!r} ({said}): {table}correct `query`, or {URL}") from None


def nearest_table(engine: sa.Engine, said: str) -> str:
    """For a table that is not there, those that are, as far as the database tells them; "" for another error."""
    found = NO_TABLE.search(said)
    if found is None:
        return ""
    schema, _, name = (found[1] or found[2]).rpartition(".")
    try:
        catalogue = sa.inspect(engine)
        names = [*catalogue.get_table_names(schema or None), *catalogue.get_view_names(schema or None)]
    except sa.exc.SQLAlchemyError:
        return ""
    return f"{nearest(name, names)}; " if names else ""


def reason(error: sa.exc.DBAPIError, query: str) -> str:
    """What the driver says, in one line: of what it quotes only the query's own words, for the rest may be a client."""
    said = (str(error.orig).splitlines() or ["no reason given"])[0]
    return QUOTED.sub(lambda quoted: quoted[0] if quoted[2].strip("\"'»`") in query else quotable(quoted[0]), said)
