"""What is to be sent: by which channel, and to whom of the recipients."""

from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from planerka.delivery.mail import message_id
from planerka.errors import SettingsError, UsageError
from planerka.sections import DeliverySettings
from planerka.store import deliveries
from planerka.store.deliveries import DUE, Channel, Delivery, Mailing, State


@dataclass(frozen=True, kw_only=True)
class Order:
    """To whom: everyone who is due; `only_failed`, the delayed and the refused and nobody else; or `again`, one person
    once more whatever the ledger says."""

    channel: Channel
    only_failed: bool = False
    again: str | None = None


def channel_of(settings: DeliverySettings, how: str | None) -> Channel | None:
    """The channel that is meant by `outbox`, `smtp`, `none` (None) or nothing, which is the setting `how`.

    SettingsError where no server is named for SMTP.
    """
    how = how or settings.how
    if how == "smtp" and settings.smtp.host is None:
        raise SettingsError("delivery.smtp.host is missing: name the server that takes the mails (docs/delivery.md)")
    if how == "smtp" and settings.test_to:
        return Channel.TEST
    return None if how == "none" else Channel(how)


def people(settings: DeliverySettings) -> dict[str, str]:
    """The recipients as they are written, by how the ledger calls them: whatever its case, an address is one person."""
    return {recipient.lower(): recipient for recipient in settings.recipients}


def chosen(connection: sa.Connection, mailing: Mailing, order: Order, settings: DeliverySettings) -> list[Delivery]:
    """The deliveries to be made now, as they stand.

    Who is no recipient any more is left out. SettingsError where `again` names nobody who is one.
    """
    known = people(settings)
    ledger = [one for one in deliveries.of_mailing(connection, mailing) if one.recipient in known]
    if order.again:
        return [named(order.again, ledger)]
    if order.only_failed:
        return [one for one in ledger if has_failed(one)]
    return [one for one in ledger if one.state in DUE]


def has_failed(one: Delivery) -> bool:
    """Tried in vain. A new attempt at what was refused, stopped before its mail was tried, is one still."""
    return one.state in (State.DELAYED, State.REFUSED) or (one.state == State.QUEUED and one.attempt > 1)


def named(address: str, ledger: list[Delivery]) -> Delivery:
    for one in ledger:
        if one.recipient == address.lower():
            return one
    raise UsageError("--again names nobody who gets the pack: add the address to `recipients` of [delivery]")


def next_attempt(engine: sa.Engine, one: Delivery, settings: DeliverySettings, now: datetime) -> Delivery:
    """Another Message-ID: this mail is not the one that was refused or perhaps arrived.

    Just before it is tried: of a run that is stopped, whoever was not reached stays refused.
    """
    attempt = one.attempt + 1
    new_id = message_id(one, one.recipient, attempt, settings.sender)
    with engine.begin() as connection:
        deliveries.queue_again(connection, one, new_id, now)
    return replace(one, attempt=attempt, message_id=new_id, state=State.QUEUED, at=now)
