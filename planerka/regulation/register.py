"""The register of editions, in lines for a shell: how each stands, who signed it when, who has read it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from planerka.errors import RulebookError
from planerka.model import Reference, ReferenceKind
from planerka.regulation.editions import parse
from planerka.regulation.signed import signed_editions
from planerka.regulation.standing import EditionState, Standing, standings, unruled
from planerka.rulebook.regulation import Edition
from planerka.store import editions as stored
from planerka.store.database import reading
from planerka.store.editions import Acknowledgement, Signature
from planerka.store.references import references
from planerka.store.windows import all_sources
from planerka.unseen import shown


def verified(engine: sa.Engine, folder: Path, on: date) -> tuple[set[EditionState], list[str]]:
    """The states that occur, and a line an edition, the gap before the first one at the end."""
    with reading(engine) as connection:
        found, gap = standings(connection, folder, on), unruled(connection)
        readers, managers_n = stored.all_acknowledgements(connection), sum(map(len, managers_of(connection).values()))
    read_n = Counter(reader.edition for reader in readers)
    lines = [line_of(one, f"{read_n[one.edition]} of {managers_n} managers") for one in found]
    if not any(one.state == EditionState.IN_FORCE for one in found):
        lines.append("no signed edition is in force: rejections wait")
    return {one.state for one in found}, [*lines, *([gap] if gap else [])]


def line_of(one: Standing, readers: str) -> str:
    """As `2024-01-01, store: in force, from 2024-01-01; signed by …; acknowledged by 3 of 12 managers`."""
    head = f"{one.edition}, {one.file or 'store'}: {one.state}"
    if one.effective_on:
        head += f", from {one.effective_on}"
    said = [head, signed_by(one.signatures)]
    if one.file is None:
        said.append(f"acknowledged by {readers}")
    return "; ".join(filter(None, [*said, one.why]))


def signed_by(signatures: Iterable[Signature]) -> str:
    names = [f"{one.name} ({one.role})" for one in signatures]
    return f"signed by {', '.join(names)}" if names else ""


def history_of(engine: sa.Engine, zone: ZoneInfo) -> list[str]:
    """A block an edition, oldest first; days are those of `zone`."""
    with reading(engine) as connection:
        kept, signatures = stored.all_editions(connection), stored.all_signatures(connection)
        signed = [edition.name for edition in signed_editions(connection)]
        starts = [edition.effective_on for edition in signed_editions(connection)]
        readers = readers_of(connection)
    ends = dict(zip(signed, [*starts[1:], None], strict=False))  # none is signed: there is none to end
    lines = []
    for edition in kept:
        when = period(edition.effective_on, ends[edition.edition]) if edition.edition in ends else "not in force"
        lines.append(f"{edition.edition}: {when}, sha256 {edition.sha256}")
        own = [one for one in signatures if one.edition == edition.edition]
        lines += [f"  signed by {one.name} for {one.role} on {one.signed_at.astimezone(zone):%Y-%m-%d}" for one in own]
        lines += acknowledged(readers[edition.edition], zone)
    return lines or ["nobody has signed an edition yet: `planerka regulation sign --help`"]


def period(from_on: date, before_on: date | None) -> str:
    return f"in force from {from_on}" + (f" until {before_on}, not included" if before_on else "")


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


def acknowledged(readers: Iterable[Reader], zone: ZoneInfo) -> Iterator[str]:
    for one, manager in readers:
        name = f" {manager.title}" if manager else ""
        yield f"  acknowledged by {one.manager_id}{name} on {one.acknowledged_at.astimezone(zone):%Y-%m-%d}"


def kept_edition(engine: sa.Engine, name: str) -> Edition:
    """An edition of the store by its name, signed by both or by one; RulebookError where there is none."""
    with reading(engine) as connection:
        kept = {one.edition: one for one in stored.all_editions(connection)}
    if name not in kept:
        other = f", or one of {', '.join(kept)}" if kept else ""
        raise RulebookError(f"{shown(name)} is no file, and no edition of the store: name a file{other}")
    return parse(kept[name].content, name)
