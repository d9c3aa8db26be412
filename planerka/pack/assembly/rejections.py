"""Section 5: what the regulation says of the rejections, both departments' share of the junk, and what was won back."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pandas as pd

from planerka.clock import start_of
from planerka.model import ClauseResult, Consequence, Decision, EventKind, LeadStatus, Outcome, ReferenceKind
from planerka.pack.assembly.week import PackWeek, Stretch, figure_of
from planerka.pack.facts import (
    ClauseFact,
    DisputeFacts,
    JunkFact,
    Ledger,
    NeglectFact,
    NotCheckable,
    ReasonFact,
    Rejections,
    Text,
    VerdictCounts,
    WrongFact,
)
from planerka.regulation.judge import not_checkable, words_of
from planerka.rulebook.measures import JUNK_REASONS
from planerka.store import meeting_facts

SHARES = ("unlawful_share", "unprovable_share")
LEDGER_WEEKS_N = 26
"""A returned lead is followed for half a year: most of what will be signed is signed by then."""


@dataclass(frozen=True)
class Broken:
    """One finding of one rejection."""

    clause: str
    result: ClauseResult
    consequence: Consequence
    manager_id: str | None


def rejections(pack: PackWeek) -> Rejections:
    counts = verdict_counts(pack, pack.now)
    broken = list(findings(pack, pack.now))
    return Rejections(
        verdicts=totals(counts),
        before=totals(verdict_counts(pack, pack.before)),
        shares=pack.trends(SHARES),
        clauses=clauses(pack, counts, broken),
        not_checkable=gaps(pack),
        junk=junk(pack),
        wrong=wrong(pack),
        neglect_norm_days=pack.edition.norms.neglect_days if pack.edition else None,
        neglect=neglect(pack),
        disputes=disputes(pack) if pack.edition else None,
        ledger=ledger(pack),
        missing=() if pack.has("event.rejected") else ("event.rejected",),
        reasons=reasons(pack),
    )


def verdict_counts(pack: PackWeek, stretch: Stretch) -> pd.DataFrame:
    return meeting_facts.verdict_counts(pack.connection, pack.source, *stretch)


def totals(counts: pd.DataFrame) -> VerdictCounts:
    """Rejections by outcome; those without a verdict are not judged."""
    by_outcome = counts.groupby("outcome")["n"].sum()
    return VerdictCounts(**{f"{outcome}_n": int(by_outcome.get(outcome, 0)) for outcome in Outcome})


def findings(pack: PackWeek, stretch: Stretch) -> Iterator[Broken]:
    rows = meeting_facts.findings(pack.connection, pack.source, *stretch)
    for manager_id, text in zip(rows["manager_id"], rows["findings"], strict=True):
        for found in json.loads(text):
            result, consequence = ClauseResult(found["result"]), Consequence(found["consequence"])
            yield Broken(found["clause"], result, consequence, manager_id)


def clauses(pack: PackWeek, counts: pd.DataFrame, broken: Iterable[Broken]) -> tuple[ClauseFact, ...]:
    """The clauses with something to say in the week, those broken most often first."""
    if pack.edition is None:
        return ()
    found = Counter((one.clause, one.result) for one in broken)
    asked = counts[counts["outcome"] != Outcome.NOT_JUDGED].groupby("code")["n"].sum()
    facts = [
        ClauseFact(
            clause=clause.number,
            reason=Text(ru=reason.ru, en=reason.en),
            words=Text(ru=clause.ru, en=clause.en),
            consequence=clause.consequence,
            broken_n=found[clause.number, ClauseResult.BROKEN],
            unprovable_n=found[clause.number, ClauseResult.UNPROVABLE],
            checked_n=int(asked.get(reason.code, 0)) - found[clause.number, ClauseResult.UNPROVABLE],
        )
        for reason in pack.edition.reasons
        for clause in reason.clauses
    ]
    said = [fact for fact in facts if fact.broken_n or fact.unprovable_n]
    return tuple(sorted(said, key=lambda fact: (-fact.broken_n, -fact.unprovable_n, fact.clause)))


def gaps(pack: PackWeek) -> tuple[NotCheckable, ...]:
    if pack.edition is None:
        return ()
    words = words_of(pack.edition)
    return tuple(
        NotCheckable(clause=number, words=Text(ru=words[number][0], en=words[number][1]), missing=missing)
        for number, missing in not_checkable(pack.edition, pack.lacks).items()
    )


def reasons(pack: PackWeek) -> tuple[ReasonFact, ...]:
    """Leads that stand rejected now, by the source's own reasons, most first."""
    counts = meeting_facts.standings(pack.connection, pack.source)
    by_reason = counts[counts["status"] == LeadStatus.REJECTED].groupby("reason_id", dropna=False)["n"].sum()
    facts = [
        ReasonFact(title=pack.title(ReferenceKind.REASON, reason_id), leads_n=int(n))
        for reason_id, n in by_reason.items()
    ]
    return tuple(sorted(facts, key=lambda fact: (-fact.leads_n, fact.title or "")))


def junk(pack: PackWeek) -> tuple[JunkFact, ...]:
    """Valid junk by channel over the quarter: marketing's side of the argument."""
    if pack.edition is None or not pack.has("event.rejected", "lead.channel_id"):
        return ()
    counts = verdict_counts(pack, pack.quarter)
    is_junk = (counts["outcome"] == Outcome.LAWFUL) & counts["code"].isin(JUNK_REASONS)
    names = {reason.code: Text(ru=reason.ru, en=reason.en) for reason in pack.edition.reasons}
    commonest = counts[is_junk].groupby(["channel_id", "code"])["n"].sum()
    shares = pack.reader.values(["valid_junk_share"], *pack.quarter, by=("channel_id",))
    facts = [
        JunkFact(
            channel_title=pack.title(ReferenceKind.CHANNEL, channel_id),
            share=figure_of(values["valid_junk_share"], pack.quarter),
            reason=names[commonest[channel_id].idxmax()] if channel_id in commonest.index else None,
        )
        for (channel_id,), values in shares.items()
        if values["valid_junk_share"].denominator_n
    ]
    return tuple(sorted(facts, key=lambda fact: -(fact.share.value or 0)))


