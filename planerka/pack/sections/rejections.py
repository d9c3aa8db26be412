"""Rejections: what the regulation says of them, marketing's side beside sales' side."""

from collections.abc import Iterator

from planerka.model import Consequence
from planerka.pack import charts
from planerka.pack.facts import (
    ClauseFact,
    Figure,
    JunkFact,
    PackFacts,
    Rejections,
    VerdictCounts,
    WrongFact,
)
from planerka.pack.model import Block, Bullets, Cell, Chart, Column, Row, Table, Tile, Tiles, Tone
from planerka.pack.sections import review
from planerka.pack.sections.qualified import qualified
from planerka.pack.sections.scopes import beside, count, data_until, pooled, share_bar
from planerka.pack.wording import Wording, bar
from planerka.words import _

OUTCOMES = {
    "lawful_n": _("Lawful"),
    "unlawful_n": _("Unlawful"),
    "unprovable_n": _("Unprovable"),
    "unchecked_n": _("Not checked"),
    "not_judged_n": _("Not judged"),
}
CLAUSES_N = 10
"""Clauses shown: the meeting talks of the worst, the coverage report lists them all."""

CHART_ROWS_N = 12
"""Rows drawn, the highest shares first; the table under the chart has them all."""

REASONS_N = 15

CONSEQUENCES = {Consequence.VOID: _("the rejection falls"), Consequence.FAULT: _("a fault, the rejection stands")}


def lead(wording: Wording, facts: PackFacts) -> str:
    rejections, words = facts.rejections, wording.words
    if rejections.missing:
        return words.say("Rejections cannot be judged: {why}.", why=wording.missing(rejections.missing))
    lines = (
        judged(wording, rejections.verdicts),
        unchecked(wording, rejections),
        *without_verdict(wording, facts),
        review.rejudged(wording, rejections.rejudged_n),
    )
    return " ".join(filter(None, lines)) or words.say("Nobody rejected a lead this week.")


def judged(wording: Wording, counts: VerdictCounts) -> str:
    if not counts.checked_n:
        return ""
    return wording.words.count(
        "{n} rejection judged: {unlawful} unlawful, {unprovable} unprovable.",
        "{n} rejections judged: {unlawful} unlawful, {unprovable} unprovable.",
        counts.checked_n,
        unlawful=wording.words.number(counts.unlawful_n),
        unprovable=wording.words.number(counts.unprovable_n),
    )


def unchecked(wording: Wording, rejections: Rejections) -> str:
    """That nothing speaks against a rejection is no proof where nothing could be asked: nobody may call it lawful."""
    n = rejections.verdicts.unchecked_n
    if not n:
        return ""
    return wording.words.count(
        "{n} rejection was checked against no clause of its reason — {why}.",
        "{n} rejections were checked against no clause of their reasons — {why}.",
        n,
        why=wording.missing(rejections.unchecked_for),
    )


def without_verdict(wording: Wording, facts: PackFacts) -> Iterator[str]:
    """Why rejections have no verdict: it is too early for some, and nobody can tell of others."""
    counts, words = facts.rejections.verdicts, wording.words
    if counts.unsettled_n:
        yield words.count(
            "{n} rejection is too new: it is judged once late calls are in.",
            "{n} rejections are too new: they are judged once late calls are in.",
            counts.unsettled_n,
        )
    if counts.not_judged_n and facts.header.edition is None:
        yield words.count(
            "{n} rejection is not judged: no edition of the regulation was in force.",
            "{n} rejections are not judged: no edition of the regulation was in force.",
            counts.not_judged_n,
        )
    elif counts.not_judged_n:
        yield words.count(
            "{n} rejection is not judged: its reason is not mapped, or no edition was in force on its day.",
            "{n} rejections are not judged: their reasons are not mapped, or no edition was in force on their day.",
            counts.not_judged_n,
        )


