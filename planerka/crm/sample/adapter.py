"""The sample company behind the CRM port.

    crm = SampleCrm(journal=Path("data/sample.json"), as_of_on=date(2026, 11, 24))

The world is fixed by the seed, the number of leads and the anchor week, which the journal keeps; a later day shows
more of the same world. Whole local days are published: two runs on one day see the same.
"""

import json
import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from planerka.clock import Week, start_of
from planerka.crm.base import Batch, Window
from planerka.crm.sample import budget, company, market
from planerka.crm.sample.contracts import contracts
from planerka.crm.sample.dice import Dice
from planerka.crm.sample.frames import event_rows, lead_rows, rejection_rows
from planerka.crm.sample.journal import Entry, Journal, written
from planerka.crm.sample.leads import World
from planerka.crm.sample.lives import active, lives_of
from planerka.crm.sample.text import lead_ids, number_of
from planerka.crm.sample.timeline import EPOCH, LIFE_WEEKS, WEEK, Timeline
from planerka.errors import CrmRefusalError, SettingsError
from planerka.model import Command, Contract, Event, Lead, Plan, Receipt, Reference, Rejection, Spend, Stock

LEADS_LEAST_N, LEADS_MOST_N = 100, 3_000_000
WINDOWS_LEAST_N = 4
WINDOW_LEADS_N, PIECE_LEADS_N = 50_000, 20_000
"""A window holds at most so many new leads; a piece of it, read at one time, so many leads new and old."""