def wrong(pack: PackWeek) -> tuple[WrongFact, ...]:
    """Wrong rejections by person over the quarter: sales' side of the argument.

    The clause broken most is of those that void a rejection: a fault does not make it wrong.
    """
    if pack.edition is None or not pack.has("event.rejected", "event.manager_id"):
        return ()
    words = words_of(pack.edition)
    broken: dict[str | None, Counter[str]] = {}
    for one in findings(pack, pack.quarter):
        if one.result == ClauseResult.BROKEN and one.consequence == Consequence.VOID:
            broken.setdefault(one.manager_id, Counter())[one.clause] += 1
    facts = []
    for (manager_id,), values in pack.reader.values(SHARES, *pack.quarter, by=("manager_id",)).items():
        unlawful, unprovable = (figure_of(values[kpi], pack.quarter) for kpi in SHARES)
        clause = next((number for number, _ in broken.get(manager_id, Counter()).most_common(1)), None)
        facts.append(
            WrongFact(
                manager_title=pack.title(ReferenceKind.MANAGER, manager_id),
                unlawful=unlawful,
                unprovable=unprovable,
                clause=clause,
                words=Text(ru=words[clause][0], en=words[clause][1]) if clause else None,
            )
        )
    judged = [fact for fact in facts if fact.unlawful.denominator_n]
    return tuple(sorted(judged, key=lambda fact: -(fact.unlawful.value or 0)))


def neglect(pack: PackWeek) -> tuple[NeglectFact, ...]:
    """Leads that lie untouched at the end of the week, by who owned them when the silence began."""
    silences = meeting_facts.silences(pack.connection, pack.source, pack.until)
    open_n = meeting_facts.open_leads(pack.connection, pack.source)
    facts = [
        NeglectFact(
            manager_title=pack.title(ReferenceKind.MANAGER, manager_id),
            neglected_n=len(theirs),
            open_n=max(open_n.get(manager_id, 0), len(theirs)),
            longest_days=(pack.until - theirs["last_touch_at"].min()).days,
        )
        for manager_id, theirs in silences.groupby("manager_id", dropna=False)
    ]
    return tuple(sorted(facts, key=lambda fact: -fact.neglected_n))


def disputes(pack: PackWeek) -> DisputeFacts:
    """The queue as the meeting finds it, and what was opened and decided since the week began."""
    queue = meeting_facts.queue(pack.connection, pack.source)
    begin = pd.Timestamp(start_of(pack.week.monday, pack.zone))
    is_open = ~queue["decision"].isin([Decision.UPHOLD, Decision.RETURN_TO_WORK])
    ruled = queue.loc[queue["ruled_at"] >= begin, "decision"].value_counts()
    return DisputeFacts(
        open_n=int(is_open.sum()),
        overdue_n=int((is_open & (queue["due_at"] < pd.Timestamp(pack.at))).sum()),
        opened_n=int((queue["opened_at"] >= begin).sum()),
        upheld_n=int(ruled.get(Decision.UPHOLD, 0)),
        returned_n=int(ruled.get(Decision.RETURN_TO_WORK, 0)),
        evidence_requested_n=int(ruled.get(Decision.REQUEST_EVIDENCE, 0)),
        review_in_sla=None,
    )


def ledger(pack: PackWeek) -> Ledger | None:
    """What became of the leads that the analyst returned; None where the source cannot tell."""
    if not pack.analyst_ids or not pack.has("event.reopened"):
        return None
    since_on = pack.week.back(LEDGER_WEEKS_N - 1).monday
    since = start_of(since_on, pack.zone)
    ids = sorted(pack.analyst_ids)
    returned = meeting_facts.returns(pack.connection, pack.source, ids, since, pack.until)
    lead_ids = returned["lead_id"].tolist()
    events = meeting_facts.events_of(pack.connection, pack.source, lead_ids, pack.until)
    signed = meeting_facts.contracts_of(pack.connection, pack.source, lead_ids, pack.until)
    after = events.merge(returned, on="lead_id").query("at > returned_at")
    bought = signed.merge(returned, on="lead_id").query("signed_at > returned_at")
    buyers = set(bought["lead_id"])
    steps = Counter(furthest(after[after["lead_id"] == id_], id_ in buyers) for id_ in lead_ids)
    return Ledger(
        since_on=since_on,
        returned_n=len(lead_ids),
        at_work_n=steps["at_work"],
        meeting_n=steps["meeting"],
        booking_n=steps["booking"],
        contract_n=steps["contract"],
        lost_n=steps["lost"],
        revenue_minor=int(bought["price_minor"].sum()),
    )


def furthest(events: pd.DataFrame, has_bought: bool) -> str:
    """Where a returned lead stands: bought, lost again, or in work at the furthest step since its return."""
    if has_bought:
        return "contract"
    kinds = events["kind"].tolist()
    last_state = next((kind for kind in reversed(kinds) if kind in (EventKind.REJECTED, EventKind.REOPENED)), None)
    if last_state == EventKind.REJECTED:
        return "lost"
    if EventKind.BOOKED in kinds:
        return "booking"
    return "meeting" if EventKind.MEETING_HELD in kinds else "at_work"
