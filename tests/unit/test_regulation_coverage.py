"""What the regulation never says, what it says nothing of, and how it is got round; and no alarm on few."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any

import numpy as np
import pandas as pd
import pytest

from planerka.regulation.bunching import Bunching, bunchings
from planerka.regulation.coverage import Copied, Coverage, Outdated, Unspoken, coverage_of
from planerka.rulebook.regulation import Edition
from tests.builders_regulation import EDITION, OFFICE

SINCE, UNTIL = date(2026, 1, 1), date(2026, 6, 30)
DAYS = [SINCE + timedelta(days=n) for n in range((UNTIL - SINCE).days + 1)]
COLUMNS = {
    **dict.fromkeys(("id", "lead_id", "manager_id", "reason_id", "reason_code", "comment"), "str"),
    **dict.fromkeys(("edition", "outcome", "findings"), "str"),
    "happened_on": "datetime64[us]",
    **dict.fromkeys(("at", "last_contact_at"), "datetime64[us, UTC]"),
}
USUAL = {"reason_id": "17", "reason_code": "no_answer", "manager_id": "M1", "edition": EDITION.name, "findings": "[]"}


def rejections(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Frames as the store reads them; a row is a judged «недозвон» of 2 March unless it says otherwise."""
    usual = [{"id": f"R{n}", "lead_id": f"L{n}", "at": pd.Timestamp("2026-03-02T12:00Z")} | USUAL for n in range(2_000)]
    full = [given | dict(row) for given, row in zip(usual, rows, strict=False)]
    for row in full:
        row.setdefault("happened_on", row["at"].tz_convert(OFFICE.zone).tz_localize(None).normalize())
    return pd.DataFrame(full, columns=list(COLUMNS)).astype(COLUMNS)


def on(day: date, **more: Any) -> dict[str, Any]:
    return {"at": pd.Timestamp(day, tz=OFFICE.zone) + pd.Timedelta(hours=12)} | more


def covered(rows: Iterable[Mapping[str, Any]], *editions: Edition, lacks: frozenset[str] = frozenset()) -> Coverage:
    return coverage_of(rejections(rows), editions or (EDITION,), lacks, OFFICE, SINCE, UNTIL)


def found(*clauses: str) -> str:
    return json.dumps([{"clause": clause} for clause in clauses])


def test_a_clause_that_no_rejection_broke_never_fired_and_says_of_how_many_it_was_asked():
    """Of a reason that nobody gave, every clause; one that the source cannot check, apart."""
    coverage = covered([{"findings": found("1.1")}, {"findings": found("1.2")}], lacks=frozenset({"event.message_out"}))
    silent = {one.clause: (one.asked_n, one.is_checkable) for one in coverage.silent}
    of_no_answer = {clause: told for clause, told in silent.items() if clause.startswith("1.")}
    assert {"1.3": (2, True), "1.4": (2, False), "1.5": (2, True)} == of_no_answer
    assert {clause.number for clause in EDITION.clauses} - {"1.1", "1.2"} == set(silent)
    assert (0, True) == silent["8.1"]


def test_an_edition_that_judged_nothing_has_no_clause_that_never_fired():
    """Nobody has asked it anything yet."""
    assert () == covered([]).silent
    assert {EDITION.name} == {one.edition for one in covered([{}], EDITION, later("2026-05-01")).silent}


def later(day: str, *without: str) -> Edition:
    """The edition from another day on, without some of its reasons, or (`code!`) without their clauses."""
    reasons = [reason for reason in EDITION.reasons if reason.code not in without]
    bare = [replace(r, is_legal=False, clauses=()) if f"{r.code}!" in without else r for r in reasons]
    return replace(EDITION, name=day, effective_on=date.fromisoformat(day), reasons=tuple(bare))


SPOKEN = [
    # what the rejection is, why no clause speaks of it, and of which reason it is counted
    ({}, None, None),
    ({"reason_code": None, "reason_id": None}, "no reason was given", None),
    ({"reason_code": None}, "the mapping does not know the reason", "17"),
    ({"reason_code": "other"}, "the edition does not have the reason", "other"),
    ({"reason_code": "agent"}, "the reason has no clauses", "agent"),
    (on(date(2026, 1, 31)), "no edition was in force", "no_answer"),
]


@pytest.mark.parametrize("rejection, why, reason", SPOKEN)
def test_a_rejection_that_no_clause_speaks_of_is_counted_with_the_cause(rejection, why, reason):
    """By the edition of its own day, judged or not."""
    edition = later("2026-02-01", "agent!")
    expected = (Unspoken(why=why, reason=reason, n=2),) if why else ()
    assert expected == covered([rejection, rejection], edition).unspoken


def test_a_reason_that_a_new_edition_has_no_more_is_told_by_who_still_uses_it():
    """Before the change it was in order; a reason that no edition ever had is another matter."""
    rows = [
        *(on(date(2026, 4, 30), reason_code="agent") for _ in range(5)),
        *(on(date(2026, 5, day), reason_code="agent", manager_id="M2") for day in (1, 9)),
        on(date(2026, 5, 4), reason_code="agent"),
        on(date(2026, 5, 4), reason_code="other"),
    ]
    same = {"edition": "2026-05-01", "reason": "agent"}
    assert (
        Outdated(manager_id="M2", n=2, last_on=date(2026, 5, 9), **same),
        Outdated(manager_id="M1", n=1, last_on=date(2026, 5, 4), **same),
    ) == covered(rows, EDITION, later("2026-05-01", "agent")).outdated


