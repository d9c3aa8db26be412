"""The preview as tables of texts, in the reader's language: the terminal and the page show the same ones."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from babel.numbers import get_currency_precision

from planerka.intake.row_tests import BY_KEY
from planerka.model import Check, GateReport, LeadStatus
from planerka.pack.field_names import FIELD_NAMES
from planerka.preview.costs import Cost
from planerka.preview.rehearsal import Month, Preview
from planerka.store.overview import Became, Range, Unmatched
from planerka.words import Words

MANY_N = 20
"""Names in one cell."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """`numbers`: which columns are figures. `lead` says what to do about it, "" where there is nothing to do."""

    key: str
    title: str
    lead: str
    heads: tuple[str, ...]
    numbers: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]


def headline(preview: Preview, words: Words) -> str:
    """What the tests of the rows would do to a pull. Others, how fresh it is for one, are asked only by the pull."""
    if stops_n := len(preview.gate.stopped_by):
        return words.count("A pull would be stopped by {n} check", "A pull would be stopped by {n} checks", stops_n)
    if n := preview.quarantined_n:
        return words.count("A pull would hold back {n} row", "A pull would hold back {n} rows", n)
    return words.say("A pull would hold back no row")


def tables_of(preview: Preview, costs: Sequence[Cost], zone: ZoneInfo, words: Words) -> tuple[Table, ...]:
    """Every table that has a row, in the order in which somebody would correct a mapping."""
    say = Sayer(words, preview.currency, zone)
    by_stage, by_reason = words.say("What leads became, by stage"), words.say("What leads became, by reason")
    made = (
        say.files(preview.rows_by_file),
        say.checks(preview.gate),
        say.months(preview),
        say.became("stages", by_stage, words.say("Stage"), preview.stages, preview.states),
        say.became("reasons", by_reason, words.say("Reason"), preview.reasons, preview.states),
        say.ranges(preview.ranges),
        say.unmatched(preview.unmatched),
        say.costs(costs),
    )
    return tuple(table for table in made if table.rows)


@dataclass(frozen=True)
class Sayer:
    """Makes the tables: texts in one language, money in one currency, instants in one zone."""

    words: Words
    currency: str
    zone: ZoneInfo

    def table(
        self, key: str, title: str, heads: Sequence[str], rows: Iterator[Sequence[str]], *, texts_n: int, lead: str = ""
    ) -> Table:
        """`texts_n`: so many columns on the left are texts, the others figures."""
        numbers = tuple(n >= texts_n for n in range(len(heads)))
        return Table(key=key, title=title, lead=lead, heads=tuple(heads), numbers=numbers, rows=tuple(map(tuple, rows)))

    def files(self, rows_by_file: dict[str, int]) -> Table:
        say = self.words.say
        rows = ((name, self.words.number(n)) for name, n in rows_by_file.items())
        return self.table("files", say("Rows read"), (say("File"), say("Rows")), rows, texts_n=1)

    def checks(self, gate: GateReport) -> Table:
        say, number = self.words.say, self.words.number
        rows = (
            (
                check.ru if self.words.language == "ru" else check.en,
                self.consequence(check, gate),
                "\n".join([*check.examples, *self.remedy(check)]),
                number(check.failed_n),
                number(check.rows_n - check.unknown_n),
            )
            for check in gate.checks
            if check.failed_n and (check.key in BY_KEY or not check.is_passed)
        )
        heads = (say("Must hold"), say("If not"), say("The first of them, and what to do"), say("Wrong"), say("Rows"))
        lead = say("Rows that are held back wait in quarantine: correct them in the source, or correct the mapping.")
        return self.table("checks", say("Rows that do not fit"), heads, rows, texts_n=3, lead=lead)

    def consequence(self, check: Check, gate: GateReport) -> str:
        """What becomes of the rows that fail, and of the pull."""
        test = BY_KEY.get(check.key)
        is_held = test is not None and test.quarantines
        if check in gate.stopped_by:
            return self.words.say("so many stop the pull")
        return self.words.say("held back") if is_held else self.words.say("reported")

    def remedy(self, check: Check) -> Iterator[str]:
        if test := BY_KEY.get(check.key):
            yield f"→ {self.words.say(test.remedy)}"

    def by_state(self, found: Month | Became, states: Sequence[LeadStatus]) -> Iterator[str]:
        """How many leads are open, rejected and won; a dash where the mapping does not say which are."""
        for state in (LeadStatus.OPEN, LeadStatus.REJECTED, LeadStatus.WON):
            yield self.words.number(getattr(found, f"{state}_n")) if state in states else "—"

    def months(self, preview: Preview) -> Table:
        say, number = self.words.say, self.words.number
        rows = (
            (
                f"{month.month:%Y-%m}" if month.month else say("not known"),
                number(month.open_n + month.rejected_n + month.won_n),
                *self.by_state(month, preview.states),
            )
            for month in preview.months
        )
        heads = (say("Month"), say("Leads"), say("Open"), say("Rejected"), say("Won"))
        lead = say(
            "Leads from {first} to {last}; the export reaches until {until}.",
            first=self.value(preview.first_on),
            last=self.value(preview.last_on),
            until=self.value(preview.data_until),
        )
        return self.table("months", say("Leads by month"), heads, rows, texts_n=1, lead=lead)

    def became(self, key: str, title: str, head: str, found: Sequence[Became], states: Sequence[LeadStatus]) -> Table:
        say = self.words.say
        rows = (
            (
                one.title or one.id or say("none"),
                one.code or (say("no code") if one.id else ""),
                *self.by_state(one, states),
            )
            for one in found
        )
        heads = (head, say("Code"), say("Open"), say("Rejected"), say("Won"))
        is_uncoded = any(one.id and not one.code for one in found)
        lead = say("What has no code is not known to planerka: give it one in `references`.") if is_uncoded else ""
        has_any = any(one.id for one in found)
        return self.table(key, title, heads, rows if has_any else iter(()), texts_n=2, lead=lead)

    def ranges(self, found: Sequence[Range]) -> Table:
        say, number = self.words.say, self.words.number
        rows = (
            (
                say(FIELD_NAMES.get(f"{one.noun}.{one.field}", f"{one.noun}.{one.field}")),
                f"{number(one.filled_n)} / {number(one.rows_n)}",
                *(self.value(value, is_money=one.field.endswith("_minor")) for value in (one.low, one.high)),
                "" if one.total is None else self.value(one.total, is_money=one.field.endswith("_minor")),
            )
            for one in found
        )
        heads = (say("Field"), say("Filled in"), say("Least"), say("Greatest"), say("Sum"))
        return self.table("ranges", say("Numbers and dates"), heads, rows, texts_n=1)

    def value(self, value: date | datetime | float | None, *, is_money: bool = False) -> str:
        if isinstance(value, datetime):
            return f"{value.astimezone(self.zone):%Y-%m-%d %H:%M}"
        if isinstance(value, date):
            return value.isoformat()
        if value is None:
            return self.words.say("not known")
        if is_money:
            return f"{self.words.number(value / 10 ** get_currency_precision(self.currency), 2)} {self.currency}"
        return self.words.number(value, 2)

    def unmatched(self, found: Sequence[Unmatched]) -> Table:
        say = self.words.say
        said = {
            ("spend", "channel_id"): (
                say("Spend on channels that no lead has"),
                say("Channels without spend"),
            ),
            ("spend", "project_id"): (say("Spend on projects that no lead has"), say("Projects without spend")),
            ("plan", "project_id"): (say("Plan of projects that no lead has"), say("Projects without a plan")),
        }
        rows = (
            (title, self.listed(names))
            for one in found
            for title, names in zip(said[one.noun, one.field], (one.strays, one.bare), strict=True)
            if names
        )
        lead = say("The same must be called the same in every file; letters that only look alike count as others.")
        title = say("Spend and plan that meet no lead")
        return self.table("unmatched", title, (say("What"), say("Names")), rows, texts_n=2, lead=lead)

    def costs(self, costs: Sequence[Cost]) -> Table:
        say = self.words.say
        rows = ((cost.missing, ", ".join(cost.kpis), ", ".join(cost.clauses)) for cost in costs)
        heads = (say("Missing"), say("KPIs that cannot be computed"), say("Clauses that cannot be checked"))
        return self.table("costs", say("What this export cannot tell"), heads, rows, texts_n=3)

    def listed(self, names: Sequence[str]) -> str:
        more_n = len(names) - MANY_N
        return ", ".join(names[:MANY_N]) + (f" … +{self.words.number(more_n)}" if more_n > 0 else "")
