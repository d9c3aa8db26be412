"""Days, weeks, zones and working time. The clock itself is handed in by wiring; nothing here reads it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planerka.errors import UsageError

Instants = NDArray[np.datetime64]
"""UTC instants as `datetime64[us]`; NaT is "not known"."""

FIRST_DAY, LAST_DAY = np.datetime64("1970-01-01"), np.datetime64("2100-01-01")


def refuse_a_far_day(day: date, written: str) -> None:
    """UsageError for a day near which no calendar can be counted."""
    if not FIRST_DAY <= np.datetime64(day) < LAST_DAY:
        raise UsageError(f"{written} lies outside the years 1970 to 2099: give a date of the company's life")


def refuse_a_wrong_stretch(first_on: date | None, last_on: date | None, first: str, last: str) -> None:
    """UsageError for days between which there are none, or far ones; `first`, `last`: what the user calls them. None is
    open."""
    for day, name in ((first_on, first), (last_on, last)):
        if day:
            refuse_a_far_day(day, f"{name} {day}")
    if first_on and last_on and first_on > last_on:
        raise UsageError(f"{first} {first_on} is after {last} {last_on}: give the first day, then the last")


@dataclass(frozen=True, order=True)
class Week:
    """An ISO week, Monday to Sunday, written 2026-W47."""

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> "Week":
        match = re.fullmatch(r"(\d{4})-W(\d{2})", text)
        try:
            week = cls.of(date.fromisocalendar(int(match[1]), int(match[2]), 1))  # type: ignore[index]
        except (TypeError, ValueError):
            raise UsageError(f"{text!r} is not an ISO week: write it as 2026-W47") from None
        refuse_a_far_day(week.monday, repr(text))
        return week

    @classmethod
    def of(cls, day: date) -> "Week":
        year, number, _ = day.isocalendar()
        return cls(year, number)

    @classmethod
    def last_complete(cls, now: datetime, zone: ZoneInfo) -> "Week":
        """The last week that was over in `zone` at `now`."""
        return cls.of(now.astimezone(zone).date() - timedelta(days=7))

    @property
    def monday(self) -> date:
        return date.fromisocalendar(self.year, self.number, 1)

    @property
    def sunday(self) -> date:
        return self.monday + timedelta(days=6)

    def back(self, weeks_n: int) -> "Week":
        return Week.of(self.monday - timedelta(weeks=weeks_n))

    def __str__(self) -> str:
        return f"{self.year}-W{self.number:02d}"


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """The instant at which a local day begins, in UTC."""
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


def first_whole_day(at: datetime, zone: ZoneInfo) -> date:
    """The first local day that begins at this instant or later."""
    day = at.astimezone(zone).date()
    return day if start_of(day, zone) >= at else day + timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class WorkCalendar:
    """When an office works, in its own local time.

    `weekdays` are ISO: 1 Monday … 7 Sunday. `closed_on` are days off on a working weekday (holidays), `open_on`
    working days on any other (moved days). `closes` at 00:00 is the midnight at the end of the day. `projects` have
    offices of their own, by project id, with other hours or in another zone; this one serves the rest.
    """

    zone: ZoneInfo
    opens: time = time(9)
    closes: time = time(21)
    weekdays: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7)
    closed_on: frozenset[date] = frozenset()
    open_on: frozenset[date] = frozenset()
    projects: Mapping[str, "WorkCalendar"] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if not (self.opens < self.closes or self.closes == time()):
            raise UsageError(f"working hours {self.opens}-{self.closes} do not open before they close: swap them")
        if not self.weekdays or not set(self.weekdays) <= set(range(1, 8)):
            raise UsageError(f"weekdays {self.weekdays} are not days of a week: list 1 (Monday) to 7 (Sunday)")

    def offices(self, project_ids: pd.Series) -> Iterator[tuple["WorkCalendar", NDArray[np.bool_]]]:
        """Every office, this one last, with the rows whose project it serves; each row has one."""
        is_rest = np.ones(len(project_ids), bool)
        for project_id, office in self.projects.items():
            is_its = (project_ids == project_id).to_numpy(bool, na_value=False)
            is_rest &= ~is_its
            yield office, is_its
        yield self, is_rest

    def is_working(self, day: date) -> bool:
        return day in self.open_on or (day.isoweekday() in self.weekdays and day not in self.closed_on)

    def is_open(self, at: datetime) -> bool:
        """Whether people are at work then; the last minute is over when they close."""
        day = at.astimezone(self.zone).date()
        opens_at, closes_at = self.shift(day)
        return self.is_working(day) and opens_at <= at < closes_at

    def shift(self, day: date) -> tuple[datetime, datetime]:
        """Opening and closing of a working day in UTC: 23 or 25 hours lie between two openings when clocks change."""
        last_on = day + timedelta(days=1) if self.closes == time() else day
        local = datetime.combine(day, self.opens, self.zone), datetime.combine(last_on, self.closes, self.zone)
        return local[0].astimezone(UTC), local[1].astimezone(UTC)

    def working_minutes(self, from_at: Instants, to_at: Instants) -> NDArray[np.float64]:
        """Minutes of working time in `[from_at, to_at)`, pair by pair: 0 where it is empty, NaN where an end is NaT."""
        from_at, to_at = (np.asarray(at, "datetime64[us]") for at in (from_at, to_at))
        is_known = ~(np.isnat(from_at) | np.isnat(to_at))
        minutes = np.full(is_known.shape, np.nan)
        if is_known.any():
            worked_us = self._worked_us(np.stack([from_at[is_known], to_at[is_known]]))
            minutes[is_known] = np.maximum(worked_us[1] - worked_us[0], 0) / 60e6
        return minutes

    def _worked_us(self, at: Instants) -> NDArray[np.int64]:
        """Working microseconds from a common start up to each instant: their difference is the time worked between."""
        first, last = np.clip([at.min() - np.timedelta64(1, "D"), at.max()], FIRST_DAY, LAST_DAY).astype(
            "datetime64[D]"
        )
        days = np.arange(first, last + 2).tolist()
        shifts = [[edge.timestamp() for edge in self.shift(day)] for day in days if self.is_working(day)]
        opens_us, closes_us = (np.array(shifts).reshape(-1, 2) * 1e6).astype(np.int64).T
        lengths_us = np.append(0, closes_us - opens_us)
        before_us = np.cumsum(lengths_us) - lengths_us
        shift = np.searchsorted(opens_us, at.astype(np.int64), side="right")
        since_us = at.astype(np.int64) - np.append(0, opens_us)[shift]
        return before_us[shift] + np.clip(since_us, 0, lengths_us[shift])

    def after(self, at: datetime, worked: timedelta) -> datetime:
        """The instant, in UTC, at which `worked` of working time has passed since `at`: a deadline."""
        first_on = at.astimezone(self.zone).date() - timedelta(days=1)
        for day in filter(self.is_working, (first_on + timedelta(days=n) for n in range(3660))):
            opens_at, closes_at = self.shift(day)
            free = max(closes_at - max(opens_at, at), timedelta())
            if worked <= free:
                return (max(opens_at, at) + worked).astimezone(UTC)
            worked -= free
        raise UsageError(f"{worked} of working time does not fit in ten years: check the calendar's days off")
