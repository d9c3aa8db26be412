"""A short plain mail to one person about one thing, through the ledger: sent once, however often a schedule asks."""

from dataclasses import dataclass, replace
from pathlib import Path

import sqlalchemy as sa

from planerka.delivery.mail import headed, id_of
from planerka.delivery.sending import Clock, copy_address, hand_over, post_of
from planerka.sections import DeliverySettings
from planerka.store import deliveries
from planerka.store.deliveries import DUE, Channel, Delivery, Mailing, State


@dataclass(frozen=True, kw_only=True)
class Note:
    """`about` is the week or the day that it is of; one of another `occasion` about the same is another note."""

    channel: Channel
    about: str
    occasion: str
    subject: str
    paragraphs: tuple[str, ...]


def send_note(
    engine: sa.Engine, source: str, note: Note, to: str, settings: DeliverySettings, out: Path, clock: Clock
) -> bool:
    """Send a note to a person who has not got it, by the mail server or into the folder `out`/notes.

    Returns whether it was tried now. It may stand in a mail: it quotes no client.
    """
    one = planned(engine, source, note, to, settings, clock)
    if one.state not in DUE:
        return False
    mail = headed(one, note.subject, sender=settings.sender, to=one.recipient, sent_at=clock())
    mail.set_content("\n\n".join(note.paragraphs), cte="quoted-printable")
    with post_of(Channel(settings.how), out / "notes", settings) as post:
        hand_over(engine, post, one, mail, to, copy_address(settings), clock)
    return True


def planned(engine: sa.Engine, source: str, note: Note, to: str, settings: DeliverySettings, clock: Clock) -> Delivery:
    """The person's row of the ledger, due again when the occasion is another one or nobody heard the answer."""
    mailing = Mailing(source=source, week=note.about, version=0, channel=note.channel)
    message_id = id_of(settings.sender, source, note.channel, note.about, note.occasion, to.lower())
    with engine.begin() as connection:
        deliveries.plan(connection, mailing, {to: message_id}, clock(), note.occasion)
        (one,) = (row for row in deliveries.of_mailing(connection, mailing) if row.recipient == to)
        # A note in doubt goes once more: two are better than none, and twenty are not.
        is_in_doubt = one.state == State.DOUBTFUL and one.attempt == 1
        if one.message_id == message_id and not is_in_doubt:
            return one
        deliveries.queue_again(connection, one, message_id, clock(), note.occasion)
    return replace(one, attempt=one.attempt + 1, message_id=message_id, state=State.QUEUED)
