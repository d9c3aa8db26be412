"""A short plain mail to one person about one thing, through the ledger: sent once, however often a schedule asks."""

import hashlib
from dataclasses import dataclass, replace
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import partial
from pathlib import Path

import sqlalchemy as sa

from planerka.delivery.mail import addressed, domain
from planerka.delivery.sending import Clock, claim, post_of
from planerka.settings import DeliverySettings
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
    with post_of(Channel(settings.how), out / "notes", settings) as post:
        state, answer = post.send(message(one, note, settings, clock), to, partial(claim, engine, one, clock))
    with deliveries.lasting(engine) as connection:
        deliveries.settle(connection, one, state, answer, clock())
    return True


def planned(engine: sa.Engine, source: str, note: Note, to: str, settings: DeliverySettings, clock: Clock) -> Delivery:
    """The person's row of the ledger, due again when the occasion is another one or nobody heard the answer."""
    mailing = Mailing(source=source, week=note.about, version=0, channel=note.channel)
    said = "\n".join((source, note.channel, note.about, note.occasion, to.lower()))
    message_id = f"<{hashlib.sha256(said.encode()).hexdigest()[:32]}@{domain(settings.sender)}>"
    with engine.begin() as connection:
        deliveries.plan(connection, mailing, {to: message_id}, clock(), note.occasion)
        (one,) = (row for row in deliveries.of_mailing(connection, mailing) if row.recipient == to)
        # A note in doubt goes once more: two are better than none, and twenty are not.
        is_in_doubt = one.state == State.DOUBTFUL and one.attempt == 1
        if one.message_id == message_id and not is_in_doubt:
            return one
        deliveries.queue_again(connection, one, message_id, clock(), note.occasion)
    return replace(one, attempt=one.attempt + 1, message_id=message_id, state=State.QUEUED)


def message(one: Delivery, note: Note, settings: DeliverySettings, clock: Clock) -> EmailMessage:
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = settings.sender, addressed(one.recipient), note.subject
    mail["Date"], mail["Message-ID"] = format_datetime(clock()), one.message_id
    mail.set_content("\n\n".join(note.paragraphs), cte="quoted-printable")
    return mail
