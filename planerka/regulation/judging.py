"""Judging what is new: settled rejections without a verdict.

A rejection is settled once the source is complete for `settling_hours` after it, by the source's time and not by
the clock: when a pull has been failing for three days, the calls of those days are missing, not unmade.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

import pandas as pd
import sqlalchemy as sa

from planerka.clock import WorkCalendar
from planerka.model import GateReport, Outcome
from planerka.regulation.editions import places_in_force
from planerka.regulation.evidence import EVENT_FIELDS, evidence_of
from planerka.regulation.findings import verdict_rows
from planerka.regulation.history import EVIDENCE_KINDS
from planerka.regulation.judge import judge
from planerka.regulation.signed import edition_in_force, signed_editions
from planerka.rulebook.regulation import Edition
from planerka.store import gates, leads, verdicts
from planerka.store.rejections import rejected_before, unjudged_rejections
from planerka.store.windows import Source, get_source

ClauseGate = Callable[[Edition, pd.DataFrame], GateReport]
"""An edition as a suite over evidence; handed in, since the gates lie to the right of the regulation."""

BATCH_N = 50_000
"""Rejections judged at once: their events, about a dozen each, are what fills memory."""


@dataclass(frozen=True, kw_only=True)
class JudgeReport:
    """What one run judged. `unsettled_n` wait for late calls; `not_judged_n` had no edition in force, or a reason
    that the mapping does not know: both are looked at again by the next run. `edition` None: none is in force where
    the data end; `begins_on` is then the day from which the first signed one is, None where none is signed.
    """

    edition: str | None = None
    begins_on: date | None = None
    judged_n: int = 0
    by_outcome: dict[str, int] = field(default_factory=dict)
    unsettled_n: int = 0
    not_judged_n: int = 0


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What every batch is judged with. `editions` are the signed ones, oldest first."""

    source: Source
    editions: Sequence[Edition]
    stock: pd.DataFrame
    office: WorkCalendar
    now: datetime


def bench_of(connection: sa.Connection, source: str, office: WorkCalendar, now: datetime) -> Bench | None:
    """None where nothing was pulled or no edition is signed: there is nothing to judge, or nothing to judge by."""
    known, editions = get_source(connection, source), signed_editions(connection)
    if known is None or not editions:
        return None
    return Bench(source=known, editions=editions, stock=leads.stock_of(connection, source), office=office, now=now)


def judge_new_rejections(
    engine: sa.Engine, source: str, office: WorkCalendar, gate: ClauseGate, now: datetime
) -> JudgeReport:
    """Write a verdict for every settled rejection that has none.

    Judged by the edition in force on the local day of the rejection; those before the first are counted, not read.
    Each batch is one transaction, and what its clauses found is kept as a gate report beside it.
    """
    with engine.begin() as connection:
        bench = bench_of(connection, source, office, now)
        if bench is None:
            return JudgeReport(not_judged_n=rejected_before(connection, source, date.max))
        known, first_on = bench.source, bench.editions[0].effective_on
        in_force_now = edition_in_force(connection, known.data_until, office.zone)
        waiting = unjudged_rejections(connection, source, known.data_until, first_on, known.data_from)
        before_n = rejected_before(connection, source, first_on)
    report = JudgeReport(
        edition=in_force_now.name if in_force_now else None,
        begins_on=None if in_force_now else first_on,
        not_judged_n=before_n,
    )
    for start in range(0, len(waiting), BATCH_N):
        with engine.begin() as connection:
            report = judge_batch(connection, bench, gate, waiting.iloc[start : start + BATCH_N], report)
    return report


def judge_batch(
    connection: sa.Connection, bench: Bench, gate: ClauseGate, waiting: pd.DataFrame, report: JudgeReport
) -> JudgeReport:
    source = bench.source.source
    events, own = lives_of(connection, source, waiting)
    outcomes, lacks = Counter(report.by_outcome), bench.source.lacks
    judged_n, unsettled_n, left_n = report.judged_n, report.unsettled_n, report.not_judged_n
    for edition, part in by_edition(bench, waiting):
        settling = timedelta(hours=edition.norms.settling_hours)
        settled = part[part["at"] < bench.source.data_until - settling].reset_index(drop=True)
        evidence = evidence_of(settled, events, own, bench.stock, bench.office, lacks, settling)
        if len(settled):
            gates.add(connection, source, gate(edition, evidence), bench.now)
        rows = verdict_rows(edition, evidence, judge(edition, evidence, lacks), lacks)
        judged = [verdicts.verdict_of(row | {"number": 1}) for row in rows if row["outcome"] != Outcome.NOT_JUDGED]
        judged_n += len(verdicts.add(connection, source, judged, bench.now))
        unsettled_n += len(part) - len(settled)
        left_n += len(rows) - len(judged)
        outcomes.update(str(verdict.outcome) for verdict in judged)
    return replace(report, judged_n=judged_n, by_outcome=dict(outcomes), unsettled_n=unsettled_n, not_judged_n=left_n)


def lives_of(connection: sa.Connection, source: str, rejections: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The events that evidence is made of, and the leads themselves: of the rejected leads and of the originals that
    duplicates name."""
    ids = pd.concat([rejections["lead_id"], rejections["duplicate_of_id"]])
    return leads.events_of(connection, source, ids, EVENT_FIELDS, EVIDENCE_KINDS), leads.leads_of(
        connection, source, ids
    )


def by_edition(bench: Bench, rejections: pd.DataFrame) -> Iterator[tuple[Edition, pd.DataFrame]]:
    """The rejections of each edition, by the local day on which they happened; those before the first have none."""
    places = places_in_force(bench.editions, rejections["happened_on"].to_numpy("datetime64[D]"))
    for place, part in rejections.groupby(places, sort=True):
        if place >= 0:
            yield bench.editions[place], part.rename(columns={"reason_code": "reason"})
