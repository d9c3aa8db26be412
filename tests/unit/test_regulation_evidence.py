"""Evidence is what was true and known at the moment of the rejection, whatever the CRM says today."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from planerka.clock import WorkCalendar
from planerka.regulation.evidence import evidence_of
from planerka.regulation.fields import CATALOGUE, FIELDS, FieldKind
from tests.builders_regulation import EDITION, OFFICE, at, events_of, leads_of, rejections_of, stock_of

SETTLING = timedelta(hours=24)
BERLIN = WorkCalendar(zone=ZoneInfo("Europe/Berlin"), closed_on=frozenset({date(2026, 3, 30)}))
REASONS = [reason.code for reason in EDITION.reasons]
CREATED_AT = at("2026-03-02 07:00")


def evidence(
    rejections: list[dict[str, Any]],
    events: list[dict[str, Any]] = (),
    leads: list[dict[str, Any]] = ({"created_at": CREATED_AT},),
    stock: list[dict[str, Any]] = (),
    lacks: frozenset[str] = frozenset(),
    office: WorkCalendar = OFFICE,
) -> pd.DataFrame:
    frames = rejections_of(rejections), events_of(events), leads_of(leads), stock_of(stock)
    return evidence_of(*frames, office, lacks, SETTLING)


def known(row: pd.Series) -> dict[str, Any]:
    """The facts of one row as plain values; None is not known."""
    facts = {}
    for field in FIELDS:
        value = row[field.name]
        is_yes_no = field.kind in (FieldKind.YES_NO, FieldKind.TEXT)
        facts[field.name] = None if pd.isna(value) else bool(value) if is_yes_no else value
    return facts


def fact(name: str, *arguments: Any, **more: Any) -> Any:
    return known(evidence(*arguments, **more).iloc[0])[name]


def call(when: str, **more: Any) -> dict[str, Any]:
    return {"kind": "call_out", "at": at(when), "outcome": "no_answer"} | more


REJECTED = [{"at": at("2026-03-05 12:00"), "reason": "no_answer"}]

CALLS = [
    # what the call is like, how many attempts it makes
    ({}, 1),
    ({"at": at("2026-03-05 12:00")}, 1),
    ({"at": at("2026-03-05 12:01")}, 0),
    ({"recorded_at": at("2026-03-06 12:00")}, 1),
    ({"recorded_at": at("2026-03-06 12:01")}, 0),
    ({"recorded_at": None}, 1),
    ({"actor_kind": "robot"}, 0),
    ({"actor_kind": "unknown"}, 1),
    ({"lead_id": "L2"}, 0),
    ({"kind": "call_in"}, 0),
    ({"kind": "message_out"}, 0),
    ({"at": None}, 0),
]


@pytest.mark.parametrize("more, expected", CALLS)
def test_a_call_counts_when_it_was_made_by_then_by_a_person_and_known_in_time(
    more: dict[str, Any], expected: int
) -> None:
    """Telephony may be a day late; a call after the rejection, or written down a week later, proves nothing."""
    assert expected == fact("attempts_n", REJECTED, [call("2026-03-03 10:00", **more)])


def test_days_and_hours_of_attempts_are_local() -> None:
    """22:30 and 00:30 in Moscow are one day in UTC and two for the client."""
    rows = evidence(REJECTED, [call("2026-03-03 19:30"), call("2026-03-03 21:30"), call("2026-03-04 19:10")])
    assert (3, 2, 2) == tuple(rows.loc[0, ["attempts_n", "attempt_days_n", "attempt_hours_n"]])


def test_a_second_rejection_is_judged_on_what_was_done_since_the_return() -> None:
    """Otherwise one old campaign of calls would excuse every later rejection of the lead."""
    events = [call("2026-03-03 10:00"), {"kind": "reopened", "at": at("2026-03-06 07:00")}, call("2026-03-06 07:30")]
    rows = evidence([*REJECTED, {"at": at("2026-03-09 12:00")}], events)
    assert [1, 1] == rows["attempts_n"].tolist()
    assert [15 * 60 + 0.0, 30.0] == rows["first_attempt_min"].tolist()


RETURNS = [
    # when the lead was returned, how many of the calls at 10:00 and 14:00 count, working minutes waited
    ("2026-03-03 09:59", 2, 1),
    ("2026-03-03 10:00", 2, 0),
    ("2026-03-03 10:01", 1, 239),
    ("2026-03-05 12:00", 2, 0),
]


@pytest.mark.parametrize("returned, attempts_n, waited", RETURNS)
def test_work_is_counted_from_the_return_on(returned: str, attempts_n: int, waited: float) -> None:
    """A return at the very moment of a call comes first; one at the moment of the rejection comes after it."""
    events = [call("2026-03-03 10:00"), call("2026-03-03 14:00"), {"kind": "reopened", "at": at(returned)}]
    leads = [{"created_at": at("2026-03-03 09:00"), "enquiry": "answered_call"}]
    facts = known(evidence(REJECTED, events, leads).iloc[0])
    assert (attempts_n, waited) == (facts["attempts_n"], facts["first_response_min"])


@pytest.mark.parametrize("enquiry", ["missed_call", "form", None])
def test_how_the_client_came_is_what_the_lead_says(enquiry: str | None) -> None:
    """A norm may be of one kind of enquiry alone."""
    assert enquiry == fact("enquiry", REJECTED, [], [{"enquiry": enquiry}])


WAITS = [
    # created, first attempt, working minutes from 9:00 to 21:00 Moscow time
    ("2026-03-02 07:00", "2026-03-02 07:14", 14),
    ("2026-03-02 17:50", "2026-03-03 06:10", 20),
    ("2026-03-02 20:00", "2026-03-03 06:00", 0),
    ("2026-03-02 20:00", "2026-03-02 20:30", 0),
    ("2026-03-02 07:00", "2026-03-02 06:50", 0),
    ("2026-03-05 11:00", None, 60),
    (None, "2026-03-02 07:14", None),
]


@pytest.mark.parametrize("created, attempted, expected", WAITS)
def test_a_wait_is_working_time_and_without_an_attempt_lasts_until_the_rejection(
    created: str | None, attempted: str | None, expected: float | None
) -> None:
    """Night hours are nobody's fault; never calling at all is not a quick response."""
    leads = [{"created_at": at(created) if created else None}]
    assert expected == fact("first_attempt_min", REJECTED, [call(attempted)] if attempted else [], leads)


