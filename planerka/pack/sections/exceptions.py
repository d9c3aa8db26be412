"""What needs attention: the facts of the week that stand out, each with its figure and whom it concerns.

A person or a channel is named only where the whole interval lies on the wrong side of the company's share:
a small sample that happens to look bad is not an exception.
"""

from planerka.kpis.kpi import State
from planerka.pack.charts import is_above
from planerka.pack.facts import Figure, NeglectFact, PackFacts, Scope, WrongFact
from planerka.pack.model import Bullets
from planerka.pack.sections import rejections
from planerka.pack.sections.scopes import money, other_days, pooled
from planerka.pack.wording import Wording

NAMED_FROM_N = 5
"""A person is named for neglected leads from so many on, and only who has more than half of them all."""


def exceptions(wording: Wording, facts: PackFacts) -> Bullets:
    lines = (
        rejections.unchecked(wording, facts.rejections),
        wrong(wording, facts),
        neglect(wording, facts),
        junk(wording, facts),
        slow(wording, facts),
        disputes(wording, facts),
        bookings(wording, facts),
        returned(wording, facts),
    )
    return Bullets(title=wording.words.say("Needs attention"), lines=tuple(line for line in lines if line))


def wrong(wording: Wording, facts: PackFacts) -> str:
    common = pooled([fact.unlawful for fact in facts.rejections.wrong])
    found = [fact for fact in facts.rejections.wrong if is_above(fact.unlawful, common)]
    if not found:
        return ""
    worst = max(found, key=lambda fact: fact.unlawful.value or 0)
    return wording.words.say(
        "{name}: {share} of rejections are unlawful ({notes}), {common} in the company. {clause}",
        name=wording.scope(worst.manager_title),
        share=wording.figure(worst.unlawful),
        notes=sample(wording, facts, worst.unlawful),
        common=wording.words.percent(common or 0),
        clause=broken_most(wording, worst),
    ).strip()


def sample(wording: Wording, facts: PackFacts, figure: Figure) -> str:
    """What a share rests on: its days, n and the interval."""
    return ", ".join(filter(None, (other_days(wording, facts, figure), *wording.notes(figure))))


def broken_most(wording: Wording, fact: WrongFact) -> str:
    if fact.words is None:
        return ""
    return wording.words.say("Broken most: “{words}”.", words=wording.text(fact.words))


def neglect(wording: Wording, facts: PackFacts) -> str:
    """The person with most of the neglected leads where one has them and they are not a slip or two; else the sum."""
    rows, words = facts.rejections.neglect, wording.words
    all_n = sum(fact.neglected_n for fact in rows)
    if not all_n:
        return ""
    worst = max(rows, key=lambda fact: fact.neglected_n)
    if worst.neglected_n < NAMED_FROM_N or worst.neglected_n * 2 <= all_n:
        return words.count(
            "{n} neglected lead{longest}.", "{n} neglected leads{longest}.", all_n, longest=longest(wording, rows)
        )
    return words.count(
        "{name}: {n} neglected lead of {all}{longest}.",
        "{name}: {n} neglected leads of {all}{longest}.",
        worst.neglected_n,
        name=wording.scope(worst.manager_title),
        all=words.number(all_n),
        longest=longest(wording, (worst,)),
    )


def longest(wording: Wording, facts: tuple[NeglectFact, ...]) -> str:
    days = [fact.longest_days for fact in facts if fact.longest_days is not None]
    return wording.words.count(", the longest for {n} day", ", the longest for {n} days", max(days)) if days else ""


def junk(wording: Wording, facts: PackFacts) -> str:
    common = pooled([fact.share for fact in facts.rejections.junk])
    found = [fact for fact in facts.rejections.junk if is_above(fact.share, common)]
    if not found:
        return ""
    worst = max(found, key=lambda fact: fact.share.value or 0)
    return wording.words.say(
        "Channel “{name}”: {share} of rejections are valid junk ({notes}), {common} over all channels.",
        name=wording.scope(worst.channel_title),
        share=wording.figure(worst.share),
        notes=sample(wording, facts, worst.share),
        common=wording.words.percent(common or 0),
    )


def slow(wording: Wording, facts: PackFacts) -> str:
    """The person who keeps the norm of response least; the interval must lie under the company's share."""
    company = next((t.now for t in facts.speed.company if t.now.kpi == "in_sla_share"), None)
    if company is None or not company.is_shown or company.value is None:
        return ""
    found = [(scope, figure) for scope, figure in answered(facts) if (figure.high or 1) < company.value]
    if not found:
        return ""
    scope, figure = min(found, key=lambda pair: pair[1].value or 0)
    return wording.words.say(
        "{name}: answers within the norm {share} of the time ({notes}), {common} in the company.",
        name=wording.scope(scope.title),
        share=wording.figure(figure),
        notes=sample(wording, facts, figure),
        common=wording.figure(company),
    )


def answered(facts: PackFacts) -> list[tuple[Scope, Figure]]:
    pairs = [(scope, scope.trend("in_sla_share")) for scope in facts.speed.by_manager]
    return [(scope, trend.now) for scope, trend in pairs if trend and trend.now.state == State.OK]


def disputes(wording: Wording, facts: PackFacts) -> str:
    disputes = facts.rejections.disputes
    if disputes is None or not disputes.overdue_n:
        return ""
    return wording.words.count(
        "{n} dispute is past its review deadline.", "{n} disputes are past their review deadline.", disputes.overdue_n
    )


def bookings(wording: Wording, facts: PackFacts) -> str:
    if not facts.funnel.bookings_n:
        return ""
    return wording.words.count(
        "{n} booking expires in the coming week.", "{n} bookings expire in the coming week.", facts.funnel.bookings_n
    )


def returned(wording: Wording, facts: PackFacts) -> str:
    ledger, words = facts.rejections.ledger, wording.words
    if ledger is None or not ledger.contract_n:
        return ""
    return words.count(
        "{n} lead returned to work bought a flat, revenue: {money}; {at_work} are still in work.",
        "{n} leads returned to work bought flats, revenue: {money}; {at_work} are still in work.",
        ledger.contract_n,
        money=money(wording, ledger.revenue_minor),
        at_work=words.number(ledger.at_work_n + ledger.meeting_n + ledger.booking_n),
    )
