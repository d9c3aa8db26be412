"""Working time follows the office: its hours, its days off, and the clocks of its zone."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planerka.clock import WorkCalendar
from planerka.errors import UsageError

MOSCOW, BERLIN = ZoneInfo("Europe/Moscow"), ZoneInfo("Europe/Berlin")
SALES = WorkCalendar(zone=MOSCOW)
ANALYST = WorkCalendar(
    zone=MOSCOW,
    opens=time(10),
    closes=time(18),
    weekdays=(1, 2, 3, 4, 5),
    closed_on=frozenset({date(2026, 3, 9)}),
    open_on=frozenset({date(2026, 3, 14)}),
)
NIGHT = WorkCalendar(zone=BERLIN, opens=time(0), closes=time(0))


def minutes(office: WorkCalendar, from_at: str, to_at: str) -> float:
    """Between two local times of the office."""
    local = [datetime.fromisoformat(text).replace(tzinfo=office.zone).astimezone(UTC) for text in (from_at, to_at)]
    instants = np.array([instant.replace(tzinfo=None) for instant in local], "datetime64[us]")
    return office.working_minutes(instants[:1], instants[1:]).item()


CASES = [
    (SALES, "2026-03-02 10:00", "2026-03-02 10:15", 15),
    (SALES, "2026-03-02 20:50", "2026-03-03 09:05", 15),
    (SALES, "2026-03-02 22:00", "2026-03-03 08:00", 0),
    (SALES, "2026-03-02 10:00", "2026-03-02 09:00", 0),
    (SALES, "2026-03-02 09:00", "2026-03-09 09:00", 7 * 720),
    (ANALYST, "2026-03-06 17:00", "2026-03-10 11:00", 120),
    (ANALYST, "2026-03-13 17:00", "2026-03-16 11:00", 60 + 480 + 60),
    (ANALYST, "2026-03-07 10:00", "2026-03-09 18:00", 0),
    (NIGHT, "2026-03-29 00:00", "2026-03-30 00:00", 23 * 60),
    (NIGHT, "2026-10-25 00:00", "2026-10-26 00:00", 25 * 60),
    (NIGHT, "2026-03-28 12:00", "2026-03-29 12:00", 23 * 60),
]


@pytest.mark.parametrize("office, from_at, to_at, expected", CASES)
def test_minutes_count_only_while_the_office_works(
    office: WorkCalendar, from_at: str, to_at: str, expected: float
) -> None:
    """Nights, holidays and weekends do not count, a moved working day does, and a day of 23 hours has 23."""
    assert expected == minutes(office, from_at, to_at)


def test_an_unknown_end_gives_unknown_minutes() -> None:
    """Not zero: nobody knows how long the client waited."""
    known, unknown = np.array(["2026-03-02T10:00"], "datetime64[us]"), np.array(["NaT"], "datetime64[us]")
    assert np.isnan([SALES.working_minutes(known, unknown), SALES.working_minutes(unknown, known)]).all()
    assert 0 == len(SALES.working_minutes(known[:0], known[:0]))


def test_an_absurd_instant_costs_nothing() -> None:
    """A year typed wrong must not build a calendar of eight thousand years."""
    absurd = np.array([f"{year}-01-01" for year in ("0001", "1969", "2200", "9999")], "datetime64[us]")
    known = np.full(4, np.datetime64("2026-03-02", "us"))
    assert np.isfinite([SALES.working_minutes(absurd, known), SALES.working_minutes(known, absurd)]).all()


INSTANTS = st.datetimes(datetime(2026, 3, 20), datetime(2026, 4, 5)) | st.datetimes(
    datetime(2026, 10, 20), datetime(2026, 10, 30)
)


@settings(max_examples=50, deadline=None)
@given(INSTANTS, st.integers(0, 3000), st.sampled_from([SALES, ANALYST, NIGHT]))
def test_a_deadline_is_that_many_working_minutes_away(at: datetime, minutes_n: int, office: WorkCalendar) -> None:
    """The two ways of counting, from a deadline and to it, agree across any change of clocks."""
    due_at = office.after(at.replace(tzinfo=UTC), timedelta(minutes=minutes_n))
    ends = (np.array([instant.replace(tzinfo=None)], "datetime64[us]") for instant in (at, due_at))
    assert minutes_n == pytest.approx(office.working_minutes(*ends).item(), abs=1e-4)


CLOCKS_CHANGE = {
    "Europe/Berlin": (datetime(2026, 3, 29), datetime(2026, 10, 25)),
    "America/New_York": (datetime(2026, 3, 8), datetime(2026, 11, 1)),
    "Australia/Lord_Howe": (datetime(2026, 4, 5), datetime(2026, 10, 4)),  # by half an hour
    "America/Santiago": (datetime(2026, 4, 5), datetime(2026, 9, 6)),  # at midnight: a day without one
    "Asia/Beirut": (datetime(2026, 3, 29), datetime(2026, 10, 25)),  # at midnight too
    "Europe/Moscow": (datetime(2014, 10, 26), datetime(2026, 3, 29)),  # for the last time
}
HOURS = [(time(9), time(21)), (time(10, 30), time(18, 15)), (time(0), time(0)), (time(12), time(0)), (time(0), time(8))]


@st.composite
def offices(draw: st.DrawFn) -> tuple[WorkCalendar, datetime]:
    """An office with days off and moved days about the day on which its clocks change."""
    zone = draw(st.sampled_from(sorted(CLOCKS_CHANGE)))
    change_on = draw(st.sampled_from(CLOCKS_CHANGE[zone]))
    days = st.frozensets(st.integers(-4, 4).map(lambda n: change_on.date() + timedelta(days=n)), max_size=3)
    opens, closes = draw(st.sampled_from(HOURS))
    weekdays = draw(st.sampled_from([(1, 2, 3, 4, 5), (1, 2, 3, 4, 5, 6, 7), (6, 7)]))
    office = WorkCalendar(
        zone=ZoneInfo(zone), opens=opens, closes=closes, weekdays=weekdays, closed_on=draw(days), open_on=draw(days)
    )
    return office, change_on.replace(tzinfo=UTC)


@settings(max_examples=60, deadline=None)
@given(offices(), st.integers(-4000, 3000), st.integers(0, 4000))
def test_working_minutes_are_those_that_a_clock_on_the_wall_ticks(
    place: tuple[WorkCalendar, datetime], start_min: int, waited_min: int
) -> None:
    """Minute by minute: the office works while its wall shows working hours of a working day. In no zone here do the
    clocks change within opening hours but in offices that are open at night, where a day has 23 or 25 hours."""
    office, change_at = place
    from_at = change_at + timedelta(minutes=start_min)
    expected = sum(is_open(office, from_at + timedelta(minutes=n)) for n in range(waited_min))
    ends = (from_at, from_at + timedelta(minutes=waited_min))
    instants = (np.array([end.replace(tzinfo=None)], "datetime64[us]") for end in ends)
    assert expected == office.working_minutes(*instants).item()


def is_open(office: WorkCalendar, at: datetime) -> bool:
    wall = at.astimezone(office.zone)
    is_hour = office.opens <= wall.time() and (wall.time() < office.closes or office.closes == time())
    return is_hour and office.is_working(wall.date())


def test_a_review_of_sixteen_working_hours_ends_on_the_second_day() -> None:
    """Sent on Friday at noon, before a holiday on Monday: due on Wednesday at noon."""
    sent_at = datetime(2026, 3, 6, 12, tzinfo=MOSCOW)
    assert datetime(2026, 3, 11, 12, tzinfo=MOSCOW) == ANALYST.after(sent_at, timedelta(hours=16))


@pytest.mark.parametrize(
    "wrong, said",
    [
        ({"opens": time(21), "closes": time(9)}, "do not open before they close"),
        ({"weekdays": (0, 1)}, "are not days of a week"),
        ({"weekdays": ()}, "are not days of a week"),
    ],
)
def test_an_impossible_office_is_refused(wrong: dict[str, object], said: str) -> None:
    """Before anything is counted with it."""
    with pytest.raises(UsageError, match=said):
        WorkCalendar(zone=MOSCOW, **wrong)


def test_a_deadline_in_an_office_that_never_works_is_refused() -> None:
    """Rather than searched for until the end of time."""
    closed = WorkCalendar(
        zone=MOSCOW, weekdays=(1,), closed_on=frozenset(date(2026, 1, 5) + timedelta(weeks=n) for n in range(600))
    )
    with pytest.raises(UsageError, match="check the calendar"):
        closed.after(datetime(2026, 1, 5, tzinfo=UTC), timedelta(hours=1))
