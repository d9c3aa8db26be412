"""The common result: contracts and revenue against plan, and what changed most beyond noise."""

from collections.abc import Iterable

from planerka.pack import charts
from planerka.pack.facts import Mover, PackFacts, PlanFact, ScopeKind
from planerka.pack.model import Block, Bullets, Cell, Chart, Column, Goal, Hero, Quiet, Row, Table, Tile, Tiles, Tone
from planerka.pack.sections.scopes import beside
from planerka.pack.wording import Wording, bar
from planerka.words import _

SCOPES = {
    ScopeKind.COMPANY: _("the whole company"),
    ScopeKind.PROJECT: _("project: {title}"),
    ScopeKind.CHANNEL: _("channel: {title}"),
    ScopeKind.MANAGER: _("person in charge: {title}"),
}


def hero(wording: Wording, facts: PackFacts) -> Hero:
    plans = facts.result.plans
    headline, detail = standing(wording, next((plan for plan in plans if plan.plan is not None), None))
    return Hero(headline=headline, detail=detail, goals=tuple(goal(wording, plan) for plan in plans))


def standing(wording: Wording, plan: PlanFact | None) -> tuple[str, str]:
    """Whether we keep the pace of the first plan, contracts where they are planned; and its figures in a sentence."""
    say = wording.words.say
    if plan is None or plan.fact.value is None or plan.plan is None or plan.plan_to_date is None:
        return say("Where we stand"), ""
    title, fact = wording.title(plan.kpi), wording.value(plan.kpi, plan.fact.value)
    values = {"title": title, "fact": fact, "plan": wording.value(plan.kpi, plan.plan)}
    if plan.fact.value >= plan.plan:
        return say("The plan is met"), say("{title}: {fact} of {plan}", **values)
    values["due"] = wording.value(plan.kpi, plan.plan_to_date)
    if plan.fact.value >= plan.plan_to_date:
        return say("On pace"), say("{title}: {fact} of {plan}, {due} were due by now", **values)
    return say("Behind the plan"), say("{title}: {fact} of {plan}, {due} were due by now", **values)


def goal(wording: Wording, plan: PlanFact) -> Goal:
    return Goal(
        label=", ".join(filter(None, (wording.title(plan.kpi), wording.stretch(plan.fact)))),
        value=wording.figure(plan.fact),
        of=of_plan(wording, plan),
        reached=bar(plan.fact.value, plan.plan),
        due=bar(plan.plan_to_date, plan.plan),
        summary=wording.words.say("{share} of the plan", share=wording.words.percent(plan.fulfilment))
        if plan.fulfilment is not None
        else "",
        notes=tuple(filter(None, (*wording.notes(plan.fact), due(wording, plan), pace(wording, plan)))),
    )


def of_plan(wording: Wording, plan: PlanFact) -> str:
    period = wording.days(plan.from_on, plan.to_on)
    if plan.plan is None:
        return wording.words.say("no plan for {period}", period=period)
    return wording.words.say("of {plan} planned for {period}", plan=wording.value(plan.kpi, plan.plan), period=period)


def due(wording: Wording, plan: PlanFact) -> str:
    if plan.plan_to_date is None:
        return ""
    return wording.words.say("due by now: {plan}", plan=wording.value(plan.kpi, plan.plan_to_date))


def pace(wording: Wording, plan: PlanFact) -> str:
    """The pace needed from today beside the present one; empty where the plan is met or nothing is known."""
    if plan.needed_per_week is None or plan.needed_per_week <= 0:
        return ""
    needed = wording.value(plan.kpi, plan.needed_per_week, 1)
    if plan.pace_per_week is None:
        return wording.words.say("needed a week: {needed}", needed=needed)
    now = wording.value(plan.kpi, plan.pace_per_week, 1)
    return wording.words.say("needed a week: {needed}, now {now}", needed=needed, now=now)


