"""From enquiry to contract: the week's steps, cohort shares, bookings about to expire, stock."""

from datetime import date

from planerka.pack import charts
from planerka.pack.facts import ExpiringBooking, Funnel, PackFacts, StandingFact, StockFact, Trend
from planerka.pack.model import Block, Cell, Chart, Column, Quiet, Row, Table, Tone
from planerka.pack.sections.scopes import beside, count, data_until, lost_line, part, scope_table, share_bar
from planerka.pack.wording import Wording, bar
from planerka.words import _

FLAT_TYPES = {
    "studio": _("Studio"),
    "1": _("1 room"),
    "2": _("2 rooms"),
    "3": _("3 rooms"),
    "4": _("4 rooms"),
}


def lead(wording: Wording, facts: PackFacts) -> str:
    shown = [step for step in facts.funnel.steps if step.now.is_shown]
    if not shown:
        return wording.words.say("There is nothing to count in this week.")
    return " → ".join(f"{wording.title(step.now.kpi)} {wording.figure(step.now)}" for step in shown)


def blocks(wording: Wording, facts: PackFacts) -> tuple[Block, ...]:
    funnel, say = facts.funnel, wording.words.say
    project, channel = say("Project"), say("Channel")
    said = {trend.now.kpi for trend in (*funnel.steps, *funnel.cohorts) if trend.now.missing}
    shown: list[Block | None] = [
        beside(chart(wording, funnel), steps(wording, funnel.steps)),
        scope_table(wording, "funnel-by-project", say("The week by project"), project, funnel.by_project, said),
        scope_table(wording, "funnel-by-channel", say("The week by channel"), channel, funnel.by_channel, said),
        cohorts(wording, funnel.cohorts),
        scope_table(wording, "cohorts-by-channel", say("Shares by channel"), channel, funnel.cohorts_by_channel, said),
        bookings(wording, funnel),
        stock(wording, funnel.stock),
        standing(wording, facts),
    ]
    return tuple(block for block in shown if block is not None)


def chart(wording: Wording, funnel: Funnel) -> Chart | None:
    shown = [step for step in funnel.steps if step.now.is_shown]
    if len(shown) < 2 or not any(step.now.value for step in shown):
        return None
    return Chart(
        key="funnel",
        title=wording.words.say("This week beside the four before"),
        summary="; ".join(f"{wording.title(s.now.kpi)}: {wording.figure(s.now)}, {wording.before(s)}" for s in shown),
        note=wording.words.say("The tick is the mean of the four weeks before."),
        spec=charts.steps(wording, shown),
    )


def steps(wording: Wording, trends: tuple[Trend, ...]) -> Table | None:
    """The steps as a table; those that the source cannot count are named under it."""
    say = wording.words.say
    known = [trend for trend in trends if not trend.now.missing]
    if not known:
        return None
    return Table(
        key="funnel-steps",
        caption=say("Steps of the funnel, by the day of the event"),
        columns=(
            Column(title=say("Step"), is_number=False),
            Column(title=say("This week")),
            Column(title=say("A week before, on average")),
            Column(title=say("Change")),
        ),
        rows=tuple(
            Row(
                head=Cell(text=wording.title(trend.now.kpi)),
                cells=(wording.cell(trend.now), reference(wording, trend), wording.change(trend)),
            )
            for trend in known
        ),
        note="; ".join(lost_line(wording, trend.now) for trend in trends if trend.now.missing),
    )


def reference(wording: Wording, trend: Trend) -> Cell:
    if trend.before is None:
        return Cell(text="—", tone=Tone.MUTED)
    if not trend.before.is_shown:
        return wording.cell(trend.before)
    return Cell(text=wording.value(trend.now.kpi, trend.before.value, 1))


def cohorts(wording: Wording, trends: tuple[Trend, ...]) -> Table | Quiet | None:
    """Shares of cohorts, each with the stretch in which its leads came: they are of different ages."""
    say = wording.words.say
    if not trends:
        return None
    known = [trend for trend in trends if not trend.now.missing]
    lost = "; ".join(lost_line(wording, trend.now) for trend in trends if trend.now.missing)
    if not known:
        return Quiet(text=lost)
    return Table(
        key="cohorts",
        caption=say("Shares of leads that came together"),
        columns=(
            Column(title=say("Share"), is_number=False),
            Column(title=say("Leads of"), is_number=False),
            Column(title=say("Value, n and 95 % interval")),
            Column(title=say("Change")),
        ),
        rows=tuple(
            Row(
                head=Cell(text=wording.title(trend.now.kpi)),
                cells=(
                    Cell(text=wording.stretch(trend.now) or "—"),
                    wording.cell(trend.now, share_bar(wording, trend.now)),
                    wording.change(trend),
                ),
            )
            for trend in known
        ),
        note=lost,
    )


