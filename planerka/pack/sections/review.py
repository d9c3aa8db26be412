"""Neglected leads, second judgements, the queue of disputes, and what returning leads brought."""

from planerka.pack.facts import Ledger, PackFacts
from planerka.pack.model import Cell, Column, Quiet, Row, Table, Tile, Tiles, Tone
from planerka.pack.sections.scopes import data_until, money
from planerka.pack.wording import Wording, bar
from planerka.words import _


def neglect(wording: Wording, facts: PackFacts) -> Table | Quiet | None:
    """How things stand in the data, not at the end of the week: the meeting can still do something about these."""
    rejections, words = facts.rejections, wording.words
    if rejections.neglect_norm_days is None:
        return None
    norm = words.count(
        "no next task and no touch for {n} day", "no next task and no touch for {n} days", rejections.neglect_norm_days
    )
    if not any(fact.neglected_n for fact in rejections.neglect):
        return Quiet(text=words.say("No neglected leads: none has {norm}.", norm=norm))
    most_n = max(fact.neglected_n for fact in rejections.neglect)
    return Table(
        key="neglect",
        caption=words.say("Neglected leads as of {day}: {norm}", norm=norm, day=data_until(wording, facts)),
        columns=(
            Column(title=words.say("Person in charge"), is_number=False),
            Column(title=words.say("Neglected")),
            Column(title=words.say("Leads in work")),
            Column(title=words.say("Longest, days")),
        ),
        rows=tuple(
            Row(
                head=Cell(text=wording.scope(fact.manager_title)),
                cells=(
                    Cell(text=words.number(fact.neglected_n), bar=bar(fact.neglected_n, most_n)),
                    Cell(text=words.number(fact.open_n)),
                    Cell(text="—" if fact.longest_days is None else words.number(fact.longest_days)),
                ),
            )
            for fact in rejections.neglect
        ),
    )


def rejudged(wording: Wording, n: int) -> str:
    """Verdicts of earlier weeks may have moved with these, and the figures made of them."""
    if not n:
        return ""
    return wording.words.count(
        "Judged again, {n} rejection has another verdict than before.",
        "Judged again, {n} rejections have other verdicts than before.",
        n,
    )


def disputes(wording: Wording, facts: PackFacts) -> Tiles | None:
    """The queue as it was when the pack was assembled, and what happened since the week began."""
    disputes = facts.rejections.disputes
    if disputes is None:
        return None
    words = wording.words
    overdue = words.say("overdue: {n}", n=words.number(disputes.overdue_n))
    tiles = [
        Tile(
            label=words.say("Waiting for a ruling"),
            value=words.number(disputes.open_n),
            notes=(overdue,),
            tone=Tone.BAD if disputes.overdue_n else Tone.PLAIN,
        ),
        Tile(label=words.say("Opened"), value=words.number(disputes.opened_n)),
        Tile(label=words.say("Returned to work"), value=words.number(disputes.returned_n)),
        Tile(label=words.say("Upheld"), value=words.number(disputes.upheld_n)),
        Tile(label=words.say("Evidence requested"), value=words.number(disputes.evidence_requested_n)),
    ]
    if disputes.fallen_n:
        tiles.append(Tile(label=words.say("Fallen: lawful when judged again"), value=words.number(disputes.fallen_n)))
    at, since_on = words.instant(facts.header.assembled_at, wording.zone), words.day(facts.header.from_on)
    title = words.say("Disputes on {at}; opened and ruled since {day}", at=at, day=since_on)
    return Tiles(title=title, tiles=tuple(tiles))


def ledger(wording: Wording, ledger: Ledger | None) -> Tiles | None:
    """What became of returned leads. Money that is still open is shown as leads at work, not as a guess."""
    if ledger is None or not ledger.returned_n:
        return None
    words = wording.words
    counted = (
        (_("Returned"), ledger.returned_n),
        (_("Still in work"), ledger.at_work_n),
        (_("Meeting held"), ledger.meeting_n),
        (_("Booked"), ledger.booking_n),
        (_("Rejected again"), ledger.lost_n),
    )
    tiles = tuple(Tile(label=words.say(title), value=words.number(n)) for title, n in counted)
    title = words.say("Leads returned to work since {day}", day=words.days(ledger.since_on, ledger.since_on))
    return Tiles(title=title, tiles=(revenue(wording, ledger), *tiles))


def revenue(wording: Wording, ledger: Ledger) -> Tile:
    """Money, or why there is none to name: prices are missing, or amounts that cannot be added."""
    words = wording.words
    bought = words.count("{n} lead bought a flat", "{n} leads bought flats", ledger.contract_n)
    is_known = ledger.revenue_minor is not None
    return Tile(
        label=words.say("Revenue of returned leads"),
        value=money(wording, ledger.revenue_minor),
        notes=(bought,) if is_known else (bought, wording.missing(ledger.missing)),
        tone=Tone.GOOD if ledger.revenue_minor else Tone.PLAIN if is_known else Tone.MUTED,
    )
