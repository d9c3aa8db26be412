"""Rulings from a file, row by row: what is refused stops no other, and the same file rules nothing twice."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from planerka.dispute_states import DisputeAction
from planerka.disputes.docket import Docket
from planerka.disputes.export import CHOICES
from planerka.disputes.ruling import rule
from planerka.disputes.rulings_file import Line, lines_in
from planerka.errors import UsageError
from planerka.model import Decision
from planerka.phones import MASK, masked
from planerka.store.database import reading
from planerka.store.dispute_steps import steps
from planerka.words import LOCALES, words_for

DECISIONS = {str(decision): decision for decision in Decision} | {
    words_for(language).say(said).casefold(): decision for language in LOCALES for decision, said in CHOICES.items()
}
"""A decision by all that a cell may call it."""


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A row of the file, the number of a dispute as it stands there, and why it was not ruled on."""

    row: int
    number: str
    why: str


@dataclass(frozen=True, kw_only=True)
class FileReport:
    """`ruled` are numbers of disputes; of `before` the file was read already."""

    ruled: tuple[int, ...]
    before: tuple[int, ...]
    refused: tuple[Refused, ...]


def rule_by_file(docket: Docket, path: Path, author: str, now: datetime) -> FileReport:
    """Rule on each dispute for which the file has a decision, as it stood when it was exported.

    UsageError where the file cannot be read as an exported queue, or there is no author: then nothing is ruled.
    """
    if not author.strip():
        raise UsageError("rulings need an author: the departments read who decided")
    lines = lines_in(path)
    rows_n = Counter(line.number for line in lines)
    ruled: list[int] = []
    before: list[int] = []
    refused: list[Refused] = []
    for line in lines:
        try:
            if rows_n[line.number] > 1:
                raise UsageError(f"dispute {line.number} has {rows_n[line.number]} rows with a decision: leave one")
            number, is_new = rule_by_line(docket, line, author, now)
            (ruled if is_new else before).append(number)
        except UsageError as why:
            refused.append(Refused(row=line.row, number=line.number[:40], why=str(why)))
    return FileReport(ruled=tuple(ruled), before=tuple(before), refused=tuple(refused))


def rule_by_line(docket: Docket, line: Line, author: str, now: datetime) -> tuple[int, bool]:
    """The dispute's number, and whether it was ruled on now; UsageError where it is not ruled as the line says."""
    if line.has_formula:
        raise UsageError("there is a formula in the row: paste its value, or write the words")
    number, seen_n = whole("number", line.number), whole("seen", line.seen)
    decision = DECISIONS.get(line.decision.casefold())
    if decision is None:
        choices = ", ".join(f"{docket.words.say(said)} ({decision})" for decision, said in CHOICES.items())
        raise UsageError(f"{line.decision[:40]!r} is no decision: choose one of {choices}")
    try:
        rule(docket, number, decision, author, line.comment, now, seen_n=seen_n)
    except UsageError:
        if was_ruled(docket, number, seen_n + 1, decision, author, line.comment):
            return number, False
        raise
    return number, True


def was_ruled(docket: Docket, number: int, step_n: int, decision: Decision, author: str, comment: str) -> bool:
    """Whether that step of the dispute is this very ruling."""
    with reading(docket.engine) as connection:
        found = next((step for step in steps(connection, number) if step.number == step_n), None)
    is_same = found and (found.action, found.author) == (DisputeAction(decision), author.strip())
    return bool(is_same and found and found.comment in (masked(comment.strip()), MASK))


def whole(column: str, written: str) -> int:
    if not (written.isascii() and written.isdigit() and len(written) < 10):
        raise UsageError(f"{written[:40]!r} in the column {column} is no number: export the queue again")
    return int(written)
