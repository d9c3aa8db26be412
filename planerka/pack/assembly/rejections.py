"""Section 5: what the regulation says of the rejections, and both departments' share of the junk."""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

import pandas as pd

from planerka.clock import start_of
from planerka.model import ClauseResult, Consequence, LeadStatus, Outcome, ReferenceKind
from planerka.pack.assembly.qualified import qualified_marks
from planerka.pack.assembly.review import disputes, ledger
from planerka.pack.assembly.week import PackWeek, Stretch, figure_of, highest_first
from planerka.pack.facts import (
    ClauseFact,
    JunkFact,
    NeglectFact,
    NotCheckable,
    ReasonFact,
    Rejections,
    Text,
    VerdictCounts,
    WrongFact,
)
from planerka.regulation.judge import GENERAL_WORDS, REASON_GIVEN, not_checkable, words_of
from planerka.rulebook.measures import JUNK_REASONS
from planerka.rulebook.regulation import Edition
from planerka.store import meeting_facts

SHARES = ("unlawful_share", "unprovable_share")
UNCHECKED_FOR_N = 3
"""Fields named where rejections were not checked: the clauses that need them, and the others, are listed in full."""


Found = Counter[tuple[str, str, ClauseResult]]
"""Findings by edition, number of the clause and result."""


@dataclass(frozen=True)
class Broken:
    """One finding of one rejection, by the edition that judged it."""

    edition: str
    clause: str
    result: ClauseResult
    consequence: Consequence
    manager_id: str | None


def rejections(pack: PackWeek) -> Rejections:
    counts = verdict_counts(pack, pack.now)
    broken = list(findings(pack, pack.now))
    return Rejections(
        verdicts=totals(pack, pack.now, counts),
        before=totals(pack, pack.before, verdict_counts(pack, pack.before)),
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
        unchecked_for=unchecked_for(unchecked(pack, counts)),
        qualified=qualified_marks(pack),
        rejudged_n=meeting_facts.rejudged_n(pack.connection, pack.source, start_of(pack.week.monday, pack.zone)),
    )


def verdict_counts(pack: PackWeek, stretch: Stretch) -> pd.DataFrame:
    return meeting_facts.verdict_counts(pack.connection, pack.source, *stretch)


def totals(pack: PackWeek, stretch: Stretch, counts: pd.DataFrame) -> VerdictCounts:
    """Rejections by outcome; of those without a verdict, the ones that only wait for late calls apart, and of the
    lawful, the ones that nothing could be asked of.
    """
    by_outcome = counts.groupby("outcome")["n"].sum()
    n_of = {outcome: int(by_outcome.get(outcome, 0)) for outcome in Outcome}
    unsettled_n = sum(map(pack.is_unsettled, meeting_facts.waiting(pack.connection, pack.source, *stretch)))
    n_of[Outcome.NOT_JUDGED] -= unsettled_n
    unchecked_n = sum(n for n, _ in unchecked(pack, counts))
    n_of[Outcome.LAWFUL] -= unchecked_n
    by_name = {f"{outcome}_n": n for outcome, n in n_of.items()}
    return VerdictCounts(unsettled_n=unsettled_n, unchecked_n=unchecked_n, **by_name)


def unchecked(pack: PackWeek, counts: pd.DataFrame) -> list[tuple[int, set[str]]]:
    """Lawful rejections by reasons that the source could check no clause of when they were judged: how many, and the
    fields it lacked for it.
    """
    keys = ["edition", "lacks", "code"]
    lawful = counts[counts["outcome"] == Outcome.LAWFUL].groupby(keys, as_index=False)["n"].sum()
    editions = {edition.name: edition for edition in pack.editions}
    found = []
    for (name, lacks), some in lawful.groupby(keys[:2]):
        blind = dict(blind_reasons(editions[name], json.loads(lacks))) if name in editions else {}
        found += [(int(n), blind[code]) for code, n in zip(some["code"], some["n"], strict=True) if code in blind]
    return found


def blind_reasons(edition: Edition, lacks: Collection[str]) -> Iterator[tuple[str, set[str]]]:
    """Codes of reasons with clauses that void a rejection, none of which can be checked, and what is lacking for it."""
    gaps = not_checkable(edition, lacks)
    for reason in edition.reasons:
        voiding = [clause.number for clause in reason.clauses if clause.consequence == Consequence.VOID]
        if voiding and gaps.keys() >= set(voiding):
            yield reason.code, {need for number in voiding for need in gaps[number]}


def unchecked_for(unchecked: list[tuple[int, set[str]]]) -> tuple[str, ...]:
    """The fields that most of these rejections wait for, those of the most first."""
    weights: Counter[str] = Counter()
    for n, needs in unchecked:
        weights.update(dict.fromkeys(needs, n))
    return tuple(sorted(weights, key=lambda need: (-weights[need], need))[:UNCHECKED_FOR_N])


def findings(pack: PackWeek, stretch: Stretch) -> Iterator[Broken]:
    rows = meeting_facts.findings(pack.connection, pack.source, *stretch)
    for edition, manager_id, text in rows[["edition", "manager_id", "findings"]].itertuples(index=False):
        for found in json.loads(text):
            result, consequence = ClauseResult(found["result"]), Consequence(found["consequence"])
            yield Broken(edition, found["clause"], result, consequence, manager_id)


