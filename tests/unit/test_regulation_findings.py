"""What people read in a verdict: the clause, what was found and what was asked, in both languages."""

import json
from typing import Any

import numpy as np
import pytest

from planerka.regulation.findings import GENERAL_FINDINGS, verdict_rows
from planerka.regulation.judge import GENERAL_WORDS, clause_results, judge, not_checkable, words_of
from tests.builders_regulation import EDITION, evidence_from

WORKED: dict[str, Any] = {
    "attempts_n": 6,
    "attempt_days_n": 3,
    "attempt_hours_n": 2,
    "messages_n": 1,
    "first_attempt_min": 9.5,
}
NO_ANSWER = {"reason": "no_answer"} | WORKED


def verdict_on(lacks: frozenset[str] = frozenset(), **facts: Any) -> dict[str, Any]:
    evidence = evidence_from([facts])
    (verdict,) = verdict_rows(EDITION, evidence, judge(EDITION, evidence, lacks), lacks)
    return verdict


SENTENCES = [
    # facts, the finding in Russian and in English
    (
        NO_ANSWER | {"attempts_n": 2},
        "Попыток дозвона: 2, нужно не менее 6",
        "Outgoing call attempts: 2, at least 6 required",
    ),
    (
        NO_ANSWER | {"first_attempt_min": 38.25},
        "Первая попытка дозвона после обращения: 38,25 раб. мин, допустимо не более 15 раб. мин",
        "First call attempt after the enquiry: 38.25 working min, at most 15 working min allowed",
    ),
    (
        {"reason": "do_not_call", "asked_not_to_call": False},
        "Клиент просил не звонить: нет",
        "The client asked not to be called: no",
    ),
    (
        {"reason": "do_not_call"},
        "Клиент просил не звонить: нет данных",
        "The client asked not to be called: no data",
    ),
    (
        {
            "reason": "low_budget",
            "budget_minor": 900_000_000,
            "budget_kind": "full_price",
            "cheapest_price_minor": 650_000_000,
            "instalments_discussed": True,
        },
        "Бюджет клиента: 9\u00a0000\u00a0000, нужно меньше 6\u00a0500\u00a0000",
        "The client's budget: 9,000,000, less than 6,500,000 required",
    ),
    (
        {"reason": "wrong_service", "longest_talk_s": 4, "wrong_service_said": False},
        "Самый долгий разговор: 4 с, нужно не менее 15 с; Из текста обращения ясно, что нужна не покупка: нет",
        "Longest talk: 4 s, at least 15 s required; The enquiry itself asks for another service: no",
    ),
    (
        {"reason": "not_now", "longest_talk_s": 90, "horizon_months": 6},
        "Срок, на который отложена покупка: 6 мес., нужно больше 12 мес.",
        "Months until the client may buy: 6 months, more than 12 months required",
    ),
]


@pytest.mark.parametrize("facts, ru, en", SENTENCES)
def test_a_finding_says_what_was_found_and_what_was_asked(facts: dict[str, Any], ru: str, en: str) -> None:
    """A manager must see at once what was missing, without looking the clause up."""
    (finding,) = verdict_on(**facts)["findings"]
    assert (ru, en) == (finding["ru"], finding["en"])


def test_a_broken_condition_names_only_what_broke_it() -> None:
    """The two footings of a budget that do not apply have nothing to say, and one lack is told once."""
    facts = {"reason": "low_budget", "budget_minor": 900, "cheapest_price_minor": 650, "instalments_discussed": True}
    unknown = verdict_on(**facts)["findings"]
    assert ["Вид бюджета: нет данных"] * 2 == [finding["ru"] for finding in unknown]
    no_price = facts | {"budget_kind": "full_price", "cheapest_price_minor": None}
    assert ["Самая низкая цена лота в продаже: нет данных"] == [f["ru"] for f in verdict_on(**no_price)["findings"]]


GENERAL = [
    # reason, whether anybody could know it, outcome, clauses named
    ("do_not_call", True, "lawful", []),
    (None, True, "unlawful", ["0.1"]),
    ("whim", True, "unlawful", ["0.2"]),
    ("<script>alert(1)</script>", True, "unlawful", ["0.2"]),
    (None, False, "not_judged", []),
]


@pytest.mark.parametrize("reason, is_known, outcome, clauses", GENERAL)
def test_a_rejection_needs_a_reason_that_the_edition_allows(
    reason: str | None, is_known: bool, outcome: str, clauses: list[str]
) -> None:
    """No reason, or one that the regulation does not know, falls; one that only the mapping does not know waits."""
    verdict = verdict_on(reason=reason, reason_is_known=is_known, asked_not_to_call=True)
    assert (outcome, clauses) == (verdict["outcome"], [finding["clause"] for finding in verdict["findings"]])