def blocks(wording: Wording, facts: PackFacts, exceptions: Bullets) -> tuple[Block, ...]:
    shown: list[Block | None] = [
        movers(wording, facts.result.movers)
        or Quiet(text=wording.words.say("Nothing changed this week beyond the usual noise.")),
        exceptions if exceptions.lines else None,
        this_week(wording, facts),
        beside(track(wording, facts), projects(wording, facts.result.by_project)),
    ]
    return tuple(block for block in shown if block is not None)


def movers(wording: Wording, movers: tuple[Mover, ...]) -> Tiles | None:
    """None where nothing changed beyond noise."""
    if not movers:
        return None
    tiles = tuple(mover_tile(wording, mover) for mover in movers)
    return Tiles(title=wording.words.say("What changed most"), tiles=tiles, note=noise(wording))


def this_week(wording: Wording, facts: PackFacts) -> Tiles:
    """The figures of the week; they explain what noise is where no mover has done so above them."""
    title, tiles = wording.words.say("This week"), tuple(map(wording.tile, facts.result.week))
    return Tiles(title=title, tiles=tiles, note="" if facts.result.movers else noise(wording))


def noise(wording: Wording) -> str:
    """What the notes of tiles mean by it (`planerka.kpis.kpi.change`)."""
    return wording.words.say(
        "Beyond noise: a larger change than small numbers bring by chance (the 95% interval of the difference leaves "
        "out zero); of twenty figures that did not change, about one looks so too."
    )


def mover_tile(wording: Wording, mover: Mover) -> Tile:
    tile = wording.tile(mover.trend)
    scope = wording.words.say(SCOPES[mover.kind], title=wording.scope(mover.scope_title))
    return Tile(label=tile.label, value=tile.value, notes=(scope, *tile.notes), tone=tile.tone)


def track(wording: Wording, facts: PackFacts) -> Chart | None:
    """The first plan's running total against an even pace; None without days to draw."""
    plan = next((plan for plan in facts.result.plans if plan.days), None)
    if plan is None:
        return None
    return Chart(
        key="track",
        title=wording.words.say(
            "{title} so far: {period}", title=wording.title(plan.kpi), period=wording.days(plan.from_on, plan.to_on)
        ),
        summary=". ".join(filter(None, (wording.figure(plan.fact), of_plan(wording, plan), due(wording, plan)))),
        spec=charts.track(wording, plan),
    )


def projects(wording: Wording, plans: tuple[PlanFact, ...]) -> Table | None:
    if not plans:
        return None
    kpis = tuple(dict.fromkeys(plan.kpi for plan in plans))
    titles = tuple(dict.fromkeys(plan.scope_title for plan in plans))
    found = {(plan.scope_title, plan.kpi): plan for plan in plans}
    return Table(
        key="plan-by-project",
        caption=wording.words.say("Plan and fact by project"),
        columns=(
            Column(title=wording.words.say("Project"), is_number=False),
            *(Column(title=wording.title(kpi)) for kpi in kpis),
        ),
        rows=tuple(
            Row(
                head=Cell(text=wording.scope(title)),
                cells=tuple(plan_cell(wording, found.get((title, kpi))) for kpi in kpis),
            )
            for title in titles
        ),
        note=periods(wording, plans),
    )


def plan_cell(wording: Wording, plan: PlanFact | None) -> Cell:
    if plan is None:
        return Cell(text=wording.words.say("no data"), tone=Tone.MUTED)
    cell = wording.cell(plan.fact)
    if plan.plan is None or plan.fulfilment is None:
        return cell
    note = wording.words.say(
        "{share} of {plan}", share=wording.words.percent(plan.fulfilment), plan=wording.value(plan.kpi, plan.plan)
    )
    return Cell(text=cell.text, note=note, tone=cell.tone, bar=bar(plan.fact.value, plan.plan))


def periods(wording: Wording, plans: Iterable[PlanFact]) -> str:
    named = dict.fromkeys(wording.days(plan.from_on, plan.to_on) for plan in plans)
    return wording.words.say("Plan of: {periods}", periods="; ".join(named))
