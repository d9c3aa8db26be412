"""Sending a pack: each person once, however often it is asked for, and a word about everyone who has not got it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa

from planerka.delivery import mailbox, smtp
from planerka.delivery.doubt import resolve
from planerka.delivery.mail import message, message_id, parsed
from planerka.delivery.order import Order, chosen, next_attempt, people
from planerka.delivery.outbox import Outbox
from planerka.errors import DeliveryError
from planerka.pack.compose import compose, compose_letter
from planerka.pack.freeze import FrozenPack
from planerka.pack.render import LetterParts, render_letter, render_pack
from planerka.pack.write import folder_of
from planerka.sections import DeliverySettings
from planerka.settings import Settings
from planerka.store import deliveries
from planerka.store.deliveries import DUE, Channel, Delivery, Mailing, State
from planerka.store.locks import locked

Clock = Callable[[], datetime]
Progress = Callable[[int, int], None]
"""Is told how many mails of how many have been tried."""


class Post(Protocol):
    """Takes one mail at a time to one address, and says what became of it in a state and words.

    `claim` is called just before the mail can be taken; what it raises stops the mail.
    """

    def send(self, mail: EmailMessage, to: str, claim: Callable[[], None]) -> tuple[State, str]: ...


@dataclass(frozen=True, kw_only=True)
class DeliveryReport:
    """`sent_n` mails went now, `known_n` people had theirs, `missing` have none. `folder`: of the outbox, else None.

    `trouble` says why the mailbox could not be read; None where it was, or where there is none.
    """

    mailing: Mailing
    folder: Path | None
    sent_n: int
    known_n: int
    missing: tuple[Delivery, ...]
    trouble: str | None

    def require_all(self) -> None:
        """DeliveryError where somebody has not got the pack; it names nobody, for it goes into logs."""
        if self.missing:
            asked_n, week = self.sent_n + self.known_n + len(self.missing), self.mailing.week
            raise DeliveryError(
                f"{len(self.missing)} of {asked_n} people have not got the pack of {week}: "
                f"`planerka deliveries --week {week}` says who and why; go on with `{self.command}`"
            )

    @property
    def command(self) -> str:
        """What sends the rest."""
        how = "outbox" if self.mailing.channel == Channel.OUTBOX else "smtp"
        return f"planerka send --week {self.mailing.week} --deliver {how}"


def deliver(
    engine: sa.Engine,
    pack: FrozenPack,
    settings: Settings,
    order: Order,
    clock: Clock,
    holder: str,
    progress: Progress = lambda _tried_n, _of_n: None,
) -> DeliveryReport:
    """Send a version of a pack to those of the recipients whom the order means. A killed run goes on with the next.

    `clock` is the real one: whether a copy must have come by now cannot be told by the moment a run is for.
    BusyError while another run (`holder` names this one) sends the same; DeliveryError where the server takes nothing
    from us at all; UsageError for an address that is no recipient.
    """
    mailing = Mailing(source=pack.source, week=str(pack.week), version=pack.version, channel=order.channel)
    with locked(engine, f"delivery of {pack.source} {pack.week} by {order.channel}", holder, clock()):
        plan(engine, mailing, settings.delivery, clock())
        trouble = look_into_mailbox(engine, mailing, settings.delivery, clock())
        with engine.begin() as connection:
            due = chosen(connection, mailing, order, settings.delivery)
        if due:
            send_all(engine, pack, due, settings, clock, progress)
        return report(engine, pack, mailing, settings, {one.recipient for one in due}, trouble)


def plan(engine: sa.Engine, mailing: Mailing, settings: DeliverySettings, now: datetime) -> None:
    """A row for every recipient."""
    ids = {person: message_id(mailing, person, 1, settings.sender) for person in people(settings)}
    with engine.begin() as connection:
        deliveries.plan(connection, mailing, ids, now)


def look_into_mailbox(engine: sa.Engine, mailing: Mailing, settings: DeliverySettings, now: datetime) -> str | None:
    """Settle what the mailbox can prove. Returns why it could not be read: then what is doubtful stays so."""
    own_address = copy_address(settings)
    if mailing.channel == Channel.OUTBOX or own_address is None:
        return None
    try:
        with mailbox.opened(settings.mailbox) as inbox:
            resolve(engine, mailing, inbox, own_address, now)
    except DeliveryError as error:
        return str(error)
    return None


def copy_address(settings: DeliverySettings) -> str | None:
    """Where each mail goes besides; None without the sender's mailbox."""
    return parsed(settings.sender)[1] if settings.mailbox.host else None


