"""How every edition stands, of the rulebook's folder and of the store: in force, awaiting whom, altered, superseded."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from pathlib import Path

import sqlalchemy as sa

from planerka.errors import RulebookError
from planerka.regulation.editions import ROLES, alteration_of, in_force, load, refusal_of
from planerka.regulation.signed import signed_editions
from planerka.rulebook.regulation import Edition, digest
from planerka.store import editions as stored
from planerka.store.editions import Signature
from planerka.store.rejections import rejected_before
from planerka.store.windows import all_sources
from planerka.unseen import legible

Content = tuple[str, date, str]
"""The name of an edition, the day it takes effect, and the hash of what it says."""


class EditionState(StrEnum):
    """`superseded` is also a draft whose days belong to a later edition by now; one that a head has signed since both
    agreed on that edition is `awaiting` still: whoever signed it expects it in force."""

    IN_FORCE = "in force"
    TO_COME = "to come"
    SUPERSEDED = "superseded"
    AWAITING = "awaiting signatures"
    ALTERED = "altered"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One edition at one place. `file` None: in the store; `copy` is then a file that says the same, if there is one.
    `why`: what is wrong, with the remedy; None: nothing is."""

    edition: str
    file: Path | None
    state: EditionState
    why: str | None
    effective_on: date | None = None
    copy: Path | None = None
    signatures: tuple[Signature, ...] = ()

    @property
    def awaits(self) -> tuple[str, ...]:
        """The roles that have not signed."""
        return tuple(role for role in ROLES if role not in {signature.role for signature in self.signatures})

    @property
    def is_refused(self) -> bool:
        """Whether somebody has signed it, and it is not in force for all that: told wherever the regulation is.

        Of a file that cannot be read nobody knows that; what was signed is in the store.
        """
        is_half_signed = self.state == EditionState.AWAITING and bool(self.signatures)
        return is_half_signed or self.state == EditionState.ALTERED


def standings(connection: sa.Connection, folder: Path, on: date) -> tuple[Standing, ...]:
    """Every edition of the store, oldest first, then the files of `folder` that say something else; on a local day."""
    agreed = Agreement(stored.all_signatures(connection), in_force(signed_editions(connection), on), on)
    kept = [(one.edition, one.effective_on, digest(one.content)) for one in stored.all_editions(connection)]
    files = {path: content_of(path) for path in sorted(folder.glob("*.yaml"))}
    copies = {content: path for path, content in files.items()}
    others = {path: content for path, content in files.items() if content not in kept}
    return (
        *(replace(agreed.standing(None, content), copy=copies.get(content)) for content in kept),
        *(agreed.standing(path, content) if content else unreadable(path) for path, content in others.items()),
    )


def content_of(path: Path) -> Content | None:
    """None where it cannot be read as an edition."""
    try:
        edition = load(path)
    except RulebookError:
        return None
    return edition.name, edition.effective_on, edition.sha256


def unreadable(path: Path) -> Standing:
    why = f"it cannot be read as an edition: `planerka regulation check {legible(str(path))}` says why"
    return Standing(edition=legible(path.name), file=path, state=EditionState.UNREADABLE, why=why)


@dataclass(frozen=True)
class Agreement:
    """What was signed, the edition in force (None: none is), and the local day it is now."""

    signatures: Sequence[Signature]
    in_force: Edition | None
    on: date

    def standing(self, file: Path | None, content: Content) -> Standing:
        name, effective_on, sha256 = content
        own = self.signed(name)
        return Standing(
            edition=name,
            file=file,
            effective_on=effective_on,
            state=EditionState.ALTERED if alteration_of(name, sha256, own) else self.state(effective_on, own),
            signatures=own,
            why=refusal_of(name, sha256, own),
        )

    def signed(self, name: str) -> tuple[Signature, ...]:
        return tuple(signature for signature in self.signatures if signature.edition == name)

    def state(self, effective_on: date, own: Sequence[Signature]) -> EditionState:
        """Of an edition of which nobody has signed another content."""
        if not {*ROLES} <= {signature.role for signature in own}:
            return EditionState.AWAITING if self.is_awaited(effective_on, own) else EditionState.SUPERSEDED
        if effective_on > self.on:
            return EditionState.TO_COME
        is_last = self.in_force is not None and effective_on == self.in_force.effective_on
        return EditionState.IN_FORCE if is_last else EditionState.SUPERSEDED

    def is_awaited(self, effective_on: date, own: Sequence[Signature]) -> bool:
        """Whether its day is after that of the edition in force, or a head has signed it since both agreed on that."""
        if self.in_force is None or effective_on > self.in_force.effective_on:
            return True
        agreed_at = max(signature.signed_at for signature in self.signed(self.in_force.name))
        return any(signature.signed_at > agreed_at for signature in own)


def unruled(connection: sa.Connection) -> str | None:
    """The gap before the first signed edition, where there are rejections in it; None: each has an edition."""
    signed = signed_editions(connection)
    before_on = signed[0].effective_on if signed else date.max
    rejected_n = sum(rejected_before(connection, source, before_on) for source in all_sources(connection))
    if not rejected_n:
        return None
    when = f"before {before_on}, when the first edition took effect" if signed else "with no signed edition at all"
    return f"rejections {when}: {rejected_n}; nothing judges them"
