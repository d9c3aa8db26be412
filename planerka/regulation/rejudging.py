"""Judging again, when somebody asks for it: with all that is known today of the moment of each rejection.

A verdict is added only where it would say something else, and says what changed and why it was asked for. Nothing
is locked: a verdict's number is its key, so of two runs at once the second finds nothing left to say, and one that
was killed is gone on with by asking again.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pandas as pd
import sqlalchemy as sa

from planerka.clock import WorkCalendar
from planerka.errors import UsageError
from planerka.model import Outcome, Rejudged, Verdict
from planerka.phones import masked
from planerka.regulation.changes import what_changed
from planerka.regulation.evidence import evidence_of
from planerka.regulation.findings import EN, RU, verdict_rows
from planerka.regulation.judge import judge
from planerka.regulation.judging import BATCH_N, Bench, bench_of, by_edition, lives_of
from planerka.regulation.signed import refuse_altered
from planerka.store import disputes, verdicts
from planerka.store.rejections import Asked, judged_rejections

EVER = timedelta(days=36_500)
"""Instead of the settling time: whatever has become known since counts, if it had happened by the rejection."""


@dataclass(frozen=True, kw_only=True)
class RejudgeReport:
    """`looked_at_n` settled rejections were judged again; the `added` verdicts are those that say something new.

    `by_change` counts them by the outcome before and after. Of the disputes over them, `fallen_n` waited for a ruling
    and have nothing left to rule on, for the rejection is lawful now; of `ruled_n` the rulings stand.
    """

    looked_at_n: int = 0
    added: tuple[Verdict, ...] = ()
    by_change: dict[str, int] = field(default_factory=dict)
    fallen_n: int = 0
    ruled_n: int = 0


def rejudge(
    engine: sa.Engine, source: str, office: WorkCalendar, asked: Asked, why: str, now: datetime
) -> RejudgeReport:
    """Judge settled rejections again by the edition of their day and today's evidence; each batch is a transaction.

    `why` stands in every verdict that is added, phones and e-mails masked. UsageError without one; RulebookError while
    an edition of the store is not the one that was signed.
    """
    if not why.strip():
        raise UsageError("judging again needs a reason, which both departments read beside the verdict: give --why")
    with engine.begin() as connection:
        refuse_altered(connection)
        bench = bench_of(connection, source, office, now)
        if bench is None:
            return RejudgeReport()
        chosen = judged_rejections(connection, source, asked)
    report = RejudgeReport(looked_at_n=len(chosen))
    for start in range(0, len(chosen), BATCH_N):
        with engine.begin() as connection:
            report = rejudge_batch(connection, bench, chosen.iloc[start : start + BATCH_N], masked(why.strip()), report)
    return report


def rejudge_batch(
    connection: sa.Connection, bench: Bench, rejections: pd.DataFrame, why: str, report: RejudgeReport
) -> RejudgeReport:
    source = bench.source.source
    found = list(new_verdicts(connection, bench, rejections, why))
    new_ids = set(verdicts.add(connection, source, [after for _, after in found], bench.now))
    added = [(before, after) for before, after in found if after.rejection_id in new_ids]
    disputed = disputes.over(connection, source, pd.Series(sorted(new_ids), dtype="str"))
    by_change = Counter(f"{before.outcome} → {after.outcome}" for before, after in added)
    return replace(
        report,
        added=(*report.added, *(after for _, after in added)),
        by_change=dict(Counter(report.by_change) + by_change),
        fallen_n=report.fallen_n + sum(view.is_fallen for view in disputed),
        ruled_n=report.ruled_n + sum(view.is_ruled for view in disputed),
    )


def new_verdicts(
    connection: sa.Connection, bench: Bench, rejections: pd.DataFrame, why: str
) -> Iterator[tuple[Verdict, Verdict]]:
    """The newest verdict and the one to follow it, of each rejection of which there is something new to say.

    One that nobody could judge today, for the mapping has forgotten its reason, keeps the verdict it has.
    """
    known = verdicts.newest(connection, bench.source.source, rejections["id"])
    events, own = lives_of(connection, bench.source.source, rejections)
    lacks = bench.source.lacks
    for edition, part in by_edition(bench, rejections):
        evidence = evidence_of(part.reset_index(drop=True), events, own, bench.stock, bench.office, lacks, EVER)
        for row in verdict_rows(edition, evidence, judge(edition, evidence, lacks), lacks):
            before = known[row["rejection_id"]]
            after = verdicts.verdict_of(row | {"number": before.number + 1})
            changed = None if after.outcome == Outcome.NOT_JUDGED else what_changed(before, after)
            if changed:
                yield before, replace(after, rejudged=Rejudged(why=why, ru=changed[RU], en=changed[EN]))