def test_a_project_with_an_office_of_its_own_goes_by_its_clocks() -> None:
    """In Omsk, three hours ahead of Moscow and open from 10, 06:30 in UTC is half past noon, and 19:30 is tomorrow."""
    omsk = WorkCalendar(zone=ZoneInfo("Asia/Omsk"), opens=time(10), closes=time(20))
    office = replace(OFFICE, projects={"omsk": omsk})
    calls = [call("2026-03-03 06:30"), call("2026-03-03 19:30")]
    facts = {
        project: known(
            evidence(
                REJECTED, calls, [{"created_at": at("2026-03-03 03:00"), "project_id": project}], office=office
            ).iloc[0]
        )
        for project in ("omsk", "moscow", None)
    }
    assert {"omsk": 150, "moscow": 30, None: 30} == {name: found["first_attempt_min"] for name, found in facts.items()}
    assert {"omsk": 2, "moscow": 1, None: 1} == {name: found["attempt_days_n"] for name, found in facts.items()}


RESPONSES = [
    ([], "form", 60),
    ([{"kind": "message_out", "at": at("2026-03-05 11:05")}], "form", 5),
    ([{"kind": "call_in", "at": at("2026-03-05 11:05"), "outcome": "answered"}], "chat", 5),
    ([{"kind": "call_in", "at": at("2026-03-05 11:05"), "outcome": "no_answer"}], "chat", 60),
    ([{"kind": "message_out", "at": at("2026-03-05 11:05"), "actor_kind": "robot"}], "form", 60),
    ([], "answered_call", 0),
]


@pytest.mark.parametrize("events, enquiry, expected", RESPONSES)
def test_the_first_response_is_a_persons_call_message_or_answer(
    events: list[dict[str, Any]], enquiry: str, expected: float
) -> None:
    """A robot's greeting is no response, and an answered call needed none."""
    leads = [{"created_at": at("2026-03-05 11:00"), "enquiry": enquiry}]
    assert expected == fact("first_response_min", REJECTED, events, leads)


TALKS = [
    # outcomes and lengths of calls, longest talk, attempts not in service
    ([], 0, 0),
    ([("answered", 40), ("answered", 75)], 75, 0),
    ([("no_answer", 75)], 0, 0),
    ([("no_answer", None), ("not_in_service", None)], 0, 1),
    ([("answered", 300), ("answered", None)], None, 0),
    ([(None, 20)], 20, None),
]