def blocks(wording: Wording, facts: PackFacts) -> tuple[Block, ...]:
    rejections = facts.rejections
    shown: list[Block | None] = [
        verdicts(wording, rejections),
        beside(junk_chart(wording, rejections.junk), wrong_chart(wording, rejections.wrong)),
        junk(wording, rejections.junk),
        wrong(wording, rejections.wrong),
        clauses(wording, rejections.clauses),
        not_checkable(wording, rejections),
        qualified(wording, rejections.qualified),
        review.neglect(wording, facts),
        review.disputes(wording, facts),
        review.ledger(wording, rejections.ledger),
        reasons(wording, facts),
    ]
    return tuple(block for block in shown if block is not None)


def verdicts(wording: Wording, rejections: Rejections) -> Tiles | None:
    counts, before = rejections.verdicts, rejections.before
    if rejections.missing or not counts.judged_n + counts.not_judged_n:
        return None
    named = ((n, title, field) for field, title in OUTCOMES.items() if (n := getattr(counts, field)))
    tiles = [count_tile(wording, title, n, getattr(before, field, None)) for n, title, field in named]
    shares = [wording.tile(trend) for trend in rejections.shares if not trend.now.missing]
    return Tiles(title=wording.words.say("Verdicts of the week"), tiles=(*tiles, *shares))


def count_tile(wording: Wording, title: str, n: int, four_weeks_n: int | None) -> Tile:
    """A count of the week beside the mean of the four before."""
    words = wording.words
    if four_weeks_n is None:
        return Tile(label=words.say(title), value=words.number(n))
    mean = words.number(four_weeks_n / 4, 1)
    note = words.say("four weeks before: {value} a week", value=mean)
    return Tile(label=words.say(title), value=words.number(n), notes=(note,))


def junk_chart(wording: Wording, junk: tuple[JunkFact, ...]) -> Chart | None:
    shares = [(wording.scope(fact.channel_title), fact.share) for fact in junk if fact.share.is_shown]
    if not shares:
        return None
    return share_chart(wording, "junk", wording.words.say("Marketing's side: valid junk by channel"), shares)


def wrong_chart(wording: Wording, wrong: tuple[WrongFact, ...]) -> Chart | None:
    shares = [(wording.scope(fact.manager_title), fact.unlawful) for fact in wrong if fact.unlawful.is_shown]
    if not shares:
        return None
    return share_chart(
        wording, "wrong", wording.words.say("Sales' side: unlawful rejections by person in charge"), shares
    )


def share_chart(wording: Wording, key: str, title: str, shares: list[tuple[str, Figure]]) -> Chart:
    return Chart(
        key=key,
        title=title,
        summary="; ".join(f"{name}: {wording.figure(figure)}" for name, figure in shares),
        note=wording.words.say("The dashed line is the share of all together, the band a 95 % interval."),
        spec=charts.shares(wording, shares[:CHART_ROWS_N], pooled([figure for _name, figure in shares])),
    )


def junk(wording: Wording, junk: tuple[JunkFact, ...]) -> Table | None:
    say = wording.words.say
    if not junk:
        return None
    return Table(
        key="junk-by-channel",
        caption=say("Valid junk by channel"),
        columns=(
            Column(title=say("Channel"), is_number=False),
            Column(title=say("Share of rejections")),
            Column(title=say("Commonest reason"), is_number=False),
        ),
        rows=tuple(
            Row(
                head=Cell(text=wording.scope(fact.channel_title)),
                cells=(
                    wording.cell(fact.share, share_bar(wording, fact.share)),
                    Cell(text=wording.text(fact.reason) if fact.reason else "—"),
                ),
            )
            for fact in junk
        ),
        note=say(
            "Lawful rejections of leads that no manager could have sold to. {period}",
            period=wording.stretch(junk[0].share),
        ),
    )


