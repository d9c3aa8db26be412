"""Agreement of two readers in plain words, and week by week as a small chart."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from planerka.clock import Week
from planerka.desk.show.disputes import Shower
from planerka.disputes.agreement import Figures, Proposal, SubjectAgreement
from planerka.disputes.export import CHOICES
from planerka.model import ReadingSubject
from planerka.stats import Estimate
from planerka.words import Words, _

TITLES = {
    ReadingSubject.VERDICT: (
        _("The second reader and the machine"),
        _("Rejections that the regulation finds lawful, read again by a person."),
    ),
    ReadingSubject.RULING: (
        _("The second reader and the analyst"),
        _("Rulings of the analyst, read again by somebody who did not see them."),
    ),
}
COEFFICIENTS = (
    ("ac1", _("AC1"), _("agreement beyond chance; stays sensible where nearly all cases are of one kind")),
    ("kappa", _("Kappa"), _("agreement beyond chance, stricter; falls where nearly all cases are of one kind")),
)
SHOWN_APART_N = 20
"""Of the cases of one clause in which the two differed, the newest so many."""

WEEKS_IN_CHART_N = 3
"""Fewer show no drift."""

HEIGHT, STEP, MARGIN = 100, 36, 12
"""Of the chart, in units of its own: a whole share, a week, and what is left at the sides."""


@dataclass(frozen=True, kw_only=True)
class Coefficient:
    """`value` None: it cannot be computed; `between` None: it has no interval."""

    title: str
    what: str
    value: str | None
    between: str | None


@dataclass(frozen=True, kw_only=True)
class WeekRow:
    """`share` with its interval; `ac1` None where the week has too few readings for it."""

    week: str
    n: str
    agreed: str
    share: str
    ac1: str | None


@dataclass(frozen=True, kw_only=True)
class Dot:
    """A week in the chart: the share that agreed and the ends of its interval, downwards from 100 %."""

    x: int
    y: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Chart:
    width: int
    dots: tuple[Dot, ...]


@dataclass(frozen=True, kw_only=True)
class Told:
    """One kind of reading. Not `is_enough`: the coefficients would say more about chance, and are empty."""

    title: str
    what: str
    n: int
    agreed: str
    share: str | None
    is_enough: bool
    coefficients: tuple[Coefficient, ...]
    weeks: tuple[WeekRow, ...]
    chart: Chart | None


@dataclass(frozen=True, kw_only=True)
class Apart:
    """A case in which the two differed. `dispute_id` None: nobody disputed it, and the CRM alone has the lead."""

    lead_id: str
    dispute_id: int | None
    first: str
    second: str
    comment: str


@dataclass(frozen=True, kw_only=True)
class ToldProposal:
    """`place`: the clause and its words, or the reason's. `unshown_n` older cases are left out."""

    place: str
    edition: str
    differed: str
    is_enough: bool
    apart: tuple[Apart, ...]
    unshown_n: int


def told(words: Words, one: SubjectAgreement) -> Told:
    title, what = TITLES[one.subject]
    whole = one.whole
    kept = [
        coefficient(words, words.say(name), words.say(meaning), getattr(whole, field))
        for field, name, meaning in COEFFICIENTS
        if not (field == "kappa" and one.subject == ReadingSubject.VERDICT)
    ]
    return Told(
        title=words.say(title),
        what=words.say(what),
        n=whole.raw.n,
        agreed=agreed(words, whole),
        share=share(words, whole.raw),
        is_enough=whole.is_enough,
        coefficients=tuple(kept) if whole.is_enough else (),
        weeks=tuple(week_row(words, week, figures) for week, figures in reversed(one.by_week.items())),
        chart=chart(one.by_week),
    )


def agreed(words: Words, figures: Figures) -> str:
    return words.count(
        "Of {n} reading {agreed} said the same as the first decision.",
        "Of {n} readings {agreed} said the same as the first decision.",
        figures.raw.n,
        agreed=words.number(figures.agreed_n),
    )


def share(words: Words, raw: Estimate) -> str | None:
    return with_interval(words, raw, words.percent)


def with_interval(words: Words, found: Estimate, form: Callable[[float], str]) -> str | None:
    """As "87 % (between 79 % and 92 %)"; None where there is no value."""
    if found.value is None:
        return None
    if found.interval is None:
        return form(found.value)
    ends = {"low": form(found.interval.low), "high": form(found.interval.high)}
    return words.say("{value} (between {low} and {high})", value=form(found.value), **ends)


def coefficient(words: Words, title: str, what: str, found: Estimate) -> Coefficient:
    between = None
    if found.interval:
        low, high = decimal(words, found.interval.low), decimal(words, found.interval.high)
        between = words.say("between {low} and {high}", low=low, high=high)
    value = None if found.value is None else decimal(words, found.value)
    return Coefficient(title=title, what=what, value=value, between=between)


def decimal(words: Words, value: float) -> str:
    return words.number(value, 2)


def week_row(words: Words, week: Week, figures: Figures) -> WeekRow:
    return WeekRow(
        week=words.days(week.monday, week.sunday),
        n=words.number(figures.raw.n),
        agreed=words.number(figures.agreed_n),
        share=share(words, figures.raw) or "",
        ac1=with_interval(words, figures.ac1, lambda value: decimal(words, value)) if figures.is_enough else None,
    )


def chart(by_week: Mapping[Week, Figures]) -> Chart | None:
    """The shares of the weeks in order, each at its distance in weeks from the first; None for too few."""
    if len(by_week) < WEEKS_IN_CHART_N:
        return None
    first, *_others, last = by_week
    dots = (dot(weeks_between(first, week), figures.raw) for week, figures in by_week.items())
    return Chart(width=2 * MARGIN + STEP * weeks_between(first, last), dots=tuple(filter(None, dots)))


def dot(weeks_n: int, raw: Estimate) -> Dot | None:
    if raw.value is None or raw.interval is None:
        return None
    y, low, high = (round(HEIGHT * (1 - end), 1) for end in (raw.value, raw.interval.low, raw.interval.high))
    return Dot(x=MARGIN + STEP * weeks_n, y=y, low=low, high=high)


def weeks_between(first: Week, last: Week) -> int:
    return (last.monday - first.monday).days // 7


def told_proposal(shower: Shower, one: Proposal) -> ToldProposal:
    words = shower.words
    return ToldProposal(
        place=f"{one.clause or ''} {getattr(one, words.language)}".strip(),
        edition=one.edition,
        differed=words.count(
            "the two differed in {apart} of {n} reading",
            "the two differed in {apart} of {n} readings",
            one.readings_n,
            apart=words.number(one.disagreed_n),
        ),
        is_enough=one.is_enough,
        apart=tuple(
            Apart(
                lead_id=done.lead_id,
                dispute_id=done.dispute_id,
                first=words.say(CHOICES[done.first]),
                second=words.say(CHOICES[done.second]),
                comment=done.comment,
            )
            for done in one.apart[::-1][:SHOWN_APART_N]
        ),
        unshown_n=max(one.disagreed_n - SHOWN_APART_N, 0),
    )
