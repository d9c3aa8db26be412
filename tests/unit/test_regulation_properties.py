"""What must hold of any history: the masks say what a patient reader says, however the events arrive."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from planerka.clock import WorkCalendar
from planerka.regulation.evidence import arrays_of, evidence_of
from planerka.regulation.fields import CATALOGUE, FIELDS, FieldKind
from planerka.regulation.judge import OUTCOMES, judge
from planerka.rulebook.regulation import Combination, Comparison, Condition, Edition, Implication
from tests.builders_regulation import EDITION, OFFICE, at, events_of, facts_in, leads_of, rejections_of, stock_of
from tests.reference_regulation import facts_of, outcome_of

Row = dict[str, Any]

SETTLING = timedelta(hours=24)
NEW_YORK = WorkCalendar(zone=ZoneInfo("America/New_York"), opens=time(10), weekdays=(1, 2, 3, 4, 5))
BERLIN = WorkCalendar(
    zone=ZoneInfo("Europe/Berlin"), closed_on=frozenset({date(2026, 3, 30)}), projects={"P1": NEW_YORK}
)
REASONS = [reason.code for reason in EDITION.reasons]
LAWFUL, UNLAWFUL = OUTCOMES.index("lawful"), OUTCOMES.index("unlawful")

TIMES = st.integers(0, 20).map(lambda n: at("2026-03-27 05:10") + timedelta(hours=7 * n))
MAYBE = {"yes_no": st.sampled_from([True, False, None]), "text": st.sampled_from(["x", " ", None])}
LEAD_IDS = st.sampled_from(["L1", "L2", "L3"])
EVENTS = st.fixed_dictionaries(
    {
        "lead_id": LEAD_IDS,
        "kind": st.sampled_from(
            [
                "call_out",
                "call_out",
                "call_in",
                "message_out",
                "qualified",
                "meeting_held",
                "booked",
                "rejected",
                "reopened",
                "contract_signed",
                "contract_terminated",
                "consent_withdrawn",
                "task_set",
                "note",
            ]
        ),
        "at": TIMES,
        "delay_h": st.sampled_from([None, -1, 0, 3, 24, 25]),
        "actor_kind": st.sampled_from(["person", "person", "robot", "unknown"]),
        "outcome": st.sampled_from(["answered", "no_answer", "not_in_service", None]),
        "duration_s": st.sampled_from([None, 0, 14, 15, 45, 60]),
        "due_at": st.none() | TIMES,
    }
).map(lambda e: e | {"recorded_at": None if e["delay_h"] is None else e["at"] + timedelta(hours=e["delay_h"])})
CARDS = {
    field.name: MAYBE["yes_no"]
    for field in FIELDS
    if field.kind == FieldKind.YES_NO and field.needs[0] == f"rejection.{field.name}"
}
REJECTIONS = st.fixed_dictionaries(
    CARDS
    | dict.fromkeys(("comment", "wanted_area", "wish", "mortgage_decision", "offer", "competitor"), MAYBE["text"])
    | {
        "lead_id": LEAD_IDS,
        "at": TIMES,
        "reason": st.sampled_from([*REASONS, None, "whim"]),
        "duplicate_of_id": st.sampled_from(["L1", "L2", "L3", "L9", None]),
        "lots_matching_n": st.sampled_from([None, 0, 2]),
        "budget_minor": st.sampled_from([None, 100, 500, 2000]),
        "budget_kind": st.sampled_from([None, "full_price", "down_payment", "monthly_payment"]),
        "horizon_months": st.sampled_from([None, 12, 13]),
    }
)
LEADS = st.fixed_dictionaries(
    {
        "created_at": st.one_of(st.none(), TIMES),
        "client_id": st.sampled_from(["c1", "c2", None]),
        "project_id": st.sampled_from(["P1", "P2", None]),
        "enquiry": st.sampled_from(["form", "answered_call", None]),
        "phone_is_valid": MAYBE["yes_no"],
    }
)
LOTS = st.fixed_dictionaries(
    {
        "stock_on": st.sampled_from([datetime(2026, 3, 27), datetime(2026, 3, 29)]),
        "project_id": st.sampled_from(["A", "B"]),
        "flat_type": st.sampled_from(["1", "2"]),
        "available_n": st.sampled_from([0, 4]),
        "min_price_minor": st.sampled_from([None, 600, 3000]),
        "min_payment_minor": st.sampled_from([None, 300, 800]),
        "currency": st.just("RUB"),
    }
)
HISTORIES = (
    st.lists(REJECTIONS, max_size=8),
    st.lists(EVENTS, max_size=40),
    st.lists(LEADS, min_size=2, max_size=2).map(lambda rows: [row | {"id": f"L{n}"} for n, row in enumerate(rows, 1)]),
    st.lists(LOTS, max_size=6, unique_by=lambda lot: (lot["stock_on"], lot["project_id"], lot["flat_type"])),
)


def evidence(
    rejections: list[Row], events: list[Row], leads: list[Row], stock: list[Row], office: WorkCalendar = OFFICE
) -> pd.DataFrame:
    frames = rejections_of(rejections), events_of(events), leads_of(leads), stock_of(stock)
    return evidence_of(*frames, office, frozenset(), SETTLING)


@settings(max_examples=15, deadline=None)
@given(*HISTORIES)
def test_evidence_and_verdicts_agree_with_plain_row_by_row_code(
    rejections: list[Row], events: list[Row], leads: list[Row], stock: list[Row]
) -> None:
    """On any history, across a change of clocks, the masks say what a patient reader of the card would."""
    rows = evidence(rejections, events, leads, stock, office=BERLIN)
    lists = [lot | {"stock_on": lot["stock_on"].date()} for lot in stock]
    expected = [facts_of(rejection, events, leads, lists, BERLIN, SETTLING) for rejection in rejections]
    assert [{name: facts.get(name) for name in CATALOGUE} for facts in expected] == facts_in(rows)
    outcomes = [outcome_of(EDITION, given["reason"], facts) for given, facts in zip(rejections, expected, strict=True)]
    assert outcomes == [OUTCOMES[code] for code in judge(EDITION, rows, ()).outcomes]


@settings(max_examples=10, deadline=None)
@given(*HISTORIES, st.randoms(use_true_random=False))
def test_the_order_of_events_and_their_repetition_change_nothing(
    rejections: list[Row], events: list[Row], leads: list[Row], stock: list[Row], random: Any
) -> None:
    """Pulls overlap and pages arrive in any order."""
    once = events_of(events)
    order = [*range(len(once)), *range(len(once) // 2)]
    random.shuffle(order)
    frames = leads_of(leads), stock_of(stock), OFFICE, frozenset(), SETTLING
    expected = evidence_of(rejections_of(rejections), once, *frames)
    pd.testing.assert_frame_equal(expected, evidence_of(rejections_of(rejections), once.iloc[order], *frames))


@settings(max_examples=10, deadline=None)
@given(*HISTORIES, st.integers(1, 4))
def test_judging_in_portions_changes_nothing(
    rejections: list[Row], events: list[Row], leads: list[Row], stock: list[Row], portion_n: int
) -> None:
    """A run that judges fifty thousand at once, and one that judges each night's, find the same."""
    whole = evidence(rejections, events, leads, stock)
    portions = [rejections[start : start + portion_n] for start in range(0, len(rejections), portion_n)]
    parts = [evidence(portion, concerning(portion, events), leads, stock) for portion in portions]
    assert facts_in(whole) == [facts for part in parts for facts in facts_in(part)]
    outcomes = [code for part in parts for code in judge(EDITION, part, ()).outcomes.tolist()]
    assert judge(EDITION, whole, ()).outcomes.tolist() == outcomes


