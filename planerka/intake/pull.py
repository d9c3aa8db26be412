"""Pull: window by window from the source into the store, each whole or not at all.

A window's rows, what was held back, what its gate said and the record of the window itself are one transaction: a
killed pull goes on with the window it was in, and pulling a window again changes nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from planerka.crm.base import Batch, Crm, Window
from planerka.intake.answers import Context
from planerka.intake.check import check_rows
from planerka.intake.quarantine import held_back
from planerka.model import GateReport, ReferenceKind
from planerka.store import leads, quarantine, references, windows
from planerka.store.windows import PulledWindow, Source

OVERLAP = timedelta(hours=6)
"""Read again from before the last window's end: a CRM commits some changes late, under an earlier time."""

Gate = Callable[[Batch, Context], GateReport]
"""The row suite of a batch as a gate; handed in, since the gates lie to the right of the intake."""

Progress = Callable[[str, int], None]
"""Told after every window: until when, and how many rows."""


@dataclass(frozen=True, kw_only=True)
class PullReport:
    """What one pull did, or one window of it. `reports` are the gate reports of its batches."""

    data_until: datetime
    windows_n: int = 0
    rows_n: int = 0
    changed_n: int = 0
    quarantined_n: int = 0
    reports: tuple[GateReport, ...] = ()

    def __add__(self, other: "PullReport") -> "PullReport":
        return PullReport(
            data_until=max(self.data_until, other.data_until),
            windows_n=self.windows_n + other.windows_n,
            rows_n=self.rows_n + other.rows_n,
            changed_n=self.changed_n + other.changed_n,
            quarantined_n=self.quarantined_n + other.quarantined_n,
            reports=self.reports + other.reports,
        )


def pull(engine: sa.Engine, crm: Crm, gate: Gate, zone: ZoneInfo, now: datetime, progress: Progress) -> PullReport:
    """Pull everything that changed up to `crm.data_until(now)`; nothing where the store has it already."""
    until = crm.data_until(now)
    report = PullReport(data_until=until)
    with engine.begin() as connection:
        since = windows.last_until(connection, crm.source)
    for window in windows_to_pull(crm, since, until):
        with engine.begin() as connection:
            if window.token and windows.has_token(connection, crm.source, window.token):
                continue
            pulled = pull_window(connection, crm, window, gate, zone, now)
            source = Source(source=crm.source, lacks=crm.lacks(), data_until=window.until)
            windows.put_source(connection, source)
        progress(window.until.isoformat(), pulled.rows_n)
        report += pulled
    return report


def windows_to_pull(crm: Crm, since: datetime | None, until: datetime) -> list[Window]:
    """Windows that hold something new; an export knows itself by its token, whatever its date."""
    windows_ = list(crm.windows(since and since - OVERLAP, until))
    return [window for window in windows_ if window.token or since is None or window.until > since]


def pull_window(
    connection: sa.Connection, crm: Crm, window: Window, gate: Gate, zone: ZoneInfo, now: datetime
) -> PullReport:
    """One window, in the caller's transaction."""
    context = context_of(connection, crm.source, min(window.until, now))
    report = PullReport(data_until=window.until, windows_n=1)
    for batch in crm.read(window):
        checks = check_rows(batch, context)
        report += PullReport(
            data_until=window.until,
            rows_n=len(batch.rows),
            changed_n=len(leads.store_batch(connection, crm.source, batch.noun, batch.rows[checks.is_fit], zone)),
            quarantined_n=quarantine.add(connection, crm.source, held_back(batch, checks), now),
            reports=(gate(batch, context),),
        )
        context = context.learn(batch.noun, batch.rows[checks.is_fit])
    windows.record(connection, recorded(crm.source, window, report, now))
    return report


def context_of(connection: sa.Connection, source: str, until: datetime) -> Context:
    known = references.references(connection, source)
    coded = (ReferenceKind.STAGE, ReferenceKind.REASON)
    mapped = {kind: frozenset(id_ for id_, named in known[kind].items() if named.code) for kind in coded}
    return Context(until=until, leads=leads.created_at_by_id(connection, source), mapped=mapped)


def recorded(source: str, window: Window, report: PullReport, now: datetime) -> PulledWindow:
    return PulledWindow(
        source=source,
        since=window.since,
        until=window.until,
        token=window.token,
        rows_n=report.rows_n,
        changed_n=report.changed_n,
        quarantined_n=report.quarantined_n,
        checks=tuple(check for gate_report in report.reports for check in gate_report.checks),
        pulled_at=now,
    )


def sweep(engine: sa.Engine, crm: Crm, now: datetime) -> int:
    """Mark the leads that the source no longer has; returns how many vanished."""
    with engine.begin() as connection:
        return leads.sweep(connection, crm.source, crm.lead_ids(), now)