def bookings(wording: Wording, funnel: Funnel) -> Table | Quiet | None:
    say = wording.words.say
    if funnel.bookings_n is None:
        return None
    if not funnel.bookings_n:
        return Quiet(text=say("No booking expires in the coming week."))
    return Table(
        key="bookings",
        caption=wording.words.count(
            "{n} booking expires in the coming week", "{n} bookings expire in the coming week", funnel.bookings_n
        ),
        columns=tuple(
            Column(title=say(title), is_number=False)
            for title in (_("Expires"), _("Lead"), _("Project"), _("Person in charge"))
        ),
        rows=tuple(booking_row(wording, booking) for booking in funnel.bookings),
        note=""
        if len(funnel.bookings) == funnel.bookings_n
        else say("The first {n} are shown.", n=wording.words.number(len(funnel.bookings))),
    )


def booking_row(wording: Wording, booking: ExpiringBooking) -> Row:
    return Row(
        head=Cell(text=wording.words.day(booking.expires_on)),
        cells=(
            Cell(text=booking.lead_id, url=web_address(booking.url)),
            Cell(text=wording.scope(booking.project_title)),
            Cell(text=wording.scope(booking.manager_title)),
        ),
    )


def web_address(url: str | None) -> str | None:
    """Only what a browser opens as a page: an export may hold anything in that column."""
    return url if url and url.startswith(("https://", "http://")) else None


def stock(wording: Wording, stock: tuple[StockFact, ...]) -> Table | None:
    say = wording.words.say
    if not stock:
        return None
    newest_on = max(fact.stock_on for fact in stock)
    return Table(
        key="stock",
        caption=say("Stock on {day}", day=wording.words.day(newest_on)),
        columns=(
            Column(title=say("Flats"), is_number=False),
            Column(title=say("Project"), is_number=False),
            Column(title=say("Available")),
            Column(title=say("Contracts in 13 weeks")),
            Column(title=say("Cheapest")),
            Column(title=say("Median price")),
        ),
        rows=tuple(stock_row(wording, fact, newest_on) for fact in sorted(stock, key=size)),
    )


def size(fact: StockFact) -> tuple[str, bool, str]:
    """Project by project from the smallest flats on: studios come before one room."""
    return fact.project_title or "", fact.flat_type != "studio", fact.flat_type


def stock_row(wording: Wording, fact: StockFact, newest_on: date) -> Row:
    """A list older than the newest of all says its own day."""
    flat = wording.words.say(FLAT_TYPES[fact.flat_type]) if fact.flat_type in FLAT_TYPES else fact.flat_type
    return Row(
        head=Cell(text=flat, note="" if fact.stock_on == newest_on else wording.words.day(fact.stock_on)),
        cells=(
            Cell(text=wording.scope(fact.project_title)),
            count(wording, fact.available_n),
            count(wording, fact.contracts_n),
            money(wording, fact.min_price_minor),
            money(wording, fact.median_price_minor),
        ),
    )


def money(wording: Wording, amount_minor: int | None) -> Cell:
    if amount_minor is None:
        return Cell(text="—", tone=Tone.MUTED)
    return Cell(text=wording.words.money(amount_minor, wording.currency))


def standing(wording: Wording, facts: PackFacts) -> Table | None:
    """All leads that ever came, by channel: a state and no cohort, so it stands last and is compared with nothing."""
    standing, say = facts.funnel.standing, wording.words.say
    if not standing:
        return None
    lost = {"lead.status.rejected"} if standing[0].rejected_n is None else set()
    lost.update(standing[0].won.missing)
    titles = (_("Leads"), _("In work"), _("Rejected"), _("Won"))
    return Table(
        key="standing",
        caption=say("What became of all leads, as of {day}", day=data_until(wording, facts)),
        columns=(Column(title=say("Channel"), is_number=False), *(Column(title=say(title)) for title in titles)),
        rows=tuple(standing_row(wording, fact) for fact in standing),
        note=wording.missing(tuple(sorted(lost))) if lost else "",
    )


def standing_row(wording: Wording, fact: StandingFact) -> Row:
    won = Cell(text="—", tone=Tone.MUTED)
    if fact.won.value is not None:
        note = " · ".join((wording.words.percent(fact.won.value), wording.interval(fact.won)))
        won = Cell(text=wording.words.number(fact.won.numerator_n or 0), note=note, bar=bar(fact.won.value, 1.0))
    return Row(
        head=Cell(text=wording.scope(fact.channel_title)),
        cells=(
            count(wording, fact.leads_n),
            count(wording, fact.open_n),
            part(wording, fact.rejected_n, fact.leads_n),
            won,
        ),
    )