def clauses(pack: PackWeek, counts: pd.DataFrame, broken: Iterable[Broken]) -> tuple[ClauseFact, ...]:
    """The clauses with something to say in the week, those broken most often first; each edition for itself."""
    found = Counter((one.edition, one.clause, one.result) for one in broken)
    facts = [
        fact
        for edition in pack.editions
        for fact in clauses_of(edition, counts[counts["edition"] == edition.name], found)
    ]
    said = [fact for fact in facts if fact.broken_n or fact.unprovable_n]
    return tuple(sorted(said, key=lambda fact: (-fact.broken_n, -fact.unprovable_n, fact.clause)))


def clauses_of(edition: Edition, judged: pd.DataFrame, found: Found) -> Iterator[ClauseFact]:
    """A general clause is asked of every rejection, or of each that has a reason; the others of those of theirs."""
    by_code = judged.groupby("code")["n"].sum()
    for number, words in GENERAL_WORDS.items():
        asked_n = judged["n"].sum() if number == REASON_GIVEN else by_code.sum()
        yield clause_fact(found, edition, number, words, Consequence.VOID, int(asked_n), None)
    for reason in edition.reasons:
        asked_n, title = int(by_code.get(reason.code, 0)), Text(ru=reason.ru, en=reason.en)
        for clause in reason.clauses:
            words = clause.ru, clause.en
            yield clause_fact(found, edition, clause.number, words, clause.consequence, asked_n, title)


def clause_fact(
    found: Found,
    edition: Edition,
    number: str,
    words: tuple[str, str],
    consequence: Consequence,
    asked_n: int,
    reason: Text | None,
) -> ClauseFact:
    unprovable_n = found[edition.name, number, ClauseResult.UNPROVABLE]
    return ClauseFact(
        clause=number,
        reason=reason,
        words=Text(ru=words[0], en=words[1]),
        consequence=consequence,
        broken_n=found[edition.name, number, ClauseResult.BROKEN],
        unprovable_n=unprovable_n,
        checked_n=asked_n - unprovable_n,
        edition=edition.name,
    )


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
    names = {reason.code: Text(ru=reason.ru, en=reason.en) for known in pack.editions for reason in known.reasons}
    commonest = counts[is_junk].groupby(["channel_id", "code"])["n"].sum()
    shares = pack.reader.values(["valid_junk_share"], *pack.quarter, by=("channel_id",))
    facts = [
        JunkFact(
            channel_title=pack.title(ReferenceKind.CHANNEL, channel_id),
            share=figure_of(values["valid_junk_share"], pack.quarter),
            reason=names.get(commonest[channel_id].idxmax()) if channel_id in commonest.index else None,
        )
        for (channel_id,), values in shares.items()
        if values["valid_junk_share"].denominator_n
    ]
    return tuple(sorted(facts, key=lambda fact: highest_first(fact.share, fact.channel_title)))


def wrong(pack: PackWeek) -> tuple[WrongFact, ...]:
    """Wrong rejections by person over the quarter: sales' side of the argument.

    The clause broken most is of those that void a rejection: a fault does not make it wrong.
    """
    if pack.edition is None or not pack.has("event.rejected", "event.manager_id"):
        return ()
    broken: dict[str | None, Counter[tuple[str, str]]] = {}
    for one in findings(pack, pack.quarter):
        if one.result == ClauseResult.BROKEN and one.consequence == Consequence.VOID:
            broken.setdefault(one.manager_id, Counter())[one.edition, one.clause] += 1
    words = {
        (known.name, number): Text(ru=ru, en=en)
        for known in pack.editions
        for number, (ru, en) in words_of(known).items()
    }
    facts = []
    for (manager_id,), values in pack.reader.values(SHARES, *pack.quarter, by=("manager_id",)).items():
        unlawful, unprovable = (figure_of(values[kpi], pack.quarter) for kpi in SHARES)
        worst = next((clause for clause, _ in broken.get(manager_id, Counter()).most_common(1)), None)
        facts.append(
            WrongFact(
                manager_title=pack.title(ReferenceKind.MANAGER, manager_id),
                unlawful=unlawful,
                unprovable=unprovable,
                clause=worst[1] if worst else None,
                words=words.get(worst) if worst else None,
            )
        )
    judged = [fact for fact in facts if fact.unlawful.denominator_n]
    return tuple(sorted(judged, key=lambda fact: highest_first(fact.unlawful, fact.manager_title)))


def neglect(pack: PackWeek) -> tuple[NeglectFact, ...]:
    """Leads that lie untouched, beside all in work: both as of the data and by who owns them, so that one has the
    other as its part.
    """
    silences = meeting_facts.silences(pack.connection, pack.source, pack.data_until)
    open_n = meeting_facts.open_leads(pack.connection, pack.source)
    facts = [
        NeglectFact(
            manager_title=pack.title(ReferenceKind.MANAGER, manager_id),
            neglected_n=theirs["lead_id"].nunique(),
            open_n=open_n[manager_id if isinstance(manager_id, str) else None],
            longest_days=(pack.data_until - theirs["last_touch_at"].min()).days,
        )
        for manager_id, theirs in silences.groupby("manager_id", dropna=False)
    ]
    return tuple(sorted(facts, key=lambda fact: -fact.neglected_n))
