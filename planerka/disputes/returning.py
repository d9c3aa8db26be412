"""Which leads can be returned to work: asked at the ruling, and again before the command goes to the source."""

import sqlalchemy as sa

from planerka.errors import UsageError
from planerka.store.disputes import DisputeView
from planerka.store.review import may_not_be_called


def refuse_a_senseless_return(connection: sa.Connection, source: str, dispute: DisputeView) -> None:
    """UsageError where the client asked not to be called, or the lead is not where the dispute found it.

    A rejected lead may be returned; an open one only if nobody touches it. A return would take a buyer, or a
    client who books today, back to the first call.
    """
    what = f"lead {dispute.lead_id} is not returned to work"
    if dispute.status is None:
        raise UsageError(f"{what}: the source has it no more")
    if dispute.status not in dispute.origin.returnable:
        raise UsageError(f"{what}: it is {dispute.status} now")
    if may_not_be_called(connection, source, dispute.lead_id):
        raise UsageError(f"{what}: the client asked not to be called, which holds for ever")