def test_what_the_source_lacks_as_a_whole_makes_no_dispute() -> None:
    """An export without calls is reported once as not checkable, not as 25,000 unprovable rejections."""
    lacks = frozenset({"event.call_out"})
    verdict = verdict_on(lacks, reason="no_answer", messages_n=1)
    assert ("lawful", []) == (verdict["outcome"], verdict["findings"])
    assert {"1.1", "1.2", "1.3", "1.5"} == {
        number for number in not_checkable(EDITION, lacks) if number.startswith("1.")
    }
    assert ("event.call_out",) == not_checkable(EDITION, lacks)["1.1"]


def test_what_is_proved_in_spite_of_a_lacking_source_still_counts() -> None:
    """A phone that cannot exist needs no telephony, and a clause that is checkable can still break."""
    lacks = frozenset({"event.call_out"})
    assert "unlawful" == verdict_on(lacks, reason="no_answer", messages_n=0)["outcome"]
    assert "unprovable" == verdict_on(lacks, reason="too_expensive", longest_talk_s=None)["outcome"]


def test_without_an_edition_nothing_is_judged() -> None:
    """Rejections from before the first edition have no verdict, and no findings either."""
    evidence = evidence_from([NO_ANSWER, {}])
    rows = verdict_rows(None, evidence, judge(None, evidence, ()), ())
    assert [("not_judged", None, [], {})] * 2 == [
        (r["outcome"], r["edition"], r["findings"], r["evidence"]) for r in rows
    ]


def test_a_verdict_is_ready_for_json_and_keeps_the_evidence_it_was_made_from() -> None:
    """What was known then must be readable years later: plain numbers, yes and no, null for not known."""
    verdict = verdict_on(**NO_ANSWER | {"attempts_n": 2, "messages_n": None, "has_met": True})
    assert verdict == json.loads(json.dumps(verdict))
    criteria = {"has_met": True, "phone_is_valid": None, "longest_talk_s": None}
    assert WORKED | {"attempts_n": 2, "messages_n": None} | criteria == verdict["evidence"]
    assert verdict["is_qualified"] is True
    assert {"rejection_id": "R0", "edition": "2024-01-01"}.items() <= verdict.items()
    assert {"clause", "result", "consequence", "ru", "en"} == set(verdict["findings"][0])


QUALIFIED = [
    ({"has_met": True}, True),
    ({"has_met": False, "phone_is_valid": True, "longest_talk_s": 60}, True),
    ({"has_met": False, "phone_is_valid": True, "longest_talk_s": 59}, False),
    ({"has_met": False, "phone_is_valid": False, "longest_talk_s": None}, False),
    ({"has_met": False, "phone_is_valid": True, "longest_talk_s": None}, None),
]


@pytest.mark.parametrize("facts, expected", QUALIFIED)
def test_a_verdict_says_whether_the_lead_was_qualified_at_that_moment(facts, expected) -> None:
    """By the criteria that both departments signed, whatever the CRM's own mark is; None where they cannot tell."""
    assert expected is verdict_on(**{"reason": None} | facts)["is_qualified"]


def test_a_rejection_without_a_reason_keeps_what_its_lead_is_known_by() -> None:
    """The analyst decides whether to return the lead, and no clause was asked anything."""
    verdict = verdict_on(reason=None, has_met=False, phone_is_valid=True, longest_talk_s=75)
    assert {"has_met": False, "phone_is_valid": True, "longest_talk_s": 75} == verdict["evidence"]


def test_no_evidence_gives_no_verdicts() -> None:
    """A quiet week runs through the same code."""
    evidence = evidence_from([])
    judgement = judge(EDITION, evidence, ())
    assert ([], {0}) == (
        verdict_rows(EDITION, evidence, judgement, ()),
        {len(c.codes) for c in judgement.clauses.values()},
    )


def test_a_clause_answers_for_the_rows_of_its_reason_only() -> None:
    """Both hosts, the judge and Great Expectations, read these columns."""
    evidence = evidence_from([NO_ANSWER, {"reason": "do_not_call"}, NO_ANSWER | {"attempts_n": 1}, {"reason": None}])
    results = clause_results(EDITION, evidence)
    assert ([0, 2], [0, 1]) == (results["1.1"].positions.tolist(), results["1.1"].codes.tolist())
    assert ([1], [2]) == (results["14.1"].positions.tolist(), results["14.1"].codes.tolist())
    assert ([0, 1, 2, 3], [0, 0, 0, 1]) == (results["0.1"].positions.tolist(), results["0.1"].codes.tolist())
    assert {column.codes.dtype for column in results.values()} == {np.dtype(np.int8)}
    assert set(words_of(EDITION)) == set(results)
    assert set(GENERAL_WORDS) == set(GENERAL_FINDINGS)
