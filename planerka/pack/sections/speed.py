"""Speed of response: how soon a person answered, in working time."""

from planerka.pack import charts
from planerka.pack.facts import PackFacts, ResponseBin, Speed
from planerka.pack.model import Block, Chart, Tiles
from planerka.pack.sections.scopes import beside, lost_line, scope_table
from planerka.pack.wording import Wording
from planerka.regulation.findings import CODE_WORDS, language_of


def lead(wording: Wording, facts: PackFacts) -> str:
    speed, words = facts.speed, wording.words
    first = next(iter(speed.company), None)
    if first is None:
        return words.say("There is nothing to count in this week.")
    if first.now.missing:
        return f"{lost_line(wording, first.now)}."
    if not speed.norms_min:
        return words.say("No edition in force names a norm of response.")
    return f"{wording.title(first.now.kpi)}: {wording.figure(first.now)}. {norm(wording, speed)}"


def norm(wording: Wording, speed: Speed) -> str:
    """One sentence, with the kinds of enquiry where they differ."""
    words, different = wording.words, set(speed.norms_min.values())
    if len(different) == 1:
        return words.count("The norm is {n} working minute.", "The norm is {n} working minutes.", *different)
    kinds = ", ".join(
        f"{CODE_WORDS[kind][language_of(words)]} {words.number(n)}" for kind, n in speed.norms_min.items()
    )
    return words.say("The norm in working minutes: {kinds}.", kinds=kinds)


def blocks(wording: Wording, facts: PackFacts) -> tuple[Block, ...]:
    speed, say = facts.speed, wording.words.say
    known = tuple(trend for trend in speed.company if not trend.now.missing)
    if not known:
        return ()
    manager, channel = say("Person in charge"), say("Channel")
    shown: list[Block | None] = [
        Tiles(title="", tiles=tuple(map(wording.tile, known))),
        chart(wording, speed),
        beside(
            scope_table(wording, "speed-by-manager", say("By person in charge"), manager, speed.by_manager),
            scope_table(wording, "speed-by-channel", say("By channel"), channel, speed.by_channel),
        ),
    ]
    return tuple(block for block in shown if block is not None)


def chart(wording: Wording, speed: Speed) -> Chart | None:
    if not any(bin.leads_n for bin in speed.bins):
        return None
    return Chart(
        key="speed",
        title=wording.words.say("Leads of the week by time to the first answer"),
        summary="; ".join(f"{label}: {wording.words.number(bin.leads_n)}" for label, bin in labelled(wording, speed)),
        spec=charts.bins(wording, labelled(wording, speed), min(speed.norms_min.values(), default=None)),
    )


def labelled(wording: Wording, speed: Speed) -> list[tuple[str, ResponseBin]]:
    """Each bin with its name: "up to 15 min", the last "later or not yet"."""
    say, number = wording.words.say, wording.words.number
    return [
        (say("up to {n} min", n=number(bin.up_to_min)) if bin.up_to_min else say("later or not yet"), bin)
        for bin in speed.bins
    ]
