"""Delivery into a folder: each person's mail once, however often it is asked for."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from planerka.delivery.mail import PackKey, message, message_id, write_to_outbox
from planerka.errors import DeliveryError, PlanerkaError
from planerka.pack.compose import compose, compose_letter
from planerka.pack.freeze import FrozenPack
from planerka.pack.render import render_letter, render_pack
from planerka.pack.write import folder_of
from planerka.settings import Settings
from planerka.store import deliveries
from planerka.store.deliveries import Delivery, State


@dataclass(frozen=True, kw_only=True)
class DeliveryReport:
    """`delivered_n` mails were written now, `known_n` people had theirs."""

    folder: Path
    delivered_n: int
    known_n: int


def deliver(engine: sa.Engine, pack: FrozenPack, settings: Settings, now: datetime) -> DeliveryReport:
    """Write the mails of a pack's version that are not written yet. A killed run goes on with the next person."""
    folder = folder_of(pack, settings.out) / "mail"
    key = PackKey(source=pack.source, week=str(pack.week), version=pack.version)
    recipients, sender = settings.delivery.recipients, settings.delivery.sender
    with engine.begin() as connection:
        ids = {recipient: message_id(key, recipient, sender) for recipient in recipients}
        deliveries.plan(connection, key.source, key.week, key.version, ids, now)
        due = [d for d in deliveries.due(connection, key.source, key.week, key.version) if d.recipient in recipients]
    if due:
        write_mails(engine, pack, key, due, folder, settings, now)
    return DeliveryReport(folder=folder, delivered_n=len(due), known_n=len(recipients) - len(due))


def write_mails(
    engine: sa.Engine,
    pack: FrozenPack,
    key: PackKey,
    due: list[Delivery],
    folder: Path,
    settings: Settings,
    now: datetime,
) -> None:
    """The letter is rendered once and addressed to each; the ledger hears of each as soon as its file is whole.

    DeliveryError names whose mail could not be written; a later run writes only theirs.
    """
    parts = render_letter(compose_letter(pack.facts, settings.language))
    page = render_pack(compose(pack.facts, settings.language))
    failed = []
    for one in due:
        mail = message(parts, page, key, sender=settings.delivery.sender, recipient=one.recipient, sent_at=now)
        try:
            state, answer = State.DELIVERED, f"written to {write_to_outbox(mail, folder).name}"
        except PlanerkaError as error:
            state, answer = State.FAILED, str(error)
            failed.append(f"  {one.recipient}: {error}")
        with engine.begin() as connection:
            deliveries.settle(connection, one, state, answer, now)
    if failed:
        raise DeliveryError("\n".join([f"{len(failed)} of {len(due)} mails could not be written:", *failed]))