class SampleCrm:
    """A developer that does not exist; implements `crm.base.Crm`."""

    source = "sample"

    def __init__(
        self, *, journal: Path, as_of_on: date, leads_n: int = 30_000, seed: int = 2026, zone: str = "Europe/Moscow"
    ) -> None:
        if not LEADS_LEAST_N <= leads_n <= LEADS_MOST_N:
            raise SettingsError(f"a sample of {leads_n} leads: ask for {LEADS_LEAST_N} to {LEADS_MOST_N}")
        self._as_of_on, self._zone = as_of_on, ZoneInfo(zone)
        self._journal = Journal(journal, seed=seed, leads_n=leads_n, anchor_on=Week.of(as_of_on).monday)
        self.anchor_on = self._journal.anchor_on
        self._world = World(Dice(seed), Timeline(self.anchor_on, leads_n, self._zone))

    def lacks(self) -> frozenset[str]:
        """Nothing: the sample supplies every field of the model."""
        return frozenset()

    def check_access(self) -> str:
        """Nothing can be in the way."""
        return f"the built-in sample company, its week of {self.anchor_on}"

    def data_until(self, now: datetime) -> datetime:
        """The start of the local day: whole days are published."""
        return start_of(now.astimezone(self._zone).date(), self._zone)

    def windows(self, since: datetime | None, until: datetime) -> Iterator[Window]:
        """Windows of about equal volume, cut at Mondays."""
        cuts = [at for at in self._cuts() if (since is None or since < at) and at < until]
        for begins_at, ends_at in zip([since, *cuts], [*cuts, until], strict=True):
            if begins_at is None or begins_at < ends_at:
                yield Window(since=begins_at, until=ends_at)

    def history(self, before: datetime) -> Sequence[Window]:
        """Nothing is older than the first pull."""
        return ()

    def read(self, window: Window) -> Iterator[Batch]:
        """Everything that changed in the window; large windows come in pieces, each with its leads first."""
        yield Batch(noun=Reference, rows=company.references())
        for numbers in self._pieces(window):
            yield from self._told(numbers, window)
        days = self._world.timeline.days_published(window.since, window.until)
        yield from filled(Spend, budget.spend(self._world, days))
        yield from filled(Plan, budget.plan(self._world, window.since, window.until))
        yield from filled(Stock, market.stock(self._world, days))

    def lead_ids(self) -> Iterator[str]:
        """Every lead created before the as-of day."""
        created_n = self._created_n()
        for low in range(0, created_n, PIECE_LEADS_N):
            yield from lead_ids(np.arange(low, min(low + PIECE_LEADS_N, created_n)))

    def phones(self) -> set[str]:
        """The sample's clients have none."""
        return set()

    def rehearse(self, command: Command) -> Sequence[str]:
        self._refuse_a_stranger(command)
        is_there = any(entry.command.marker == command.marker for entry in self._journal.entries())
        return [] if is_there else [f"{self._journal.path} {json.dumps(written(command), ensure_ascii=False)}"]

    def apply(self, command: Command) -> Receipt:
        """Write the command into the journal at noon of the as-of day: the next day's pull brings what follows."""
        self._refuse_a_stranger(command)
        entry = self._journal.add(command, start_of(self._as_of_on, self._zone) + timedelta(hours=12))
        return Receipt(marker=command.marker, handed_over_at=entry.applied_at, confirmed_at=entry.applied_at)

    def _refuse_a_stranger(self, command: Command) -> None:
        if not self._exists(command.lead_id):
            raise CrmRefusalError(f"the sample has no lead {command.lead_id!r}: pull again, it may have vanished")

    def _told(self, numbers: np.ndarray, window: Window) -> Iterator[Batch]:
        """The batches of these leads, without the empty ones."""
        timeline, entries = self._world.timeline, self._entries(window)
        since_s = timeline.wall_s(window.since) if window.since else timeline.first_s
        commanded = np.array([number_of(entry.command.lead_id) for entry in entries], dtype=np.int64)
        leads, fates = active(self._world, numbers, since_s, commanded)
        lives = lives_of(self._world, leads, fates, entries)
        recorded_us = timeline.utc_us(lives.events.recorded_s)
        is_seen = recorded_us < microseconds(window.until)
        is_new = is_seen if window.since is None else is_seen & (recorded_us >= microseconds(window.since))
        yield from filled(Lead, lead_rows(self._world, lives, is_seen, is_new))
        yield from filled(Event, event_rows(self._world, lives, is_new))
        yield from filled(Rejection, rejection_rows(self._world, lives, is_new))
        yield from filled(Contract, contracts(self._world, lives, is_seen, is_new))

    def _pieces(self, window: Window) -> Iterator[np.ndarray]:
        """Numbers of the leads that may have done something in the window, piece by piece."""
        timeline = self._world.timeline
        until_s = timeline.wall_s(window.until)
        since_s = timeline.wall_s(window.since) if window.since else timeline.first_s
        low, high = timeline.numbers_between(since_s - LIFE_WEEKS * WEEK, until_s)
        numbers = {number_of(entry.command.lead_id) for entry in self._entries(window)}
        if early := sorted(number for number in numbers if number < low):
            yield np.array(early, dtype=np.int64)
        for begin in range(low, high, PIECE_LEADS_N):
            yield np.arange(begin, min(begin + PIECE_LEADS_N, high), dtype=np.int64)

    def _entries(self, window: Window) -> list[Entry]:
        """Commands that were carried out before the window closed."""
        return [entry for entry in self._journal.entries() if entry.applied_at < window.until]

    def _exists(self, lead_id: str) -> bool:
        """Whether this is the id of a lead created before the as-of day."""
        return re.fullmatch(r"L\d{7}", lead_id, re.ASCII) is not None and number_of(lead_id) < self._created_n()

    def _created_n(self) -> int:
        """How many leads were created before the as-of day."""
        timeline = self._world.timeline
        now_s = timeline.wall_s(start_of(self._as_of_on, self._zone))
        low, high = timeline.numbers_between(now_s, now_s)
        numbers = np.arange(low, high)
        return low + int((timeline.created_s(numbers, self._world.dice) < now_s).sum())

    def _cuts(self) -> list[datetime]:
        """Mondays that cut the world into parts of equal volume."""
        timeline = self._world.timeline
        part_n = timeline.leads_n / max(WINDOWS_LEAST_N, -(-timeline.leads_n // WINDOW_LEADS_N))
        parts_n = int(timeline.starts[-1] / part_n)
        weeks = np.unique(np.searchsorted(timeline.starts, np.arange(1, parts_n + 1) * part_n))
        return [start_of(timeline.first_on + timedelta(weeks=int(week)), self._zone) for week in weeks]


def filled(noun: type, rows: pd.DataFrame) -> Iterator[Batch]:
    """A batch, unless it is empty."""
    if len(rows):
        yield Batch(noun=noun, rows=rows)


def microseconds(instant: datetime) -> int:
    """Since 1970 in UTC."""
    return (instant - EPOCH) // timedelta(microseconds=1)
