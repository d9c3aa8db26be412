"""Rejections bunched before the end of something: of a month, of a quarter, of the norm for a silence.

Whoever is measured at the end of a period clears the table just before it. Each test counts the rejections in the
last stretch before the end and compares their share with what evenness would give: of the working days of a month or
a quarter, the last few have as many as any others; of the last two days before a silence is neglect, one has half.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from planerka.clock import WorkCalendar
from planerka.regulation.history import Floats, Mask

FEWEST_N = 30
"""On fewer nobody is told apart from chance, as everywhere else."""

BY_CHANCE = 0.01
"""How often an even company would be called bunched at all: shared out among all the tests of a report."""

CLEARLY = 1.5
"""Times what evenness would give: rejections come in batches, so that a small excess is none."""

LAST_DAYS_N = {"M": 3, "Q": 5}
"""The last stretch in working days. The quarter stands for the period of a bonus."""

ENDS = {"M": "month", "Q": "quarter"}
DAY = pd.Timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Bunching:
    """Of `n` rejections `late_n` are of the last stretch before an `end`; evenness would give the share `expected`.

    `manager_id` None: of the company. `is_bunched`: more than chance and batches explain.
    """

    end: str
    manager_id: str | None
    n: int
    late_n: int
    expected: float
    is_bunched: bool

    @property
    def share(self) -> float:
        return self.late_n / self.n


def bunchings(rejections: pd.DataFrame, calendar: WorkCalendar, since: date, until: date) -> tuple[Bunching, ...]:
    """A test an end for the company, and one for each person with enough rejections.

    `rejections`: the columns happened_on, manager_id ("" for nobody known), silence (a timedelta since the last
    contact, NaT for none) and norm (a timedelta, NaT for none). Only whole months and quarters of `since` to `until`,
    both included, are looked at.
    """
    looks = [
        *(calendar_look(rejections, calendar, since, until, period) for period in ENDS),
        ("norm of silence", *silence_look(rejections)),
    ]
    groups = [
        (end, manager_id, is_late[rows], expected[rows])
        for end, is_late, expected in looks
        for manager_id, rows in groups_of(rejections["manager_id"], ~np.isnan(expected))
    ]
    return tuple(tested(*group, by_chance=BY_CHANCE / len(groups)) for group in groups)


def calendar_look(
    rejections: pd.DataFrame, calendar: WorkCalendar, since: date, until: date, period: str
) -> tuple[str, Mask, Floats]:
    """Which rejections are late in their period, and the share of its working days that are; NaN outside of all."""
    periods = rejections["happened_on"].dt.to_period(period)
    is_late, expected = np.zeros(len(rejections), bool), np.full(len(rejections), np.nan)
    for one in periods.dropna().unique():
        days = pd.date_range(one.start_time, one.end_time.normalize())
        working = [day for day in days if calendar.is_working(day.date())]
        if days[0].date() < since or days[-1].date() > until or len(working) <= LAST_DAYS_N[period]:
            continue
        rows = (periods == one).to_numpy()
        is_late |= rows & (rejections["happened_on"] >= working[-LAST_DAYS_N[period]]).to_numpy()
        expected[rows] = LAST_DAYS_N[period] / len(working)
    return ENDS[period], is_late, expected


def silence_look(rejections: pd.DataFrame) -> tuple[Mask, Floats]:
    """Of the rejections in the last two days before their silence would be neglect, those of the last one."""
    left_days = ((rejections["norm"] - rejections["silence"]) / DAY).to_numpy(np.float64)
    is_near = (left_days >= 0) & (left_days < 2)
    return is_near & (left_days < 1), np.where(is_near, 0.5, np.nan)


def groups_of(managers: pd.Series, is_looked_at: Mask) -> Iterator[tuple[str | None, Mask]]:
    """The company, unless it has no rejection to look at, and every person with enough of them."""
    if is_looked_at.any():
        yield None, is_looked_at
    for manager_id, n in managers[is_looked_at].value_counts().sort_index().items():
        if n >= FEWEST_N and manager_id:
            yield str(manager_id), is_looked_at & (managers == manager_id).to_numpy(bool)


def tested(end: str, manager_id: str | None, is_late: Mask, expected: Floats, by_chance: float) -> Bunching:
    """The exact one-sided binomial test (scipy.stats.binomtest), and beside it a share that is clearly too high."""
    n, late_n, share = len(is_late), int(is_late.sum()), float(expected.mean())
    is_rare = binomtest(late_n, n, share, alternative="greater").pvalue < by_chance
    is_bunched = n >= FEWEST_N and is_rare and late_n / n >= CLEARLY * share
    return Bunching(end=end, manager_id=manager_id, n=n, late_n=late_n, expected=share, is_bunched=bool(is_bunched))
