"""What a second judgement changed, in words; and what is no change."""

from typing import Any

import pytest

from planerka.model import ClauseResult, Consequence, Finding, Outcome, Verdict
from planerka.regulation.changes import what_changed
from planerka.regulation.editions import parse
from tests.builders_regulation import FIRST_EDITION

EDITION = parse(FIRST_EDITION.read_text(encoding="utf-8"), "test")


def finding(
    words: str = "Попыток дозвона: 2, нужно не менее 6", clause: str = "1.1", result: str = "broken"
) -> Finding:
    return Finding(
        clause=clause, result=ClauseResult(result), consequence=Consequence.VOID, ru=words, en="Call attempts"
    )


def verdict(**values: Any) -> Verdict:
    usual = {"outcome": Outcome.UNLAWFUL, "findings": (finding(),), "evidence": {"attempts_n": 2, "offer": None}}
    same = {"rejection_id": "R1", "number": 1, "edition": "2024-01-01", "reason": "no_answer"}
    return Verdict(**same | usual | values)


FOUR = finding("Попыток дозвона: 4, нужно не менее 6")
CHANGED = [
    ({}, None),
    ({"evidence": {"attempts_n": 3, "offer": True}}, None),
    ({"findings": (finding("Звонков: 2, нужно 6 или больше"),)}, None),
    ({"evidence": {"attempts_n": 4}, "findings": (FOUR,)}, "Попыток дозвона: 2 → 4"),
    (
        {"evidence": {"attempts_n": None}, "outcome": Outcome.UNPROVABLE, "findings": (finding(result="unprovable"),)},
        "Отказ: неправомерный → недоказуемый; Попыток дозвона: 2 → нет данных; пункт 1.1: нарушен → нечем доказать",
    ),
    (
        {"outcome": Outcome.LAWFUL, "findings": (), "evidence": {"offer": True}, "edition": "2026-01-01"},
        "Отказ: неправомерный → правомерный; редакция: 2024-01-01 → 2026-01-01; "
        "Сделанное предложение: нет данных → указано; пункт 1.1: нарушен → без замечаний",
    ),
    ({"findings": (finding(), finding(clause="1.2"))}, "пункт 1.2: без замечаний → нарушен"),
    ({"reason": "spam"}, "причина: Недозвон → Спам, тест"),
    ({"reason": None}, "причина: Недозвон → не указана"),
    ({"reason": "gone"}, "причина: Недозвон → gone"),
]


@pytest.mark.parametrize("after, expected", CHANGED)
def test_a_change_is_told_by_outcome_facts_and_clauses(after, expected):
    """None: the outcome and the findings stand, whatever facts no finding tells of and however they are worded."""
    said = what_changed(verdict(), verdict(number=2, **after), EDITION)
    assert expected == (said and said[0])


def test_a_change_is_told_in_english_too():
    said = what_changed(verdict(), verdict(outcome=Outcome.LAWFUL, findings=(), evidence={"attempts_n": 7}), EDITION)
    assert said is not None
    assert "Rejection: unlawful → lawful; Outgoing call attempts: 2 → 7; clause 1.1: broken → no finding" == said[1]
