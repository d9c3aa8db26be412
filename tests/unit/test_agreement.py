"""What is made of readings: three numbers by kind and week, and the places that were read in two ways."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from planerka.clock import Week
from planerka.disputes.agreement import of_subject, proposals
from planerka.model import Decision, ReadingSubject
from planerka.store.readings import Done
from tests.builders_regulation import EDITION
from tests.builders_store import MOSCOW

UPHOLD, RETURN = Decision.UPHOLD, Decision.RETURN_TO_WORK
SUNDAY_EVENING = datetime(2026, 11, 22, 20, tzinfo=UTC)
"""23:00 in Moscow; two hours later it is Monday there and still Sunday in UTC."""


def done(first: Decision, second: Decision, **values: Any) -> Done:
    usual = {"id": 1, "subject": ReadingSubject.RULING, "lead_id": "L1", "dispute_id": 7, "read_at": SUNDAY_EVENING}
    judged = {"edition": EDITION.name, "reason": "no_answer", "clauses": ("1.1",), "comment": "Спорно"}
    return Done(**{**usual, **judged, "first": first, "second": second, **values})


def readings(table: str, **values: Any) -> list[Done]:
    """Counts of uphold-uphold, uphold-return, return-uphold, return-return."""
    pairs = [(UPHOLD, UPHOLD), (UPHOLD, RETURN), (RETURN, UPHOLD), (RETURN, RETURN)]
    return [done(*pair, **values) for pair, n in zip(pairs, map(int, table.split()), strict=True) for _ in range(n)]


CASES = [
    ("40 9 6 45", 0.85, 0.70, 0.70, True),
    ("80 10 5 5", 0.85, 0.32, 0.81, True),
    ("20 0 0 9", 1.0, 1.0, 1.0, False),
    ("0 0 0 0", None, None, None, False),
    ("30 0 0 0", 1.0, None, 1.0, True),
]


@pytest.mark.parametrize("table, raw, kappa, ac1, is_enough", CASES)
def test_three_numbers_are_made_of_the_readings_of_rulings(table, raw, kappa, ac1, is_enough):
    """Below thirty readings they are shown, and nothing is concluded from them."""
    figures = of_subject(ReadingSubject.RULING, readings(table), MOSCOW).whole
    values = [found.value and round(found.value, 2) for found in (figures.raw, figures.kappa, figures.ac1)]
    assert ([raw, kappa, ac1], is_enough) == (values, figures.is_enough)


def test_of_lawful_verdicts_kappa_says_nothing():
    """The machine said one thing of all of them: kappa would be nought however well they agree."""
    figures = of_subject(ReadingSubject.VERDICT, readings("48 2 0 0", subject=ReadingSubject.VERDICT), MOSCOW).whole
    assert (0.96, None, 50) == (figures.raw.value, figures.kappa.value, figures.kappa.n)
    assert 0.9 < figures.ac1.value < 1


def test_each_kind_has_its_own_numbers_by_local_week():
    """What is read on Monday at one in the morning belongs to the new week."""
    monday = SUNDAY_EVENING + timedelta(hours=2)
    read = [*readings("2 1 0 0"), *readings("1 0 0 0", read_at=monday)]
    others = readings("5 0 0 0", subject=ReadingSubject.VERDICT)
    found = of_subject(ReadingSubject.RULING, [*read, *others], MOSCOW)
    assert {Week(2026, 47): 3, Week(2026, 48): 1} == {week: figures.raw.n for week, figures in found.by_week.items()}
    assert 4 == found.whole.raw.n


def said(read: list[Done]) -> list[tuple[str | None, str | None, int, int]]:
    found = proposals(read, {EDITION.name: EDITION})
    return [(one.clause, one.reason, one.disagreed_n, one.readings_n) for one in found]


def test_a_disagreement_proposes_the_clauses_that_the_verdict_named():
    """Each of them once, in the words of the edition, with the disputes to look at."""
    read = readings("3 1 0 0", clauses=("1.1", "1.2", "1.1"))
    assert [("1.1", "no_answer", 1, 4), ("1.2", "no_answer", 1, 4)] == said(read)
    (first, _) = proposals(read, {EDITION.name: EDITION})
    assert ("До отказа сделано не менее 6 исходящих попыток дозвона", [(7, "L1")], False) == (
        first.ru,
        [(one.dispute_id, one.lead_id) for one in first.apart],
        first.is_enough,
    )


def test_where_no_clause_was_named_the_reason_is_proposed():
    """As of a lawful verdict, in which no clause was broken."""
    read = readings("3 1 0 0", clauses=(), dispute_id=None, subject=ReadingSubject.VERDICT)
    assert [(None, "no_answer", 1, 4)] == said(read)
    (one,) = proposals(read, {EDITION.name: EDITION})
    assert ("Недозвон", "No answer", [None]) == (one.ru, one.en, [done.dispute_id for done in one.apart])


def test_no_clause_speaks_of_a_silence_and_agreement_proposes_nothing():
    silence = readings("0 2 0 0", edition=None, reason=None, clauses=())
    assert [] == said([*silence, *readings("9 0 0 9")])


def test_places_with_enough_readings_are_ranked_and_the_others_follow_in_the_order_of_the_regulation():
    """One of two differing is chance; it stands behind a tenth of forty."""
    read = [
        *readings("1 1 0 0", clauses=("10.1",), reason="not_now"),
        *readings("1 1 0 0", clauses=("2.1",), reason="duplicate"),
        *readings("36 4 0 0", clauses=("1.4",)),
        *readings("20 20 0 0", clauses=("1.3",)),
    ]
    assert ["1.3", "1.4", "2.1", "10.1"] == [clause for clause, *_ in said(read)]


def test_a_general_clause_has_words_too():
    read = readings("0 1 0 0", clauses=("0.1",), reason=None)
    assert ["The rejection has a reason"] == [one.en for one in proposals(read, {})]


def test_a_place_of_an_edition_that_was_altered_is_told_by_its_number():
    """What was signed can no longer be read from the store."""
    assert ["1.1"] == [one.ru for one in proposals(readings("0 1 0 0"), {})]