def send_all(
    engine: sa.Engine, pack: FrozenPack, due: list[Delivery], settings: Settings, clock: Clock, progress: Progress
) -> None:
    """The letter is rendered once and addressed to each; the ledger hears of each at once."""
    parts = render_letter(compose_letter(pack.facts, settings.language))
    page = render_pack(compose(pack.facts, settings.language))
    with post_of(due[0].channel, outbox_of(pack, settings), settings.delivery) as post:
        for tried_n, one in enumerate(due, 1):
            send_one(engine, post, one, parts, page, settings.delivery, clock)
            progress(tried_n, len(due))


def send_one(
    engine: sa.Engine,
    post: Post,
    one: Delivery,
    parts: LetterParts,
    page: str,
    settings: DeliverySettings,
    clock: Clock,
) -> None:
    if one.state not in DUE:
        one = next_attempt(engine, one, settings, clock())
    recipient = people(settings)[one.recipient]
    to = settings.test_to if one.channel == Channel.TEST and settings.test_to else recipient
    mail = message(parts, page, one, sender=settings.sender, recipient=recipient, to=to, sent_at=clock())
    hand_over(engine, post, one, mail, to, copy_address(settings), clock)


def hand_over(
    engine: sa.Engine, post: Post, one: Delivery, mail: EmailMessage, to: str, copied_to: str | None, clock: Clock
) -> None:
    """The ledger knows of the mail just before it can be taken, and what became of it at once after that."""
    state, answer = post.send(mail, to, partial(claim, engine, one, clock, copied_to))
    with deliveries.lasting(engine) as connection:
        deliveries.settle(connection, one, state, answer, clock())


def claim(engine: sa.Engine, one: Delivery, clock: Clock, copied_to: str | None) -> None:
    """From now on the mail may have been taken, and only the answer will tell."""
    with deliveries.lasting(engine) as connection:
        deliveries.claim(connection, one, "handed over; the answer has not been heard", copied_to, clock())


@contextmanager
def post_of(channel: Channel, folder: Path, settings: DeliverySettings) -> Iterator[Post]:
    """The mail server of the settings, or the folder that stands for it."""
    if channel == Channel.OUTBOX:
        yield Outbox(folder)
        return
    with smtp.opened(settings.smtp, parsed(settings.sender)[1], copy_address(settings)) as mailer:
        yield mailer


def outbox_of(pack: FrozenPack, settings: Settings) -> Path:
    return folder_of(pack, settings.out) / "mail"


def report(
    engine: sa.Engine, pack: FrozenPack, mailing: Mailing, settings: Settings, tried: set[str], trouble: str | None
) -> DeliveryReport:
    with engine.begin() as connection:
        ledger = deliveries.of_mailing(connection, mailing)
    asked = [one for one in ledger if one.recipient in people(settings.delivery)]
    sent = [one for one in asked if one.state == State.SENT]
    sent_n = sum(one.recipient in tried for one in sent)
    return DeliveryReport(
        mailing=mailing,
        folder=outbox_of(pack, settings) if mailing.channel == Channel.OUTBOX else None,
        sent_n=sent_n,
        known_n=len(sent) - sent_n,
        missing=tuple(one for one in asked if one.state != State.SENT),
        trouble=trouble,
    )
