"""What a test answers, in three values: the vectorised code, plain row-by-row code and the words agree."""

import pytest

from planerka.regulation.clauses import compiled, misfits
from planerka.regulation.evidence import arrays_of
from planerka.regulation.findings import sentence
from planerka.rulebook.document import read_document
from planerka.rulebook.edition_reader import EditionReader
from planerka.rulebook.regulation import Comparison, Condition
from planerka.ternary import FAILS, HOLDS, UNKNOWN
from tests.builders_regulation import evidence_from, fact
from tests.reference_regulation import holds

CASES = """
    field            | asked                            | value | answer
    -----------------+----------------------------------+-------+--------
    horizon_months   | between: [3, 12]                 | 2     | no
    horizon_months   | between: [3, 12]                 | 3     | yes
    horizon_months   | between: [3, 12]                 | 12    | yes
    horizon_months   | between: [3, 12]                 | 13    | no
    horizon_months   | between: [3, 12]                 |       | unknown
    original_state   | one_of: [open, won]              | won   | yes
    original_state   | one_of: [open, won]              | lost  | no
    original_state   | one_of: [open, won]              |       | unknown
    original_state   | not_one_of: [open, won]          | won   | no
    original_state   | not_one_of: [open, won]          | lost  | yes
    original_state   | not_one_of: [open, won]          |       | unknown
    wish             | present: true                    | given | yes
    wish             | present: true                    |       | unknown
    attempts_n       | at_least: 6                      | 6     | yes
    attempts_n       | more_than: 6                     | 6     | no
    attempts_n       | at_most: 6                       | 6     | yes
    attempts_n       | less_than: 6                     | 6     | no
    has_met          | is: false                        | no    | yes
    has_met          | is: false                        |       | unknown
"""
ANSWERS = {"yes": (HOLDS, True), "no": (FAILS, False), "unknown": (UNKNOWN, None)}


def cases() -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")] for line in CASES.strip().splitlines()[2:]]


def condition(text: str) -> Condition:
    return EditionReader(misfits).condition(read_document(text))


@pytest.mark.parametrize("field, asked, value, answer", cases())
def test_a_test_answers_yes_no_or_unknown(field: str, asked: str, value: str, answer: str) -> None:
    """What nobody knows is neither proved nor disproved, whatever is asked of it."""
    facts = {field: fact(field, value)}
    test = condition(f"{{field: {field}, {asked}}}")
    codes = compiled(test)(arrays_of(evidence_from([facts])).__getitem__).codes()
    assert ANSWERS[answer] == (codes.item(), holds(test, facts))


SENTENCES = [
    ("{field: horizon_months, between: [3, 12]}", 24, "24 мес., нужно от 3 мес. до 12 мес.", "from 3 months to 12"),
    ("{field: original_state, one_of: [open, won]}", 2, "должно быть «в работе» или «закончился сделкой»", "or “won”"),
    (
        "{field: original_state, not_one_of: [open, lost]}",
        0,
        "не должно быть «в работе» или «закр",
        "should not be “open”",
    ),
]


@pytest.mark.parametrize("text, value, ru, en", SENTENCES)
def test_a_broken_test_says_what_was_asked(text: str, value: float, ru: str, en: str) -> None:
    """In the words of the head who signed it."""
    test = condition(text)
    assert isinstance(test, Comparison)
    said_ru, said_en = sentence(test, value, test.value)
    assert (True, True) == (ru in said_ru, en in said_en), (said_ru, said_en)