def test_a_talk_with_a_robot_is_no_talk() -> None:
    """A bot that keeps a client on the line for a minute has told nobody anything."""
    assert 0 == fact(
        "longest_talk_s", REJECTED, [call("2026-03-03 10:00", outcome="answered", duration_s=90, actor_kind="robot")]
    )


@pytest.mark.parametrize("calls, longest_s, not_in_service_n", TALKS)
def test_a_call_of_unknown_length_leaves_the_longest_talk_unknown(
    calls: list[tuple[str | None, int | None]], longest_s: float | None, not_in_service_n: float | None
) -> None:
    """No call is zero seconds of talk; a call that may have been answered for any time is not."""
    events = [call("2026-03-03 10:00", outcome=outcome, duration_s=s) for outcome, s in calls]
    facts = known(evidence(REJECTED, events).iloc[0])
    assert (longest_s, not_in_service_n) == (facts["longest_talk_s"], facts["not_in_service_n"])


PROGRESS = [
    # what had happened, the furthest step
    ([], "enquiry"),
    ([("qualified", "2026-03-03")], "qualified"),
    ([("booked", "2026-03-03"), ("booking_expired", "2026-03-04")], "booking"),
    ([("contract_signed", "2026-03-03"), ("meeting_held", "2026-03-04")], "contract"),
    ([("meeting_held", "2026-03-06"), ("qualified", "2026-03-04")], "qualified"),
]


@pytest.mark.parametrize("events, expected", PROGRESS)
def test_the_stage_is_the_furthest_that_was_reached_by_then(events: list[tuple[str, str]], expected: str) -> None:
    """Moving a lead back before closing it hides nothing; what came later proves nothing."""
    rows = [{"kind": kind, "at": at(f"{day} 00:00")} for kind, day in events]
    assert expected == fact("stage_reached", REJECTED, rows)


def test_returns_are_counted_up_to_the_rejection() -> None:
    """The return that undoes this very rejection is none that it was made after."""
    days = ("2026-03-03 10:00", "2026-03-05 12:00", "2026-03-07 10:00")
    rows = evidence([*REJECTED, {"at": at("2026-03-09 12:00")}], [{"kind": "reopened", "at": at(day)} for day in days])
    assert [1, 3] == rows["reopened_n"].tolist()


TASKS = [
    # when each task falls due, whether one is ahead at noon on 5 March
    ([], False),
    (["2026-03-04 12:00", "2026-03-05 12:00"], False),
    (["2026-03-04 12:00", "2026-03-06 12:00"], True),
    (["2026-03-04 12:00", None], None),
    (["2026-03-06 12:00", None], True),
]


@pytest.mark.parametrize("due, expected", TASKS)
def test_a_task_is_ahead_until_it_falls_due(due: list[str | None], expected: bool | None) -> None:
    """One without a due time may be ahead, or long past."""
    tasks = [{"kind": "task_set", "at": at("2026-03-03 10:00"), "due_at": at(day) if day else None} for day in due]
    assert expected is fact("has_next_task", REJECTED, tasks)


ORIGINALS = [
    # what had happened to the original, its state at the rejection on 5 March, days since it was won
    ([], "open", None),
    ([("rejected", "2026-03-03")], "lost", None),
    ([("rejected", "2026-03-06")], "open", None),
    ([("rejected", "2026-03-03"), ("reopened", "2026-03-04")], "open", None),
    ([("contract_signed", "2026-03-01")], "won", 4.5),
    ([("contract_signed", "2026-03-01"), ("contract_terminated", "2026-03-02")], "lost", None),
    ([("contract_signed", "2026-03-01"), ("rejected", "2026-03-01")], "won", 4.5),
    ([("rejected", "2026-03-01"), ("reopened", "2026-03-01")], "lost", None),
]


@pytest.mark.parametrize("events, state, won_days", ORIGINALS)
def test_the_original_of_a_duplicate_is_seen_as_it_was_then(
    events: list[tuple[str, str]], state: str, won_days: float | None
) -> None:
    """That the original was lost a week later does not make the rejection wrong, nor the other way round."""
    leads = [
        {"created_at": CREATED_AT, "client_id": "c"},
        {"id": "L2", "created_at": at("2026-01-01 00:00"), "client_id": "c"},
    ]
    rows = [{"lead_id": "L2", "kind": kind, "at": at(f"{day} 00:00")} for kind, day in events]
    facts = known(evidence([REJECTED[0] | {"duplicate_of_id": "L2"}], rows, leads).iloc[0])
    assert (True, True, True) == (
        facts["original_exists"],
        facts["original_is_same_client"],
        facts["original_is_older"],
    )
    assert (state, won_days) == (facts["original_state"], facts["original_won_days"])


