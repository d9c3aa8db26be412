"""Tests of a pull as a whole: fresh, all there, named, and mostly good."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from planerka.intake.frame_tests import FRAME_TESTS, PullFacts, frame_tallies
from planerka.intake.spec import Tally

NOW = datetime(2026, 11, 23, 5, tzinfo=UTC)
SUNDAY = date(2026, 11, 22)


def leads(*weeks: int, sunday_n: int | None = None) -> pd.Series:
    """So many leads on each day of each week, the last one ending on Sunday."""
    per_day = np.repeat(weeks, 7).astype("int64")
    if sunday_n is not None:
        per_day[-1] = sunday_n
    return pd.Series(per_day, index=pd.date_range(end=SUNDAY, periods=len(per_day)))


USUAL = PullFacts(
    now=NOW,
    data_until=NOW - timedelta(hours=5),
    max_age_hours=48,
    last_on=SUNDAY,
    leads_by_day=leads(*[50] * 9),
    leads_n=3150,
    unnamed_n={},
    pulled_n=4000,
    held_n=0,
)


def not_passed(facts: PullFacts) -> list[str]:
    tallies = frame_tallies(facts)
    return [spec.key for spec in FRAME_TESTS if not spec.check(tallies[spec.key]).is_passed]


# What changes against a usual pull, and the checks that are then not passed.
CASES = [
    ({}, []),
    ({"data_until": NOW - timedelta(hours=48)}, []),
    ({"data_until": NOW - timedelta(hours=48, seconds=1)}, ["pull.fresh"]),
    ({"leads_by_day": leads(*[50] * 8, 13)}, ["pull.usual_days"]),
    ({"leads_by_day": leads(*[50] * 8, 12)}, ["pull.usual_week", "pull.usual_days"]),
    ({"leads_by_day": leads(*[50] * 8)[:-1]}, ["pull.usual_days"]),
    ({"last_on": SUNDAY + timedelta(days=7)}, ["pull.usual_week", "pull.usual_days"]),
    ({"leads_by_day": leads(*[50] * 9, sunday_n=126)}, ["pull.usual_days"]),
    ({"leads_by_day": leads(*[50] * 9, sunday_n=125)}, []),
    ({"leads_by_day": leads(50, 50, 2000, 0, 50, 50, 50, 50, 50)}, []),
    ({"leads_by_day": leads(*[1] * 8, 0)}, []),
    ({"leads_by_day": leads(*[9] * 8, 0)}, ["pull.usual_week"]),
    ({"leads_by_day": leads(50, 50, 50, 0)}, []),
    ({"leads_by_day": leads(50, 50, 50, 50, 0)}, ["pull.usual_week", "pull.usual_days"]),
    ({"leads_by_day": leads(50)[:1]}, []),
    ({"leads_by_day": leads(50)[:0]}, []),
    ({"held_n": 40}, []),
    ({"held_n": 41}, ["pull.held"]),
    ({"pulled_n": 3, "held_n": 3}, []),
    ({"pulled_n": 0}, []),
    ({"export_rows_n": {"lead": (980, 1000)}}, []),
    ({"export_rows_n": {"lead": (979, 1000)}}, ["pull.lead_whole"]),
    ({"export_rows_n": {"lead": (9900, 10000)}}, []),
    ({"export_rows_n": {"lead": (9899, 10000)}}, ["pull.lead_whole"]),
    ({"export_rows_n": {"lead": (2000, 1000)}}, []),
    ({"export_rows_n": {"lead": (1000,)}}, []),
    ({"export_rows_n": {"lead": (1000, 1000), "contract": (400, 842)}}, ["pull.contract_whole"]),
    ({"export_rows_n": {"event": (0, 21), "plan": (0, 20)}}, ["pull.event_whole"]),
    ({"unnamed_n": {"channel_id": 1}}, ["pull.channel_named"]),
    ({"is_past_there": False}, ["pull.past"]),
]


@pytest.mark.parametrize("change, expected", CASES)
def test_a_pull_is_believed_or_not(change, expected):
    assert expected == not_passed(replace(USUAL, **change))


def test_days_without_a_lead_may_be_absent():
    """A GROUP BY knows nothing of a day on which nothing came."""
    with_gap = USUAL.leads_by_day.drop(pd.Timestamp(SUNDAY))
    assert frame_tallies(replace(USUAL, leads_by_day=leads(*[50] * 9, sunday_n=0))) == frame_tallies(
        replace(USUAL, leads_by_day=with_gap)
    )


def test_a_new_source_is_not_a_broken_one():
    """With less than four weeks to compare with, volume is unknown."""
    tallies = frame_tallies(replace(USUAL, leads_by_day=leads(50, 50, 50, 1)))
    assert Tally(rows_n=1, unknown_n=1) == tallies["pull.usual_week"]
    assert Tally(rows_n=7, unknown_n=7) == tallies["pull.usual_days"]


def test_a_week_is_compared_with_the_same_weekdays():
    """A quiet Sunday is usual where Sundays are quiet."""
    per_day = np.tile([60, 60, 60, 60, 60, 30, 12], 9)
    by_day = pd.Series(per_day, index=pd.date_range(end=SUNDAY, periods=63))
    assert [] == not_passed(replace(USUAL, leads_by_day=by_day))
