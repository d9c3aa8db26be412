"""How every edition stands, of the rulebook's folder and of the store: in force, awaiting whom, altered, superseded."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

import sqlalchemy as sa

from planerka.errors import RulebookError
from planerka.regulation.editions import ROLES, load, refusal_of
from planerka.regulation.signed import signed_editions
from planerka.rulebook.regulation import digest
from planerka.store import editions as stored
from planerka.store.editions import Signature
from planerka.store.rejections import rejected_before
from planerka.store.windows import all_sources

Content = tuple[str, date, str]
"""The name of an edition, the day it takes effect, and the hash of what it says."""


class EditionState(StrEnum):
    """`superseded` is also an edition that was never signed by both, and whose days belong to a later one by now."""

    IN_FORCE = "in force"
    TO_COME = "to come"
    SUPERSEDED = "superseded"
    AWAITING = "awaiting signatures"
    ALTERED = "altered"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One edition at one place. `file` None: in the store. `why`: what is wrong, with the remedy; None: nothing is."""

    edition: str
    file: Path | None
    state: EditionState
    why: str | None
    effective_on: date | None = None
    signatures: tuple[Signature, ...] = ()

    @property
    def awaits(self) -> tuple[str, ...]:
        """The roles that have not signed."""
        return tuple(role for role in ROLES if role not in {signature.role for signature in self.signatures})

    @property
    def is_refused(self) -> bool:
        """Whether somebody has signed it, and it is not in force for all that: told wherever the regulation is."""
        is_half_signed = self.state == EditionState.AWAITING and bool(self.signatures)
        return is_half_signed or self.state == EditionState.ALTERED


def standings(connection: sa.Connection, folder: Path, on: date) -> tuple[Standing, ...]:
    """Every edition of the store, oldest first, then the files of `folder` that say something else; on a local day."""
    started = [edition.effective_on for edition in signed_editions(connection) if edition.effective_on <= on]
    agreed = Agreement(stored.all_signatures(connection), max(started, default=date.min), on)
    kept = [(one.edition, one.effective_on, digest(one.content)) for one in stored.all_editions(connection)]
    return (*(agreed.standing(None, *one) for one in kept), *agreed.files(folder, kept))


@dataclass(frozen=True)
class Agreement:
    """What was signed, the day from which the edition in force is, and the local day it is now."""

    signatures: Sequence[Signature]
    since_on: date
    on: date

    def files(self, folder: Path, kept: Collection[Content]) -> Iterator[Standing]:
        """The files of a folder that are not what the store holds."""
        for path in sorted(folder.glob("*.yaml")):
            try:
                edition = load(path)
            except RulebookError as wrong:
                yield Standing(edition=path.name, file=path, state=EditionState.UNREADABLE, why=str(wrong))
                continue
            content = edition.name, edition.effective_on, edition.sha256
            if content not in kept:
                yield self.standing(path, *content)

    def standing(self, file: Path | None, name: str, effective_on: date, sha256: str) -> Standing:
        own = tuple(signature for signature in self.signatures if signature.edition == name)
        is_intact = {signature.sha256 for signature in own} <= {sha256}
        why = refusal_of(name, sha256, own)
        return Standing(
            edition=name,
            file=file,
            effective_on=effective_on,
            state=self.state(is_intact, why is None, effective_on),
            signatures=own,
            why=why,
        )

    def state(self, is_intact: bool, is_signed: bool, effective_on: date) -> EditionState:
        """`is_intact`: nobody has signed another content under its name."""
        if not is_intact:
            return EditionState.ALTERED
        if is_signed and effective_on > self.on:
            return EditionState.TO_COME
        if is_signed:
            return EditionState.IN_FORCE if effective_on == self.since_on else EditionState.SUPERSEDED
        return EditionState.AWAITING if effective_on > self.since_on else EditionState.SUPERSEDED


def unruled(connection: sa.Connection) -> str | None:
    """The gap before the first signed edition, where there are rejections in it; None: each has an edition."""
    signed = signed_editions(connection)
    before_on = signed[0].effective_on if signed else date.max
    rejected_n = sum(rejected_before(connection, source, before_on) for source in all_sources(connection))
    if not rejected_n:
        return None
    when = f"before {before_on}, when the first edition took effect" if signed else "with no signed edition at all"
    return f"rejections {when}: {rejected_n}; nothing judges them"
