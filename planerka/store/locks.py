"""Named locks in the database: they hold across processes and machines, and outlive neither by long."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import sqlalchemy as sa

from planerka.errors import BusyError
from planerka.store.bulk import insert_into
from planerka.store.tables import run_lock


@contextmanager
def locked(engine: sa.Engine, name: str, holder: str, now: datetime, for_: timedelta) -> Iterator[None]:
    """Hold the lock `name` while the block runs.

    A lock whose time is over belonged to a run that was killed, and is taken over. Raises BusyError.
    """
    until = now + for_
    with engine.begin() as connection:
        _take(connection, name, holder, now, until)
    try:
        yield
    finally:
        with engine.begin() as connection:
            is_mine = (run_lock.c.name == name) & (run_lock.c.holder == holder) & (run_lock.c.until == until)
            connection.execute(run_lock.delete().where(is_mine))


def _take(connection: sa.Connection, name: str, holder: str, now: datetime, until: datetime) -> None:
    insert = insert_into(connection, run_lock).values(name=name, holder=holder, until=until)
    values = {"holder": holder, "until": until}
    taking = insert.on_conflict_do_update(index_elements=["name"], set_=values, where=run_lock.c.until <= now)
    if connection.scalar(taking.returning(run_lock.c.name)) is None:
        other = connection.execute(sa.select(run_lock).where(run_lock.c.name == name)).one()
        raise BusyError(
            f"{name} is held by {other.holder} until {other.until:%Y-%m-%d %H:%M} UTC: wait for that run to end"
        )
