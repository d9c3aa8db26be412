"""Managers acknowledge an edition that both heads signed: they have read what they are judged by."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from planerka.errors import RulebookError, UsageError
from planerka.model import Reference, ReferenceKind
from planerka.regulation.signed import edition_in_force, signed_editions
from planerka.rulebook.entry import nearest
from planerka.rulebook.regulation import Edition
from planerka.store import editions as stored
from planerka.store.editions import Acknowledgement
from planerka.store.references import references
from planerka.unseen import legible


def acknowledge(
    engine: sa.Engine, source: str, name: str | None, manager_ids: Iterable[str], now: datetime, zone: ZoneInfo
) -> tuple[str, tuple[str, ...]]:
    """Keep that managers have read an edition, by default the one in force; gives its name, and who is new to it.

    UsageError for an id that is no manager of the source: nothing is kept then. RulebookError for an edition that is
    not signed by both.
    """
    with engine.begin() as connection:
        edition = edition_to_read(connection, name, now, zone)
        managers = references(connection, source)[ReferenceKind.MANAGER]
        added = [
            manager.id
            for manager in [known_manager(managers, manager_id) for manager_id in manager_ids]
            if stored.acknowledge(connection, acknowledgement_of(edition, source, manager, now))
        ]
    return edition.name, tuple(added)


def edition_to_read(connection: sa.Connection, name: str | None, now: datetime, zone: ZoneInfo) -> Edition:
    signed = {edition.name: edition for edition in signed_editions(connection)}
    found = signed.get(name) if name else edition_in_force(connection, now, zone)
    if found is None:
        which = f"edition {legible(name)} is not signed by both heads" if name else "no edition is in force"
        other = f", or name one of {', '.join(signed)}" if signed else ""
        raise RulebookError(f"{which}, so nobody can acknowledge it: sign it{other}")
    return found


def known_manager(managers: dict[str, Reference], manager_id: str) -> Reference:
    if manager_id not in managers:
        remedy = nearest(manager_id, managers) if managers else "nobody was pulled yet, run `planerka pull`"
        raise UsageError(f"manager {manager_id!r} is not in the source: {remedy}")
    return managers[manager_id]


def acknowledgement_of(edition: Edition, source: str, manager: Reference, now: datetime) -> Acknowledgement:
    return Acknowledgement(
        edition=edition.name, source=source, manager_id=manager.id, sha256=edition.sha256, acknowledged_at=now
    )