def test_a_duplicate_of_itself_is_not_older() -> None:
    """The laziest way to close a lead as a duplicate."""
    assert fact("original_is_older", [REJECTED[0] | {"duplicate_of_id": "L1"}]) is False


LISTS = [
    # lists as day, project, flats, price; the cheapest price on 5 March
    ([("2026-03-01", "A", 5, 900), ("2026-03-01", "B", 5, 700)], 700),
    ([("2026-03-01", "A", 5, 700), ("2026-03-04", "A", 5, 900)], 900),
    ([("2026-03-01", "A", 5, 900), ("2026-03-06", "A", 5, 700)], 900),
    ([("2026-03-01", "A", 0, 700), ("2026-03-01", "B", 1, 900)], 900),
    ([("2026-03-01", "A", 5, None), ("2026-03-01", "B", 1, 900)], None),
    ([("2026-03-01", "A", 0, None), ("2026-03-01", "B", 1, 900)], 900),
    ([("2026-03-01", "A", 0, 700)], None),
    ([("2026-03-06", "A", 5, 700)], None),
    ([], None),
]


@pytest.mark.parametrize("lists, expected", LISTS)
def test_the_cheapest_lot_is_that_of_each_projects_last_list(
    lists: list[tuple[Any, ...]], expected: float | None
) -> None:
    """What was sold out or not yet on sale could not be offered; an unknown price could have been the lowest."""
    rows = [
        {"stock_on": datetime.fromisoformat(day), "project_id": project, "available_n": n, "min_price_minor": price}
        for day, project, n, price in lists
    ]
    assert expected == fact("cheapest_price_minor", REJECTED, stock=rows)


def test_amounts_in_several_currencies_are_not_compared() -> None:
    """The smaller figure may be the larger amount."""
    rows = [{"stock_on": datetime(2026, 3, 1), "min_price_minor": 7, "currency": code} for code in ("RUB", "USD")]
    assert fact("cheapest_price_minor", REJECTED, stock=rows) is None


def test_what_a_source_lacks_is_unknown_for_every_row() -> None:
    """An export without calls does not say that nobody called."""
    rows = evidence(REJECTED, [], lacks=frozenset({"event.call_out", "stock"}))
    lacking = {field.name for field in FIELDS if {"event.call_out", "stock.min_price_minor"} & set(field.needs)}
    assert {"attempts_n", "longest_talk_s", "cheapest_price_minor"} <= lacking
    assert rows[sorted(lacking)].isna().all(axis=None)
    assert 0 == rows["messages_n"][0]


@pytest.mark.parametrize(
    "reason_id, reason, lacks, expected",
    [
        ("R7", "spam", (), True),
        (None, None, (), True),
        ("R7", None, (), False),
        (None, None, ("event.reason_id",), False),
    ],
)
def test_an_unmapped_reason_is_not_the_managers_fault(
    reason_id: str | None, reason: str | None, lacks: tuple[str, ...], expected: bool
) -> None:
    """No reason can be judged; a reason that only the mapping does not know cannot."""
    rows = evidence([REJECTED[0] | {"reason_id": reason_id, "reason": reason}], lacks=frozenset(lacks))
    assert expected == rows["reason_is_known"][0]


def test_no_rejections_give_no_evidence() -> None:
    """A quiet week has all the columns and no row."""
    rows = evidence([], [call("2026-03-03 10:00")])
    assert (0, {"rejection_id", "reason", "reason_is_known", "original_id", *CATALOGUE}) == (
        len(rows),
        set(rows.columns),
    )


def test_an_unknown_moment_or_a_missing_lead_leaves_facts_unknown() -> None:
    """Bad rows are the gate's business; evidence only must not invent anything from them."""
    rows = evidence([{"at": None, "duplicate_of_id": "L404"}], [call("2026-03-03 10:00")], [])
    assert (0, False) == (rows["attempts_n"][0], bool(rows["original_exists"][0]))
    assert rows[["first_attempt_min", "phone_is_valid", "cheapest_price_minor"]].isna().all(axis=None)
