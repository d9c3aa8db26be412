"""Editions: which are fit to be used, signed by both departments, and in force on a day."""

from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from planerka.errors import RulebookError
from planerka.regulation.clauses import misfits
from planerka.rulebook.edition_reader import read_edition
from planerka.rulebook.entry import Refusal
from planerka.rulebook.regulation import Edition
from planerka.store.editions import Signature

Days = NDArray[np.datetime64]
Places = NDArray[np.intp]

ROLES = ("marketing", "sales")
"""Who must sign: the regulation is an agreement of two departments."""


def check(text: str, file: str) -> tuple[str, ...]:
    """Every problem of an edition as `file:line: clause: what, remedy`; empty when it may be signed."""
    try:
        read_edition(text, misfits)
    except Refusal as refusal:
        return refusal.lines(file)
    return ()


@lru_cache(maxsize=64)
def parse(text: str, file: str) -> Edition:
    """The edition of a YAML text, or of the `content` of another; RulebookError with every problem otherwise.

    Kept: every station of a cycle asks for the editions in force, and to read one takes 50 ms.
    """
    try:
        return read_edition(text, misfits)
    except Refusal as refusal:
        raise RulebookError("\n".join(["the edition cannot be used:", *refusal.lines(file)])) from None


def load(path: Path) -> Edition:
    """The edition in a file."""
    try:
        return parse(path.read_text(encoding="utf-8"), path.name)
    except (OSError, UnicodeDecodeError) as wrong:
        raise RulebookError(f"{path}: cannot be read ({wrong}): give the path of an edition in UTF-8") from None


def load_all(folder: Path) -> tuple[Edition, ...]:
    """Every edition (*.yaml) of a folder, oldest first; two of one name or one day are refused."""
    editions = sorted((load(path) for path in folder.glob("*.yaml")), key=lambda e: e.effective_on)
    for earlier, later in pairwise(editions):
        if earlier.effective_on == later.effective_on:
            raise RulebookError(
                f"{folder}: {earlier.name} and {later.name} both take effect on {later.effective_on}: move one"
            )
    if len({edition.name for edition in editions}) < len(editions):
        raise RulebookError(f"{folder}: two editions have one name: give each its own")
    return tuple(editions)


def refusal(edition: Edition, signatures: Iterable[Signature]) -> str | None:
    """Why an edition may not be used, by name, or None when both roles signed exactly this content."""
    return refusal_of(edition.name, edition.sha256, signatures)


def refusal_of(name: str, sha256: str, signatures: Iterable[Signature]) -> str | None:
    """As `refusal`, of an edition known by name and hash."""
    own = [signature for signature in signatures if signature.edition == name]
    if altered := alteration_of(name, sha256, own):
        return altered
    if lacking := [role for role in ROLES if role not in {signature.role for signature in own}]:
        roles = " and ".join(lacking)
        return f"edition {name} is not signed by {roles}: sign it; until then what both signed before holds"
    return None


def alteration_of(name: str, sha256: str, signatures: Iterable[Signature]) -> str | None:
    """Who signed another content under the name, and the remedy; None: nobody did."""
    for one in signatures:
        if one.edition == name and one.sha256 != sha256:
            return (
                f"edition {name} was altered after {one.name} ({one.role}) signed it ({one.sha256[:8]}, now "
                f"{sha256[:8]}): put the text back, or give the change an edition of its own"
            )
    return None


def places_in_force(editions: Sequence[Edition], days: Days) -> Places:
    """The place among the signed editions, oldest first, of the one in force on each local day; -1 before the first."""
    starts = np.array([edition.effective_on for edition in editions], "datetime64[D]")
    return starts.searchsorted(days, side="right") - 1


def in_force(editions: Sequence[Edition], on: date) -> Edition | None:
    """Of the signed editions, oldest first, the one in force on a local day; None before the first."""
    place = int(places_in_force(editions, np.array(on, "datetime64[D]")))
    return editions[place] if place >= 0 else None


def period(editions: Sequence[Edition], edition: Edition, on: date) -> str:
    """When one of the signed editions, oldest first, is in force: of one to come, `takes effect on 2026-12-01`."""
    next_on = next((one.effective_on for one in editions if one.effective_on > edition.effective_on), None)
    until = f" until {next_on}, not included" if next_on else ""
    if edition.effective_on <= on:
        return f"in force from {edition.effective_on}{until}"
    return f"takes effect on {edition.effective_on}" + (f", in force{until}" if until else "")
