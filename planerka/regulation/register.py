"""The register of editions, in lines for a shell: how each stands, who signed it when, who has read it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from pathlib import Path

import sqlalchemy as sa

from planerka.errors import RulebookError
from planerka.model import Reference, ReferenceKind
from planerka.regulation.editions import parse, period
from planerka.regulation.signed import signed_editions
from planerka.regulation.standing import EditionState, Standing, standings, unruled
from planerka.rulebook.regulation import Edition
from planerka.store import editions as stored
from planerka.store.database import reading
from planerka.store.editions import Acknowledgement, Signature
from planerka.store.references import references
from planerka.store.windows import all_sources
from planerka.unseen import legible


def verified(engine: sa.Engine, folder: Path, on: date) -> tuple[set[EditionState], list[str]]:
    """The states that occur, and a line an edition, the gap before the first one at the end."""
    with reading(engine) as connection:
        found, gap = standings(connection, folder, on), unruled(connection)
        readers, managers_n = stored.all_acknowledgements(connection), sum(map(len, managers_of(connection).values()))
    read_n = Counter(reader.edition for reader in readers)
    lines = [line_of(one, on, f"{read_n[one.edition]} of {managers_n} managers") for one in found]
    if not any(one.state == EditionState.IN_FORCE for one in found):
        lines.append("no signed edition is in force: rejections wait")
    return {one.state for one in found}, [*lines, *([gap] if gap else [])]


def line_of(one: Standing, on: date, readers: str) -> str:
    """As `2024-01-01, store: in force, from 2024-01-01; signed by …; acknowledged by 3 of 12 managers`."""
    head = f"{one.edition}, {legible(str(one.file or 'store'))}: {one.state}"
    if one.effective_on:
        head += f", {'takes effect on' if one.effective_on > on else 'from'} {one.effective_on}"
    said = [head, signed_by(one.signatures)]
    if one.file is None:
        said.append(f"acknowledged by {readers}")
    return "; ".join(filter(None, [*said, one.why]))


def signed_by(signatures: Iterable[Signature]) -> str:
    names = [f"{one.name} ({one.role})" for one in signatures]
    return f"signed by {', '.join(names)}" if names else ""


def history_of(engine: sa.Engine, folder: Path, now: datetime) -> list[str]:
    """A block an edition that somebody has signed, oldest first, then the files that cannot be read; days are those of
    the zone of `now`."""
    with reading(engine) as connection:
        found = standings(connection, folder, now.date())
        signed = signed_editions(connection)
        sha256_of = {one.edition: one.sha256 for one in stored.all_editions(connection)}
        readers = readers_of(connection)
    periods = {edition.name: period(signed, edition, now.date()) for edition in signed}
    lines = []
    for one in found:
        if one.file is None:
            when = periods.get(one.edition, f"not in force, {one.state}")
            lines += [f"{one.edition}: {when}, sha256 {sha256_of[one.edition]}", *signed_on(one.signatures, now)]
            lines += acknowledged(readers[one.edition], now)
    unread = [f"{one.edition}: {one.why}" for one in found if one.state == EditionState.UNREADABLE]
    return [*(lines or ["nobody has signed an edition yet: `planerka regulation sign --help`"]), *unread]


def signed_on(signatures: Iterable[Signature], now: datetime) -> Iterator[str]:
    for one in signatures:
        yield f"  signed by {one.name} for {one.role} on {one.signed_at.astimezone(now.tzinfo):%Y-%m-%d}"


Reader = tuple[Acknowledgement, Reference | None]


def readers_of(connection: sa.Connection) -> defaultdict[str, list[Reader]]:
    """Who has acknowledged each edition, with what the source calls them."""
    managers = managers_of(connection)
    found: defaultdict[str, list[Reader]] = defaultdict(list)
    for one in stored.all_acknowledgements(connection):
        found[one.edition].append((one, managers.get(one.source, {}).get(one.manager_id)))
    return found


def managers_of(connection: sa.Connection) -> dict[str, dict[str, Reference]]:
    """The managers of each source by their ids."""
    return {source: references(connection, source)[ReferenceKind.MANAGER] for source in all_sources(connection)}


def acknowledged(readers: Iterable[Reader], now: datetime) -> Iterator[str]:
    for one, manager in readers:
        name = f" {manager.title}" if manager else ""
        yield f"  acknowledged by {one.manager_id}{name} on {one.acknowledged_at.astimezone(now.tzinfo):%Y-%m-%d}"


def kept_edition(engine: sa.Engine, name: str) -> Edition:
    """An edition of the store by its name, signed by both or by one; RulebookError where there is none."""
    with reading(engine) as connection:
        kept = {one.edition: one for one in stored.all_editions(connection)}
    if name not in kept:
        other = f", or one of {', '.join(kept)}" if kept else ""
        raise RulebookError(f"{legible(name)} is no file, and no edition of the store: name a file{other}")
    return parse(kept[name].content, name)