def wrong(wording: Wording, wrong: tuple[WrongFact, ...]) -> Table | None:
    say = wording.words.say
    if not wrong:
        return None
    return Table(
        key="wrong-by-manager",
        caption=say("Rejections by person in charge"),
        columns=(
            Column(title=say("Person in charge"), is_number=False),
            Column(title=say("Unlawful")),
            Column(title=say("Unprovable")),
            Column(title=say("Broken most"), is_number=False),
        ),
        rows=tuple(wrong_row(wording, fact) for fact in wrong),
        note=say(
            "People are compared from 30 judged rejections on. {period}", period=wording.stretch(wrong[0].unlawful)
        ),
    )


def wrong_row(wording: Wording, fact: WrongFact) -> Row:
    words = Cell(text="—", tone=Tone.MUTED)
    if fact.clause and fact.words:
        words = Cell(text=wording.text(fact.words), note=wording.words.say("clause {clause}", clause=fact.clause))
    return Row(
        head=Cell(text=wording.scope(fact.manager_title)),
        cells=(
            wording.cell(fact.unlawful, share_bar(wording, fact.unlawful)),
            wording.cell(fact.unprovable, share_bar(wording, fact.unprovable)),
            words,
        ),
    )


def clauses(wording: Wording, clauses: tuple[ClauseFact, ...]) -> Table | None:
    say = wording.words.say
    if not clauses:
        return None
    is_told_apart = len({fact.edition for fact in clauses}) > 1
    return Table(
        key="clauses",
        caption=say("Clauses broken most this week"),
        columns=(
            Column(title=say("Clause"), is_number=False),
            Column(title=say("Reason"), is_number=False),
            Column(title=say("Broken")),
            Column(title=say("Unprovable")),
            Column(title=say("Consequence"), is_number=False),
        ),
        rows=tuple(clause_row(wording, fact, is_told_apart) for fact in clauses[:CLAUSES_N]),
        note=say("The first {n} are shown.", n=CLAUSES_N) if len(clauses) > CLAUSES_N else "",
    )


def clause_row(wording: Wording, fact: ClauseFact, is_told_apart: bool) -> Row:
    """`is_told_apart`: clauses of two editions are shown, and the same number may say two things."""
    say, number = wording.words.say, wording.words.number
    notes = say("clause {clause}", clause=fact.clause), say("edition {edition}", edition=fact.edition)
    broken = Cell(
        text=number(fact.broken_n),
        note=say("of {n}", n=number(fact.checked_n)),
        bar=bar(fact.broken_n, fact.checked_n),
    )
    return Row(
        head=Cell(text=wording.text(fact.words), note=", ".join(notes if is_told_apart else notes[:1])),
        cells=(
            Cell(text=wording.text(fact.reason) if fact.reason else say("any")),
            broken,
            Cell(text=number(fact.unprovable_n)),
            Cell(text=say(CONSEQUENCES[fact.consequence])),
        ),
    )


def not_checkable(wording: Wording, rejections: Rejections) -> Bullets | None:
    if not rejections.not_checkable:
        return None
    lines = tuple(
        f"{fact.clause} {wording.text(fact.words)} — {wording.missing(fact.missing)}"
        for fact in rejections.not_checkable
    )
    return Bullets(title=wording.words.say("Clauses this source cannot check"), lines=lines)


def reasons(wording: Wording, facts: PackFacts) -> Table | None:
    """Leads that stand rejected, by the source's own reasons: known even where the day of rejection is not."""
    reasons = facts.rejections.reasons
    say, all_n = wording.words.say, sum(fact.leads_n for fact in reasons)
    if not all_n:
        return None
    return Table(
        key="reasons",
        caption=say("Reasons of rejection as of {day}", day=data_until(wording, facts)),
        columns=(
            Column(title=say("Reason"), is_number=False),
            Column(title=say("Leads")),
            Column(title=say("Share of rejected leads")),
        ),
        rows=tuple(
            Row(
                head=Cell(text=wording.scope(fact.title)),
                cells=(count(wording, fact.leads_n), Cell(text=wording.words.percent(fact.leads_n / all_n))),
            )
            for fact in reasons[:REASONS_N]
        ),
        note=say("The first {n} are shown.", n=REASONS_N) if len(reasons) > REASONS_N else "",
    )
