"""Judging again, when somebody asks for it: with all that is known today of the moment of each rejection.

An event tells when it happened: a late one counts. Neither a card nor a reason tells since when it says what it says:
they count as the last verdict saw them. And what the source lacked then it lacks still, and nothing else. All but where
today's source is asked for: after a mapping was mended, or telephony came with its past.

A verdict is added only where it would say something else, and says what changed and why it was asked for. Nothing
is locked: a verdict's number is its key, so of two runs at once the second finds nothing left to say, and one that
was killed is gone on with by asking again.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import sqlalchemy as sa

from planerka.clock import WorkCalendar
from planerka.errors import UsageError
from planerka.model import Outcome, Rejudged, Verdict
from planerka.phones import masked
from planerka.regulation.changes import what_changed
from planerka.regulation.evidence import evidence_of
from planerka.regulation.fields import FIELDS, NUMBERS, Field, FieldKind
from planerka.regulation.findings import EN, RU, verdict_rows
from planerka.regulation.judge import judge
from planerka.regulation.judging import BATCH_N, Bench, bench_of, by_edition, lives_of
from planerka.regulation.signed import refuse_altered
from planerka.rulebook.regulation import Edition
from planerka.store import disputes, erasure, verdicts
from planerka.store.rejections import Asked, judged_rejections
from planerka.store.touched import hold
from planerka.unseen import unseen_in

EVER = timedelta(days=36_500)
"""Instead of the settling time: whatever has become known since counts, if it had happened by the rejection."""


@dataclass(frozen=True, kw_only=True)
class Added:
    """A verdict that says something new, and in both languages what."""

    rejection_id: str
    number: int
    outcome: Outcome
    ru: str
    en: str


@dataclass(frozen=True, kw_only=True)
class RejudgeReport:
    """`looked_at_n` settled rejections were judged again; verdicts were `added` where there was something new to say.

    `by_change` counts them by the outcome before and after. Of the disputes over them, `fallen_n` waited for a ruling
    and have nothing left to rule on, for the rejection is lawful now; of `ruled_n` the rulings stand.
    """

    looked_at_n: int = 0
    added: tuple[Added, ...] = ()
    by_change: dict[str, int] = field(default_factory=dict)
    fallen_n: int = 0
    ruled_n: int = 0


def rejudge(
    engine: sa.Engine,
    source: str,
    office: WorkCalendar,
    asked: Asked,
    why: str,
    now: datetime,
    *,
    is_by_todays_source: bool = False,
) -> RejudgeReport:
    """Judge settled rejections again by the edition of their day and today's evidence; each batch is a transaction.

    `why` stands in every verdict that is added, phones and e-mails masked. UsageError without one, and for signs in it
    that nobody sees; RulebookError while an edition of the store is not the one that was signed.
    """
    why = " ".join(why.split())
    if not why:
        raise UsageError("judging again needs a reason, which both departments read beside the verdict: give --why")
    if unseen := unseen_in(why):
        raise UsageError(f"the reason has a sign that nobody sees, {unseen}: write it anew")
    with engine.begin() as connection:
        refuse_altered(connection)
        bench = bench_of(connection, source, office, now)
        if bench is None:
            return RejudgeReport()
        chosen = judged_rejections(connection, source, asked)
    rejudging = Rejudging(bench, masked(why), is_by_todays_source)
    report = RejudgeReport()
    for start in range(0, len(chosen), BATCH_N):
        with engine.begin() as connection:
            report = rejudging.batch(connection, chosen.iloc[start : start + BATCH_N], report)
    return report


@dataclass(frozen=True)
class Rejudging:
    """What every batch has in common."""

    bench: Bench
    why: str
    is_by_todays_source: bool

    def batch(self, connection: sa.Connection, rejections: pd.DataFrame, report: RejudgeReport) -> RejudgeReport:
        source = self.bench.source.source
        hold(connection, source)  # of two at once, the second reads what the first has said
        known = verdicts.newest(connection, source, rejections["id"])
        if not self.is_by_todays_source:
            rejections = as_seen(rejections, known)
        rejections = without_forgotten(connection, source, rejections)
        found = {
            after.rejection_id: (known[after.rejection_id], after)
            for after in self.new_verdicts(connection, rejections, known)
        }
        new_ids = verdicts.add(connection, source, [after for _, after in found.values()], self.bench.now)
        subject_ids = pd.Series(sorted(new_ids), dtype="str")
        fallen_n = disputes.follow_verdicts(connection, source, subject_ids, self.bench.now)
        by_change = Counter(f"{before.outcome} → {after.outcome}" for before, after in map(found.__getitem__, new_ids))
        return replace(
            report,
            looked_at_n=report.looked_at_n + len(rejections),
            added=(*report.added, *(added(found[id_][1]) for id_ in new_ids)),
            by_change=dict(Counter(report.by_change) + by_change),
            fallen_n=report.fallen_n + fallen_n,
            ruled_n=report.ruled_n + sum(v.state.is_ruled for v in disputes.over(connection, source, subject_ids)),
        )

    def new_verdicts(
        self, connection: sa.Connection, rejections: pd.DataFrame, known: Mapping[str, Verdict]
    ) -> Iterator[Verdict]:
        """The verdict to follow the newest, of each rejection of which there is something new to say.

        One that nobody could judge today, for the mapping has forgotten its reason, keeps the verdict it has.
        """
        bench = self.bench
        events, own = lives_of(connection, bench.source.source, rejections)
        for edition, lacks, part in self.by_rules(rejections, known):
            evidence = evidence_of(part, events, own, bench.stock, bench.office, lacks, EVER)
            for row in verdict_rows(edition, evidence, judge(edition, evidence, lacks), lacks):
                before = known[row["rejection_id"]]
                after = verdicts.verdict_of(row | {"number": before.number + 1})
                changed = None if after.outcome == Outcome.NOT_JUDGED else what_changed(before, after, edition)
                if changed:
                    yield replace(after, rejudged=Rejudged(why=self.why, ru=changed[RU], en=changed[EN]))

    def by_rules(
        self, rejections: pd.DataFrame, known: Mapping[str, Verdict]
    ) -> Iterator[tuple[Edition, frozenset[str], pd.DataFrame]]:
        """The rejections of each edition, and of them those for which the source is taken to lack the same."""
        today = tuple(sorted(self.bench.source.lacks))
        lacked = {id_: today if self.is_by_todays_source else verdict.lacks for id_, verdict in known.items()}
        for edition, part in by_edition(self.bench, rejections):
            for lacks, some in part.groupby(part["id"].map(lacked), sort=False):
                yield edition, frozenset(lacks), some.reset_index(drop=True)


def as_seen(rejections: pd.DataFrame, known: Mapping[str, Verdict]) -> pd.DataFrame:
    """The rejections with the reasons they were judged by and what their verdicts saw on the cards; what no clause of
    that time read is today's.
    """
    judged = [known[id_] for id_ in rejections["id"]]
    columns = {"reason_code": pd.Series([verdict.reason for verdict in judged], rejections.index, dtype="str")}
    for fact in filter(lambda fact: fact.is_of_card, FIELDS):
        name = fact.name
        today = rejections[name].astype(object).where(rejections[name].notna(), None)
        values = [verdict.evidence.get(name, now) for verdict, now in zip(judged, today, strict=True)]
        columns[name] = on_card(fact, values, rejections.index)
    return rejections.assign(**columns)


def without_forgotten(connection: sa.Connection, source: str, rejections: pd.DataFrame) -> pd.DataFrame:
    """Of leads that were blanked, and of those whose original was, too little is known to judge them again."""
    named = rejections[["lead_id", "duplicate_of_id"]]
    forgotten = erasure.erased_of(connection, source, pd.concat([named[column] for column in named]))
    return rejections[~named.isin(forgotten).any(axis=1)].reset_index(drop=True)


def on_card(fact: Field, values: list[Any], index: pd.Index) -> pd.Series:
    """Values of snapshots as a card has them: of a text they only tell that it was there."""
    if fact.kind == FieldKind.YES_NO:
        return pd.Series(values, index, dtype="boolean")
    if fact.kind in NUMBERS:
        return pd.Series(values, index, dtype="float64")
    return pd.Series([str(value) if value else None for value in values], index, dtype="str")


def added(verdict: Verdict) -> Added:
    changed = verdict.rejudged
    assert changed is not None, "only a verdict that was judged again is added"
    return Added(
        rejection_id=verdict.rejection_id,
        number=verdict.number,
        outcome=verdict.outcome,
        ru=changed.ru,
        en=changed.en,
    )
