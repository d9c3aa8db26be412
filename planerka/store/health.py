"""What a doctor asks a database, without changing it."""

from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from planerka.store.database import reading
from planerka.store.tables import metadata


def is_made(url: str) -> bool:
    """False for a SQLite file that is not there yet, which opening it would make."""
    try:
        address = sa.make_url(url)
        if address.get_backend_name() == "sqlite":
            Path(address.database or "").stat()
    except FileNotFoundError:
        return False
    except (sa.exc.ArgumentError, ValueError, OSError):  # ValueError: a port that is no number
        pass  # whoever opens it says what is wrong with it
    return True


def clock_of(engine: sa.Engine) -> datetime | None:
    """The server's time; None for SQLite, which has none of its own."""
    if engine.dialect.name == "sqlite":
        return None
    with reading(engine) as connection:
        return connection.scalar(sa.func.clock_timestamp())


def require_answer(engine: sa.Engine) -> None:
    """StoreError where the database does not answer."""
    with reading(engine) as connection:
        connection.scalar(sa.select(1))


def closed_tables(engine: sa.Engine) -> list[str]:
    """Tables that this user may not write to; of SQLite none: its file says no to everything or to nothing."""
    if engine.dialect.name == "sqlite":
        return []
    rights = ("SELECT", "INSERT", "UPDATE", "DELETE")
    may = [sa.and_(*(sa.func.has_table_privilege(name, r) for r in rights)).label(name) for name in metadata.tables]
    with reading(engine) as connection:
        is_open = connection.execute(sa.select(*may)).mappings().one()
    return [name for name in metadata.tables if not is_open[name]]
