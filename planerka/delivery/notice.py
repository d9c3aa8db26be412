"""A word to the owner when the team gets no pack: why, and the command that goes on. Once for the same reason."""

import hashlib
from dataclasses import replace
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import partial

import sqlalchemy as sa

from planerka.clock import Week
from planerka.delivery.mail import addressed, domain
from planerka.delivery.sending import Clock, claim, post_of
from planerka.settings import DeliverySettings, Settings
from planerka.store import deliveries
from planerka.store.deliveries import DUE, Channel, Delivery, Mailing
from planerka.words import Words, words_for


def tell_owner(engine: sa.Engine, source: str, week: Week, why: str, settings: Settings, clock: Clock) -> bool:
    """Tell `owner` of [delivery] why the pack of a week goes to nobody; returns whether a mail was tried now.

    Nobody is told where the settings name no owner. `why` may stand in a mail: it quotes no client.
    """
    if settings.delivery.owner is None:
        return False
    one = planned(engine, source, week, why, settings.delivery, clock)
    if one.state not in DUE:
        return False
    mail = notice(one, why, settings.delivery, words_for(settings.language), clock)
    with post_of(Channel(settings.delivery.how), settings.out / "notices", settings.delivery) as post:
        state, answer = post.send(mail, settings.delivery.owner, partial(claim, engine, one, clock))
    with deliveries.lasting(engine) as connection:
        deliveries.settle(connection, one, state, answer, clock())
    return True


def planned(engine: sa.Engine, source: str, week: Week, why: str, settings: DeliverySettings, clock: Clock) -> Delivery:
    """The row of the ledger for the owner and the week, due again when the reason is another one."""
    mailing = Mailing(source=source, week=str(week), version=0, channel=Channel.NOTICE)
    owner = str(settings.owner)
    digest = hashlib.sha256(f"{source}\n{week}\n{owner}\n{why}".encode()).hexdigest()[:32]
    message_id = f"<{digest}@{domain(settings.sender)}>"
    with engine.begin() as connection:
        deliveries.plan(connection, mailing, {owner: message_id}, clock())
        (one,) = (row for row in deliveries.of_mailing(connection, mailing) if row.recipient == owner)
        if one.message_id == message_id:
            return one
        deliveries.queue_again(connection, one, message_id, clock())
    return replace(one, attempt=one.attempt + 1, message_id=message_id, state=deliveries.State.QUEUED)


def notice(one: Delivery, why: str, settings: DeliverySettings, words: Words, clock: Clock) -> EmailMessage:
    """Plain text: it is read by an engineer, on a telephone, on Monday at eight."""
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"] = settings.sender, addressed(one.recipient)
    mail["Subject"] = words.say("The pack of {week} was not sent", week=one.week)
    mail["Date"], mail["Message-ID"] = format_datetime(clock()), one.message_id
    paragraphs = (
        words.say("The pack of {week} is not ready, and nothing was sent to anybody.", week=one.week),
        words.say("Why:") + f"\n{why}",
        words.say("Mend that, then:") + f"\n    planerka pack --week {one.week}\n    planerka send --week {one.week}",
    )
    mail.set_content("\n\n".join(paragraphs), cte="quoted-printable")
    return mail
