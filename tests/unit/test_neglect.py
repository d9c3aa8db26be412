"""An open lead left alone for longer than the norm is a rejection nobody wrote down."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from planerka.processes.neglect import neglects

START = datetime(2026, 3, 2, tzinfo=UTC)
NORM = timedelta(days=5)
UNTIL = START + timedelta(days=30)

CASES = {
    "touched once and never again": ([("created", 0)], [5]),
    "touched within the norm until it was rejected": ([("created", 0), ("call_out", 4), ("rejected", 8)], []),
    "rejected after a silence longer than the norm": ([("created", 0), ("rejected", 9)], [5]),
    "a task covers the lead until it falls due": ([("created", 0), ("task_set", 1, 12), ("rejected", 16)], []),
    "the norm runs from the task's due time": ([("created", 0), ("task_set", 1, 12)], [17]),
    "a robot's message is no touch": ([("created", 0), ("robot_message", 4), ("rejected", 7)], [5]),
    "nobody owes a rejected lead a touch": ([("created", 0), ("rejected", 1)], []),
    "a note after the rejection reopens nothing": ([("created", 0), ("rejected", 1), ("task_set", 1, 2)], []),
    "nobody owes a lead that bought a touch": ([("created", 0), ("contract_signed", 2), ("call_out", 3)], []),
    "a reopened lead is owed touches again": ([("created", 0), ("rejected", 1), ("reopened", 3)], [8]),
    "two silences are two neglects": ([("created", 0), ("call_out", 10), ("rejected", 20)], [5, 15]),
    "a silence not yet over the norm is none": ([("created", 27)], []),
}


def frame(events):
    rows = [
        {
            "lead_id": "L1",
            "kind": "message_out" if kind == "robot_message" else kind,
            "at": START + timedelta(days=day),
            "due_at": START + timedelta(days=due[0]) if due else None,
            "actor_kind": "robot" if kind == "robot_message" else "person",
            "manager_id": "M1",
        }
        for kind, day, *due in events
    ]
    return pd.DataFrame(rows).astype({"at": "datetime64[us, UTC]", "due_at": "datetime64[us, UTC]"})


@pytest.mark.parametrize("events, expected", CASES.values(), ids=CASES)
def test_a_lead_is_neglected_when(events, expected):
    found = neglects(frame(events), NORM, UNTIL)
    assert [START + timedelta(days=day) for day in expected] == list(found["neglected_at"])


def test_the_order_of_events_does_not_matter():
    events = frame([("created", 0), ("call_out", 10), ("rejected", 20)])
    expected = neglects(events, NORM, UNTIL)
    pd.testing.assert_frame_equal(expected, neglects(events.iloc[::-1], NORM, UNTIL))


def test_no_events_make_no_neglect():
    assert neglects(frame([("created", 0)]).iloc[:0], NORM, UNTIL).empty
