"""What is to be sent: by which channel, and to whom of the recipients."""

from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from planerka.delivery.mail import message_id
from planerka.errors import SettingsError, UsageError
from planerka.settings import DeliverySettings
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


def chosen(
    connection: sa.Connection, mailing: Mailing, order: Order, settings: DeliverySettings, now: datetime
) -> list[Delivery]:
    """The deliveries to be made now; what was refused, or is sent once more, becomes a new attempt.

    Who is no recipient any more is left out. SettingsError where `again` names nobody who is one.
    """
    known = people(settings)
    ledger = [one for one in deliveries.of_mailing(connection, mailing) if one.recipient in known]
    if order.again:
        return [next_attempt(connection, named(order.again, ledger), settings, now)]
    if order.only_failed:
        delayed, refused = ([one for one in ledger if one.state == state] for state in (State.DELAYED, State.REFUSED))
        return delayed + [next_attempt(connection, one, settings, now) for one in refused]
    return [one for one in ledger if one.state in DUE]


def named(address: str, ledger: list[Delivery]) -> Delivery:
    for one in ledger:
        if one.recipient == address.lower():
            return one
    raise UsageError("--again names nobody who gets the pack: add the address to `recipients` of [delivery]")


def next_attempt(connection: sa.Connection, one: Delivery, settings: DeliverySettings, now: datetime) -> Delivery:
    """Another Message-ID: this mail is not the one that was refused or perhaps arrived."""
    attempt = one.attempt + 1
    new_id = message_id(one, one.recipient, attempt, settings.sender)
    deliveries.queue_again(connection, one, new_id, now)
    return replace(one, attempt=attempt, message_id=new_id, state=State.QUEUED, at=now)