def test_the_same_words_on_many_leads_of_one_person_are_a_copied_comment():
    """Whatever their capitals and signs; short ones, a lead rejected twice, and what was erased do not count."""
    rows = [
        *({"comment": text} for text in ["Клиент не отвечает на звонки"] * 9 + ["клиент не отвечает, на звонки!"]),
        *({"comment": "Клиент не отвечает на звонки", "manager_id": "M2"} for _ in range(9)),
        *({"comment": "Дорого"} for _ in range(30)),
        *({"comment": "***"} for _ in range(30)),
        *({"comment": "Просил перезвонить после отпуска", "lead_id": "L1"} for _ in range(30)),
        *({"comment": None} for _ in range(30)),
    ]
    said = Copied(manager_id="M1", comment="Клиент не отвечает на звонки", n=10, commented_n=40)
    assert (said,) == covered(rows).copied


def spread(n: int, days: list[date] = DAYS, seed: int = 1) -> list[dict[str, Any]]:
    dice = Random(seed)
    return [on(dice.choice(days)) for _ in range(n)]


def bunched(coverage: Coverage) -> dict[tuple[str, str | None], bool]:
    return {(one.end, one.manager_id): one.is_bunched for one in coverage.bunched}


MONTH_ENDS = [day for day in DAYS if (day + timedelta(days=3)).month != day.month]
QUARTER_ENDS = [day for day in DAYS if date(2026, 3, 27) <= day <= date(2026, 3, 31) or day >= date(2026, 6, 26)]
BUNCHED = [
    (spread(600), set()),
    (spread(300) + spread(60, MONTH_ENDS), {"month", "quarter"}),
    (spread(300) + spread(60, [day for day in DAYS if 14 <= day.day <= 16]), set()),
    (spread(300) + spread(40, QUARTER_ENDS), {"month", "quarter"}),
    (spread(29, MONTH_ENDS), set()),
    (spread(5, MONTH_ENDS), set()),
]


@pytest.mark.parametrize("rows, expected", BUNCHED)
def test_rejections_bunched_before_the_end_of_a_month_or_a_quarter_are_told(rows, expected):
    """Against what their working days would have evenly; on fewer than thirty nobody is told anything."""
    assert expected == {
        end for (end, manager_id), is_it in bunched(covered(rows)).items() if is_it and manager_id is None
    }


def test_a_test_tells_its_counts_and_what_evenness_would_give():
    """An office of seven days: 3 of the 181 / 6 days of a month, on the mean over its rejections."""
    month = next(one for one in covered(spread(300) + spread(60, MONTH_ENDS)).bunched if one.end == "month")
    assert (360, True) == (month.n, month.is_bunched)
    assert 3 * 6 / 181 == pytest.approx(month.expected, rel=0.02)
    assert month.late_n / 360 == month.share


def test_only_whole_months_and_quarters_are_looked_at():
    """The first half of a month has no end to be bunched before."""
    rows = rejections(spread(100))
    coverage = coverage_of(rows, (EDITION,), frozenset(), OFFICE, date(2026, 1, 2), date(2026, 3, 30))
    expected = sum(day.month == 2 for day in rows["happened_on"].dt.date)
    assert {("month", expected)} == {(one.end, one.n) for one in coverage.bunched if one.manager_id is None}


def silent(hours: float, **more: Any) -> dict[str, Any]:
    """A rejection so long after the last contact: at 120 hours the silence would be neglect."""
    at = pd.Timestamp("2026-03-02T12:00Z")
    return {"at": at, "last_contact_at": at - pd.Timedelta(hours=hours)} | more


SILENCES = [
    ([silent(h) for h in np.linspace(0, 119, 200)], False),
    ([silent(h) for h in np.linspace(73, 119, 40)], False),
    ([silent(115) for _ in range(40)] + [silent(80) for _ in range(10)], True),
    ([silent(115) for _ in range(20)], False),
    ([silent(130) for _ in range(90)], None),
    ([silent(10) for _ in range(90)], None),
]


@pytest.mark.parametrize("rows, expected", SILENCES)
def test_rejections_bunched_just_before_a_silence_becomes_neglect_are_told(rows, expected):
    """Of the last two days of the norm the last should have half; None: nothing to look at."""
    assert expected is bunched(covered(rows)).get(("norm of silence", None))


def test_one_person_is_told_apart_from_an_even_company():
    """And those with fewer than thirty rejections are not tested by themselves."""
    rows = [row | {"manager_id": "M1"} for row in spread(40, MONTH_ENDS)]
    rows += [row | {"manager_id": "M2"} for row in spread(900, seed=2)] + [
        row | {"manager_id": "M3"} for row in spread(29)
    ]
    told = {manager_id: is_it for (end, manager_id), is_it in bunched(covered(rows)).items() if end == "month"}
    assert {None: False, "M1": True, "M2": False} == told


def test_of_fifty_even_companies_hardly_one_is_called_bunched():
    """A false alarm costs the report its readers."""
    dice, days = np.random.default_rng(1), pd.DatetimeIndex(DAYS)
    frame = pd.DataFrame({"manager_id": ["M1", "M2", "M3"] * 50, "silence": pd.NaT, "norm": pd.NaT})
    frame = frame.astype({"silence": "timedelta64[us]", "norm": "timedelta64[us]"})
    even = (bunchings(frame.assign(happened_on=dice.choice(days, 150)), OFFICE, SINCE, UNTIL) for _ in range(50))
    assert 1 >= sum(any(one.is_bunched for one in tests) for tests in even)


def test_a_share_is_of_what_was_counted():
    one = Bunching(end="month", manager_id=None, n=40, late_n=10, expected=0.1, is_bunched=True)
    assert 0.25 == one.share
