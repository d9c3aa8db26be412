"""Facts into words: one figure, one change, one stretch of days, always said in the same way."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from planerka.errors import PlanerkaError
from planerka.kpis.kpi import UNSPENT, Change, State
from planerka.pack.facts import Definition, Figure, PackFacts, Text, Trend
from planerka.pack.field_names import named
from planerka.pack.model import Cell, Tile, Tone
from planerka.rulebook.kpis import Direction, Unit
from planerka.words import MINUS, NBSP, Words, _

NAMED_N = 5
"""Channels named in a note: a file that calls all of them otherwise may have a hundred."""


@dataclass(frozen=True)
class Wording:
    """Words for the figures of one pack: it knows their definitions, the currency and the zone."""

    words: Words
    currency: str
    zone: ZoneInfo
    definitions: dict[str, Definition]

    @classmethod
    def of(cls, facts: PackFacts, words: Words) -> "Wording":
        known = {definition.kpi: definition for definition in facts.appendix.definitions}
        return cls(words, facts.currency, ZoneInfo(facts.header.time_zone), known)

    def text(self, text: Text) -> str:
        return text.ru if self.words.language == "ru" else text.en

    def definition(self, kpi: str) -> Definition:
        if kpi not in self.definitions:
            raise PlanerkaError(f"the pack shows {kpi} and does not define it: add it to the definitions of the facts")
        return self.definitions[kpi]

    def title(self, kpi: str) -> str:
        return self.text(self.definition(kpi).title)

    def scope(self, title: str | None) -> str:
        return title or self.words.say("not stated")

    def value(self, kpi: str, value: float | None, digits_n: int = 0) -> str:
        """A number in the unit of its KPI; up to `digits_n` decimals for a mean, a difference or its two sides."""
        if value is None:
            return self.words.say("no data")
        match self.definition(kpi).unit:
            case Unit.SHARE:
                return self.words.percent(value, digits_n)
            case Unit.MONEY_MINOR:
                return self.words.money(value, self.currency)
            case Unit.AREA_M2:
                return self.unit(_("{n} m²"), value)
            case Unit.MINUTES:
                return self.unit(_("{n} min"), value, digits_n)
            case Unit.COUNT:
                return self.words.number(value, digits_n)

    def unit(self, msgid: str, n: float, digits_n: int = 0) -> str:
        """A number and its unit, never parted at the end of a line."""
        return self.words.say(msgid, n=self.words.number(n, digits_n)).replace(" ", NBSP)

    def figure(self, figure: Figure, digits_n: int = 0) -> str:
        """The value, or the state that stands for it."""
        match figure.state:
            case State.NOT_COMPUTABLE:
                return self.words.say("not computable")
            case State.NOT_ENOUGH:
                return self.words.say("not enough data")
            case State.NO_DATA:
                return self.words.say("no data")
        return self.value(figure.kpi, figure.value, digits_n)

    def notes(self, figure: Figure) -> tuple[str, ...]:
        """What must stand beside the value: n, the interval, how ripe it is, what is missing, what does not belong."""
        if figure.state == State.NOT_COMPUTABLE:
            return (self.lacking(figure),)
        notes = [self.sample_size(figure), self.interval(figure), self.maturity(figure), self.stray(figure)]
        return tuple(note for note in notes if note)

    def sample_size(self, figure: Figure) -> str:
        if figure.denominator_n is None:
            return ""
        return f"n{NBSP}={NBSP}{self.words.number(figure.denominator_n)}"

    def interval(self, figure: Figure) -> str:
        if not figure.is_shown or figure.low is None or figure.high is None:
            return ""
        low = self.words.percent(figure.low).rstrip(f"%{NBSP}")
        return f"{low}–{self.words.percent(figure.high)}"

    def maturity(self, figure: Figure) -> str:
        if figure.state != State.IMMATURE:
            return ""
        if figure.mature_on is None:
            return self.words.say("not mature yet")
        return self.words.say("not mature until {day}", day=self.words.days(figure.mature_on, figure.mature_on))

    def stray(self, figure: Figure) -> str:
        """Money whose leads nobody can tell: most often one channel that two files call by two names."""
        if figure.stray is None:
            return ""
        titles = [self.scope(title) for title in figure.stray.channel_titles]
        return self.words.say(
            "{money} of the spend is on channels without a single lead: {channels}",
            money=self.words.money(figure.stray.amount_minor, self.currency),
            channels=", ".join(titles[:NAMED_N]) + ", …" * (len(titles) > NAMED_N),
        )

    def lacking(self, figure: Figure) -> str:
        """What the source has not for a figure; of which days, where it has it of others: a final cohort may be old."""
        missing = self.missing(figure.missing)
        return f"{missing} ({self.stretch(figure)})" if UNSPENT in figure.missing else missing

    def missing(self, fields: tuple[str, ...]) -> str:
        return self.words.say("the source has no: {fields}", fields=named(fields, self.words))

    def cell(self, figure: Figure, bar: str | None = None) -> Cell:
        tone = Tone.PLAIN if figure.state == State.OK else Tone.MUTED
        return Cell(text=self.figure(figure), note=" · ".join(self.notes(figure)), tone=tone, bar=bar)

    def change(self, trend: Trend) -> Cell:
        """The change against the reference, in the sense of good and bad only beyond noise."""
        if trend.change is None:
            return Cell(text="—", tone=Tone.MUTED)
        text = self.difference(trend.now.kpi, trend.change.difference)
        match trend.change.is_noise:
            case True:
                return Cell(text=text, note=self.words.say("within noise"), tone=Tone.MUTED)
            case None:
                return Cell(text=text, tone=Tone.MUTED)
        return Cell(text=text, note=self.words.say("beyond noise"), tone=self.tone(trend.now.kpi, trend.change))

    def tone(self, kpi: str, change: Change) -> Tone:
        direction = self.definition(kpi).direction
        if direction == Direction.NEITHER or not change.difference:
            return Tone.PLAIN
        return Tone.GOOD if (change.difference > 0) == (direction == Direction.UP) else Tone.BAD

    def difference(self, kpi: str, difference: float) -> str:
        """With its sign, unless it rounds to nothing."""
        sign = "+" if difference > 0 else MINUS
        if self.definition(kpi).unit == Unit.SHARE:
            text = self.unit(_("{n} pp"), abs(difference) * 100, 1)
        else:
            text = self.value(kpi, abs(difference), 1)
        return sign + text if re.search("[1-9]", text) else text

    def before(self, trend: Trend) -> str:
        """The reference in words; empty where there is none."""
        if trend.before is None or not trend.before.is_shown:
            return ""
        value = self.value(trend.now.kpi, trend.before.value, 1)
        if self.definition(trend.now.kpi).unit in (Unit.COUNT, Unit.MONEY_MINOR, Unit.AREA_M2):
            return self.words.say("four weeks before: {value} a week", value=value)
        return self.words.say("four weeks before: {value}", value=value)

    def tile(self, trend: Trend, label: str | None = None) -> Tile:
        """Value, reference and change, rounded alike: whoever doubts the change subtracts the two."""
        change = self.change(trend)
        notes = [" · ".join(self.notes(trend.now)), self.before(trend)]
        if trend.change is not None:
            notes.append(", ".join(filter(None, (change.text, change.note))))
        shown_tone = change.tone if trend.now.state == State.OK else Tone.MUTED
        return Tile(
            label=label or self.title(trend.now.kpi),
            value=self.figure(trend.now, digits_n=1),
            notes=tuple(filter(None, notes)),
            tone=Tone.PLAIN if trend.now.state == State.OK and shown_tone == Tone.MUTED else shown_tone,
        )

    def days(self, from_on: date, to_on: date) -> str:
        """A stretch of days; a whole calendar month by its name."""
        is_month = from_on.day == 1 and from_on.month == to_on.month and (to_on + timedelta(days=1)).day == 1
        return self.words.month(from_on) if is_month else self.words.days(from_on, to_on)

    def stretch(self, figure: Figure) -> str:
        return self.days(figure.from_on, figure.to_on) if figure.from_on and figure.to_on else ""


def bar(value: float | None, full: float | None) -> str | None:
    """Length of a bar as an SVG width; None where there is nothing to draw against."""
    if value is None or not full:
        return None
    return f"{min(max(value / full, 0.0), 1.0):.1%}"
