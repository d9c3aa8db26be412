"""Lists of which each thing is told to a person once: what was told already stands in the ledger of mails."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import sqlalchemy as sa

from planerka.store import deliveries
from planerka.store.database import reading
from planerka.store.deliveries import DUE, Channel, Delivery, State

REMEMBERED = timedelta(days=30)
"""What happened longer ago is told to nobody, so that nothing older need be looked up."""


def untold(
    engine: sa.Engine, source: str, channel: Channel, to: str, names: Iterable[str], about: str, now: datetime
) -> dict[str, list[str]]:
    """The mails that are due to a person: by what each is about, the names of the things that it tells.

    New things go into a mail about `about`, unless there was one: then they wait for another time. A mail that a killed
    run has left, or that the server put off, tells what it was to tell, so that it is the same mail.
    """
    with reading(engine) as connection:
        ledger = deliveries.told_since(connection, source, channel, to, now - REMEMBERED)
    told = {one.week: (one.occasion or "").split() for one in ledger}
    due = {one.week: told[one.week] for one in ledger if is_unsettled(one)}
    known = {name for some in told.values() for name in some}
    new = [name for name in names if name not in known]
    if new and about not in told:
        due[about] = new
    return due


def is_unsettled(one: Delivery) -> bool:
    return one.state in (*DUE, State.DOUBTFUL)
