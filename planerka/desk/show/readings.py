"""A case as the second reader sees it: what it is decided by, and nothing of what was decided."""

from dataclasses import dataclass
from typing import Any

from planerka.desk.show import case
from planerka.desk.show.disputes import Due, Shower
from planerka.rulebook.regulation import Edition
from planerka.store.readings import ReadingView, Unread


@dataclass(frozen=True, kw_only=True)
class ReadingLine:
    """A case of the second reader's queue; `people` is "" where nobody is known."""

    id: int
    title: str
    people: str
    due: Due


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What the edition says of rejections for one reason, broken or not: numbers and words of its clauses.

    `is_legal`: whether it allows the reason at all.
    """

    is_legal: bool
    clauses: tuple[tuple[str, str], ...]


def line_of(shower: Shower, one: Unread) -> ReadingLine:
    return ReadingLine(id=one.id, title=shower.title(one), people=shower.people(one), due=shower.due(one.due_at))


def facts(shower: Shower, view: ReadingView, edition: Edition | None) -> dict[str, Any]:
    """What the decision is made by."""
    return {
        "rule": rule_of(shower, edition, view.reason),
        "evidence": case.evidence(shower, view.evidence or {}),
        "comment": view.card.get("comment"),
        "card": [*case.of_lead(shower, view, None), *case.card(shower, view.card, None)],
        "timeline": case.timeline(shower, view.timeline, view.card.get("id", "")),
    }


def rule_of(shower: Shower, edition: Edition | None, reason: str | None) -> Rule | None:
    """None where the edition is altered or knows no such reason."""
    known = next((one for one in edition.reasons if one.code == reason), None) if edition else None
    if known is None:
        return None
    clauses = tuple((clause.number, getattr(clause, shower.words.language)) for clause in known.clauses)
    return Rule(is_legal=known.is_legal, clauses=clauses)
