"""Pull: window by window from the source into the store, each whole or not at all.

A window's rows, what was held back, what the row tests counted and the record of the window itself are one
transaction: a killed pull goes on with the window it was in, and pulling a window again changes nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain, takewhile
from time import monotonic
from zoneinfo import ZoneInfo

import pandas as pd
import sqlalchemy as sa

from planerka.crm.base import Batch, Crm, Window
from planerka.intake.answers import Context, is_in
from planerka.intake.check import SUITE, check_rows, check_sought
from planerka.intake.fitness import require_open_gate
from planerka.intake.quarantine import held_back, row_keys
from planerka.intake.row_tests import BY_KEY
from planerka.intake.spec import merged
from planerka.model import Check, GateReport, ReferenceKind, noun_name
from planerka.store import leads, quarantine, references, windows
from planerka.store.database import reading
from planerka.store.intake_facts import created_at_of, last_window
from planerka.store.windows import PulledWindow, Source

OVERLAP = timedelta(hours=6)
"""Changes so fresh when they were read are read again: a CRM commits some late, under an earlier time."""

MINUTE_S = 60
"""What is over in less needs no telling."""

NO_LEADS = pd.Series(index=pd.Index([], dtype="str"), dtype="datetime64[us, UTC]")


@dataclass(frozen=True, kw_only=True)
class Step:
    """A window that is stored: its end, its rows, and how many seconds those that are left may take.

    `left_s` goes by the windows of this pull so far; 0 after the last.
    """

    until: datetime
    rows_n: int
    left_s: float

    def __str__(self) -> str:
        hours, minutes = divmod(round(self.left_s / 60), 60)
        about = f"{hours} h {minutes} min" if hours else f"{minutes} min"
        left = f"; about {about} left" if self.left_s >= MINUTE_S else ""
        return f"pulled up to {self.until.isoformat()}: {self.rows_n} rows{left}"


Progress = Callable[[Step], None]
"""Told after every window."""

Count = Callable[[int], object]
"""Told after every batch how many rows it had: an export is one window, and takes minutes."""


@dataclass(frozen=True, kw_only=True)
class PullReport:
    """What one pull did, summed over its windows; `checks` are the row tests that ran.

    `quarantined_n`: rows that this pull held back, and that were not held in this form before; `waiting_n`: all that
    wait in quarantine now, those of earlier pulls too.
    """

    data_until: datetime
    rows_n: int = 0
    changed_n: int = 0
    quarantined_n: int = 0
    waiting_n: int = 0
    checks: tuple[Check, ...] = ()


def pull(
    engine: sa.Engine,
    crm: Crm,
    zone: ZoneInfo,
    now: datetime,
    progress: Progress,
    count: Count = lambda rows_n: None,
    may_go_back: Callable[[], bool] = lambda: True,
) -> PullReport:
    """Pull everything that changed up to `crm.data_until(now)`; nothing where the store has it already.

    Then what is older than anything pulled so far, window by window for as long as `may_go_back`.
    """
    until = crm.data_until(now)
    report = PullReport(data_until=until)
    with reading(engine) as connection:
        last = last_window(connection, crm.source)
        context = context_of(connection, crm.source, until)
    began_s, done_n = monotonic(), 0
    for window, left_n in chain(counted(windows_to_pull(crm, last, until)), older(engine, crm, may_go_back)):
        with engine.begin() as connection:
            if window.token and windows.has_token(connection, crm.source, window.token):
                continue
            done, context = pull_window(connection, crm, window, context, zone, now, count)
        report, done_n = with_window(report, done), done_n + 1
        progress(Step(until=window.until, rows_n=done.rows_n, left_s=left_n * (monotonic() - began_s) / done_n))
    with reading(engine) as connection:
        return replace(report, waiting_n=quarantine.waiting_n(connection, crm.source))


def with_window(report: PullReport, window: PulledWindow) -> PullReport:
    """The sums with one window more: there may be hundreds, each with a line for every check."""
    found = [GateReport(suite=SUITE, checks=checks) for checks in (report.checks, window.checks)]
    return replace(
        report,
        rows_n=report.rows_n + window.rows_n,
        changed_n=report.changed_n + window.changed_n,
        quarantined_n=report.quarantined_n + window.quarantined_n,
        checks=merged(SUITE, found, BY_KEY).checks,
    )


def counted(windows_: Sequence[Window]) -> Iterator[tuple[Window, int]]:
    """Each window, with how many follow it."""
    return zip(windows_, reversed(range(len(windows_))), strict=True)


def older(engine: sa.Engine, crm: Crm, may_go_back: Callable[[], bool]) -> Iterator[tuple[Window, int]]:
    """The windows before the first one pulled, newest first: a week of a CRM is of use long before its history is."""
    with reading(engine) as connection:
        known = windows.get_source(connection, crm.source)
    if known is None or known.data_from is None:
        return
    history = crm.history(known.data_from)
    if not history:  # nobody was there before
        with engine.begin() as connection:
            windows.put_source(connection, replace(known, data_from=None))
    yield from takewhile(lambda window: may_go_back(), counted(history))


def windows_to_pull(crm: Crm, last: PulledWindow | None, until: datetime) -> list[Window]:
    """The windows, the overlap too where one may hold something new; an export knows itself by its token."""
    if last is None:
        return list(crm.windows(None, until))
    windows_ = list(crm.windows(min(last.until, last.pulled_at - OVERLAP), until))
    is_news = any(window.token or window.until > last.until for window in windows_)
    return windows_ if is_news else []


def pull_window(
    connection: sa.Connection, crm: Crm, window: Window, context: Context, zone: ZoneInfo, now: datetime, count: Count
) -> tuple[PulledWindow, Context]:
    """One window, in the caller's transaction; the context knows its references from then on.

    A card of a CRM shows what is so now: it may tell of days that lie behind its window, and not behind the pull.
    """
    context = replace(context, leads=NO_LEADS)
    waiting = quarantine.waiting_nouns(connection, crm.source)
    known = windows.get_source(connection, crm.source)
    store = leads.store_batch if known else leads.load_batch
    rows_n = changed_n = quarantined_n = 0
    reports = []
    for batch in crm.read(window):
        checks = check_rows(batch, replace(context, leads=leads_named(connection, crm.source, batch, context.leads)))
        fit = batch.rows[checks.is_fit]
        rows_n += len(batch.rows)
        changed_n += store(connection, crm.source, batch.noun, fit, zone) if len(fit) else 0
        quarantined_n += quarantine.add(connection, crm.source, held_back(batch, checks), now)
        if (noun := noun_name(batch.noun)) in waiting:
            quarantine.supersede(connection, crm.source, noun, row_keys(batch.noun, fit), now)
        reports += [checks.report, check_sought(batch)]
        context = context.learn(batch.noun, fit)
        count(len(batch.rows))
    done = PulledWindow(
        source=crm.source,
        since=window.since,
        until=window.until,
        token=window.token,
        rows_n=rows_n,
        changed_n=changed_n,
        quarantined_n=quarantined_n,
        checks=merged(SUITE, reports, BY_KEY).checks,
        pulled_at=now,
    )
    windows.record(connection, done)
    windows.put_source(connection, reached(known, crm, window))
    return done, context


def reached(known: Source | None, crm: Crm, window: Window) -> Source:
    """How far the source is complete with this window: an export is as far as itself, a CRM as far as all windows."""
    until = window.until if known is None or window.token else max(known.data_until, window.until)
    is_longer = known is None or (known.data_from and (window.since is None or window.since < known.data_from))
    data_from = window.since if known is None or is_longer else known.data_from
    return Source(source=crm.source, lacks=crm.lacks(), data_from=data_from, data_until=until)


def leads_named(connection: sa.Connection, source: str, batch: Batch, learned: pd.Series) -> pd.Series:
    """The known leads that rows of the batch belong to, as `Context.leads`; those of this window are stored already.

    Events mostly follow their leads: the store is asked only for those that are not among the ones just learned.
    """
    ids = batch.rows.get("lead_id", pd.Series(dtype="str"))
    others = ids[~is_in(ids, learned.index)]
    return pd.concat([learned, created_at_of(connection, source, others)]) if others.notna().any() else learned


def context_of(connection: sa.Connection, source: str, until: datetime) -> Context:
    """What is known before the first batch; no lead is, until a batch names it."""
    known = references.references(connection, source)
    coded = (ReferenceKind.STAGE, ReferenceKind.REASON)
    mapped = {kind: frozenset(id_ for id_, named in known[kind].items() if named.code) for kind in coded}
    return Context(until=until, leads=NO_LEADS, mapped=mapped)


def sweep(engine: sa.Engine, crm: Crm, now: datetime) -> int:
    """Mark the leads that the source no longer has; returns how many vanished.

    GateStoppedError while what was pulled last is unfit: an export that was cut short lacks leads that are still there.
    """
    require_open_gate(engine, crm.source)
    with engine.begin() as connection:
        return leads.sweep(connection, crm.source, crm.lead_ids(), now)
