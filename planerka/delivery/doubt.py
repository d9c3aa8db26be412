"""What the sender's mailbox knows of deliveries whose outcome was not heard, or has changed.

Every mail goes to the sender's own address too, in the same transaction: the server takes both or neither. A copy in
the mailbox therefore proves that a mail was handed over. That there is none proves the opposite only where a copy went
to that very address, had time to come, and other copies of the same mailing did come: the mailbox of somebody else, or
one whose server is behind, has none either.
"""

from datetime import UTC, datetime, time, timedelta

import sqlalchemy as sa

from planerka.clock import Week
from planerka.delivery.bounces import Bounce
from planerka.delivery.mailbox import Mailbox
from planerka.store import deliveries
from planerka.store.deliveries import Delivery, Mailing, State

COPY_WITHIN = timedelta(minutes=10)
"""A server brings a mail to its own mailbox in seconds."""

DAY = timedelta(days=1)


def resolve(engine: sa.Engine, mailing: Mailing, mailbox: Mailbox, own_address: str, now: datetime) -> None:
    """Bring the ledger of a mailing to what the mailbox shows: bounces, then copies, then copies that are missing.

    Copies of what is only queued or delayed are looked for as well: a ledger that was put back from a backup does not
    know what it had sent.
    """
    with engine.begin() as connection:
        ledger = deliveries.of_mailing(connection, mailing)
    since = first_day(mailing, ledger)
    copies = mailbox.copies(since)
    failures = {one.message_id: one for one in mailbox.bounces(since) if one.recipient != own_address.lower()}
    missing_copies_tell = any(one.message_id in copies for one in ledger)
    with deliveries.lasting(engine) as connection:
        for one in ledger:
            found = shown(one, copies, failures.get(one.message_id))
            if found is None and missing_copies_tell and must_have_come(one, own_address, now):
                found = State.QUEUED, "no copy came to the sender's mailbox"
            if found:
                deliveries.settle(connection, one, *found, now)


def first_day(mailing: Mailing, ledger: list[Delivery]) -> datetime:
    """When the first copy may have come: a mail goes when its week is over, and a ledger that was put back does not
    remember when that was. A day earlier, for the days of a mailbox are those of its server's zone."""
    over_at = datetime.combine(Week.parse(mailing.week).sunday, time(), UTC)  # it is Monday already east of here
    return min([over_at, *(one.at for one in ledger)]) - DAY


def shown(one: Delivery, copies: set[str], bounce: Bounce | None) -> tuple[State, str] | None:
    """The state that the mailbox shows, with the words for it; None where it shows nothing new."""
    if one.state == State.REFUSED:
        return None
    if bounce:
        return State.REFUSED, bounce.words
    if one.state != State.SENT and one.message_id in copies:
        return State.SENT, "a copy is in the sender's mailbox"
    return None


def must_have_come(one: Delivery, own_address: str, now: datetime) -> bool:
    """Whether a doubtful mail, if it was taken, has its copy in the mailbox by now."""
    return one.state == State.DOUBTFUL and one.copied_to == own_address and now - one.at >= COPY_WITHIN