def concerning(rejections: list[Row], events: list[Row]) -> list[Row]:
    """The events that a run would read for these rejections."""
    ids = {given[name] for given in rejections for name in ("lead_id", "duplicate_of_id")}
    return [event for event in events if event["lead_id"] in ids]


MORE_IS_BETTER = ("attempts_n", "attempt_days_n", "attempt_hours_n", "not_in_service_n")
SOONER_IS_BETTER = ("first_attempt_min", "first_response_min")
TRIED = (*MORE_IS_BETTER, *SOONER_IS_BETTER)
ATTEMPTS = st.fixed_dictionaries(
    {
        "id": st.just("once more"),
        "lead_id": LEAD_IDS,
        "kind": st.just("call_out"),
        "at": TIMES,
        "outcome": st.sampled_from(["no_answer", "not_in_service"]),
    }
)


@settings(max_examples=15, deadline=None)
@given(*HISTORIES, ATTEMPTS)
def test_one_more_attempt_moves_its_own_facts_only_and_to_the_better(
    rejections: list[Row], events: list[Row], leads: list[Row], stock: list[Row], attempt: Row
) -> None:
    """An attempt that reached nobody. One that did is a talk, and a talk may well show that a lead was no spam."""
    before, after = (arrays_of(evidence(rejections, found, leads, stock)) for found in (events, [*events, attempt]))
    worse = {name for name in MORE_IS_BETTER if (after[name] < before[name]).any()}
    worse |= {name for name in SOONER_IS_BETTER if (after[name] > before[name]).any()}
    others = {name for name in CATALOGUE if name not in TRIED}
    changed = {name for name in others if not np.array_equal(before[name], after[name], equal_nan=True)}
    assert (set(), set()) == (worse, changed)


