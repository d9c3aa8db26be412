"""Editions: which are fit to be used, signed by both departments, and in force on a day."""

from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from planerka.errors import RulebookError
from planerka.regulation.clauses import misfits
from planerka.rulebook.edition_reader import read_edition
from planerka.rulebook.entry import Refusal
from planerka.rulebook.regulation import Edition
from planerka.store.editions import Signature

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
    signed = {signature.role: signature for signature in signatures if signature.edition == name}
    for role, signature in signed.items():
        if signature.sha256 != sha256:
            return (
                f"edition {name} was altered after {signature.name} ({role}) signed it ({signature.sha256[:8]}, now "
                f"{sha256[:8]}): put the text back, or give the change an edition of its own"
            )
    if lacking := [role for role in ROLES if role not in signed]:
        roles = " and ".join(lacking)
        return f"edition {name} is not signed by {roles}: sign it, the last signed edition stays in force"
    return None


def in_force(editions: Sequence[Edition], signatures: Sequence[Signature], on: date) -> Edition | None:
    """The latest signed edition that took effect on or before a local day; None before the first.

    An unsigned or altered edition is passed over, so the last signed one stays in force; `refusal` says why.
    """
    signed = [e for e in editions if e.effective_on <= on and refusal(e, signatures) is None]
    return max(signed, key=lambda e: e.effective_on, default=None)
