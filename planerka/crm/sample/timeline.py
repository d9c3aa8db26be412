"""When leads come, and the two clocks: local wall-clock seconds inside the simulation, UTC outside.

People call, sleep and sign by the wall clock, so the simulation counts in it: seconds since 1970-01-01 00:00
local. Only frames speak UTC.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np

from planerka.clock import start_of
from planerka.crm.sample.dice import Dice, Floats, Ints

MINUTE, HOUR, DAY, WEEK = 60, 3_600, 86_400, 604_800
FAR = 1 << 40
"""A wall-clock second that never comes: what does not happen."""

HISTORY_WEEKS = 130
HORIZON_WEEKS = HISTORY_WEEKS + 520
LIFE_WEEKS = 27
"""No lead does anything later than this after it came, unless the analyst returns it."""

OPENS_S, CLOSES_S = 9 * HOUR, 21 * HOUR
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

HOURLY = np.array([2, 1, 1, 0.5, 0.5, 1, 2, 4, 8, 14, 18, 20, 20, 19, 18, 18, 18, 18, 18, 16, 14, 11, 7, 4])
DAILY = np.array([1.1, 1.05, 1.0, 1.0, 1.05, 0.95, 0.85])


def leads_by_week() -> Floats:
    """Relative volume of each week: sparse history, a steep rise, dense last half-year, a mild season."""
    week = np.arange(HORIZON_WEEKS)
    return (1 + 3 / (1 + np.exp(-(week - 98) / 2.0))) * (1 + 0.08 * np.sin(2 * np.pi * week / 52))


def at_work(wall_s: Ints) -> Ints:
    """The same time, or the first minutes of the next working day when the office is closed."""
    day_s, clock_s = wall_s // DAY * DAY, wall_s % DAY
    opening_s = day_s + OPENS_S + wall_s * 7919 % (14 * MINUTE)
    moved_s = np.where(clock_s < OPENS_S, opening_s, opening_s + DAY)
    return np.where((clock_s < OPENS_S) | (clock_s >= CLOSES_S - HOUR // 4), moved_s, wall_s)


@dataclass(frozen=True)
class Timeline:
    """The calendar of one world. `anchor_on` is the Monday of the last of the first `HISTORY_WEEKS` weeks."""

    anchor_on: date
    leads_n: int
    zone: ZoneInfo

    @cached_property
    def first_on(self) -> date:
        return self.anchor_on - timedelta(weeks=HISTORY_WEEKS - 1)

    @cached_property
    def first_s(self) -> int:
        return (self.first_on - EPOCH.date()).days * DAY

    @cached_property
    def starts(self) -> Ints:
        """Number of the first lead of each week; the first `HISTORY_WEEKS` weeks hold `leads_n` together."""
        volume = np.concatenate([[0.0], np.cumsum(leads_by_week())])
        return np.floor(volume * (self.leads_n / volume[HISTORY_WEEKS])).astype(np.int64)

    @cached_property
    def offsets_s(self) -> Ints:
        """Offset from UTC at noon of every local day, from a day before the first."""
        noon = datetime.combine(self.first_on, datetime.min.time(), self.zone) + timedelta(hours=12)
        days = range(-1, HORIZON_WEEKS * 7 + 400)
        noons = [noon + timedelta(days=day) for day in days]
        return np.array([(at.replace(tzinfo=UTC) - at) // timedelta(seconds=1) for at in noons])

    def week_of(self, wall_s: int | Ints) -> Ints:
        """Week of the world, 0 the first; outside the world its first or last week."""
        return np.clip((np.asarray(wall_s) - self.first_s) // WEEK, 0, HORIZON_WEEKS - 1)

    def week_back(self, weeks_back: int) -> int:
        """Week of the world that lies so many weeks before the anchor."""
        return HISTORY_WEEKS - 1 - weeks_back

    def back_s(self, weeks_back: int) -> int:
        """Wall-clock start of the week that lies so many weeks before the anchor."""
        return self.first_s + self.week_back(weeks_back) * WEEK

    def numbers_between(self, from_s: int, to_s: int) -> tuple[int, int]:
        """Numbers `[low, high)` of the leads of every week that touches the stretch."""
        return int(self.starts[self.week_of(from_s)]), int(self.starts[self.week_of(to_s) + 1])

    def created_s(self, numbers: Ints, dice: Dice) -> Ints:
        """When each lead came, rising with its number."""
        week = np.searchsorted(self.starts, numbers, side="right") - 1
        in_week_n = self.starts[week + 1] - self.starts[week]
        passed = (numbers - self.starts[week] + dice.share("created", numbers)) / in_week_n
        volume = np.concatenate([[0.0], np.cumsum(np.outer(DAILY, HOURLY))])
        hour = np.interp(passed, volume / volume[-1], np.arange(len(volume)))
        return self.first_s + week * WEEK + (hour * HOUR).astype(np.int64)

    def utc_us(self, wall_s: Ints) -> Ints:
        """Microseconds since 1970 in UTC."""
        day = (wall_s - self.first_s) // DAY + 1
        return (wall_s - self.offsets_s[np.clip(day, 0, len(self.offsets_s) - 1)]) * 1_000_000

    def wall_s(self, instant: datetime) -> int:
        """Wall-clock seconds of an instant."""
        local = instant.astimezone(self.zone).replace(tzinfo=UTC)
        return (local - EPOCH) // timedelta(seconds=1)

    def is_published(self, day_on: date, since: datetime | None, until: datetime) -> bool:
        """Whether what belongs to a local day is new in `[since, until)`: it is published as the day ends."""
        at = start_of(day_on + timedelta(days=1), self.zone)
        return (since is None or since < at) and at <= until

    def days_published(self, since: datetime | None, until: datetime) -> list[date]:
        """The local days that are new in the window."""
        day_on = max(self.first_on, since.astimezone(self.zone).date() - timedelta(days=1)) if since else self.first_on
        days_n = (until.astimezone(self.zone).date() - day_on).days + 1
        days = [day_on + timedelta(days=n) for n in range(max(days_n, 0))]
        return [day for day in days if self.is_published(day, since, until)]