def test_no_clause_of_the_edition_punishes_an_attempt() -> None:
    """Of the facts that attempts move, its clauses ask for at least so many, or at most so long: so by the property
    above no attempt makes a lawful rejection unlawful. Of an edition that forbade a tenth attempt it would not hold.
    """
    assert [] == [leaf for leaf in tried(EDITION) if not is_kept_by_trying(leaf)]
    assert {"attempts_n", "first_attempt_min"} < {leaf.field for leaf in tried(EDITION)}
    assert [] == [part for clause in EDITION.clauses for part in whens(clause.test) if set(names_in(part)) & set(TRIED)]


def tried(edition: Edition) -> list[Comparison]:
    return [leaf for clause in edition.clauses for leaf in clause.test.leaves() if set(leaf.fields) & set(TRIED)]


def is_kept_by_trying(leaf: Comparison) -> bool:
    asked = ("at_least", "more_than") if leaf.field in MORE_IS_BETTER else ("at_most", "less_than")
    return leaf.operator in asked and leaf.fields == (leaf.field,)


def whens(test: Condition) -> Iterator[Condition]:
    """The parts that a test takes the opposite of."""
    match test:
        case Implication(when=when, then=then):
            yield when
            yield from whens(then)
        case Combination(parts=parts):
            for part in parts:
                yield from whens(part)


def names_in(test: Condition) -> list[str]:
    return [name for leaf in test.leaves() for name in leaf.fields]


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 8), st.data())
def test_one_more_attempt_never_makes_a_lawful_rejection_unlawful(calls_n: int, data: Any) -> None:
    """Whoever tries once more must never be worse off for it: histories near enough to the norm to be lawful."""
    rejection = {"lead_id": "L1", "at": at("2026-04-02 12:00"), "reason": data.draw(st.sampled_from(REASONS))}
    calls = data.draw(st.lists(EVENTS.map(dialled), min_size=calls_n, max_size=8))
    written = {"lead_id": "L1", "kind": "message_out", "at": at("2026-03-27 06:00")}
    leads = [{"id": "L1", "created_at": at("2026-03-27 05:00"), "phone_is_valid": False}]
    attempt = data.draw(ATTEMPTS) | {"lead_id": "L1"}
    outcome = {
        name: judge(EDITION, evidence([rejection], found, leads, []), ()).outcomes.item()
        for name, found in (("before", [*calls, written]), ("after", [*calls, written, attempt]))
    }
    assert not (outcome["before"] == LAWFUL and outcome["after"] == UNLAWFUL)


def dialled(event: Row) -> Row:
    return event | {"lead_id": "L1", "kind": "call_out", "actor_kind": "person", "recorded_at": event["at"]}
