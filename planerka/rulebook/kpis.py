"""The catalogue of KPIs: each declared once, in rulebook/kpis.yaml, from the measures that exist."""

import json
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from planerka.errors import RulebookError
from planerka.rulebook.document import read_document
from planerka.rulebook.entry import Entry, Problem, Reader, Readers, Refusal, each, place
from planerka.rulebook.measures import MEASURES, RESPONSE_BINS, Begin

PLAN = "plan"
"""The denominator of a KPI that is measured against its plan."""


class Unit(StrEnum):
    COUNT = "count"
    SHARE = "share"
    MONEY_MINOR = "money_minor"
    AREA_M2 = "area_m2"
    MINUTES = "minutes"


class Basis(StrEnum):
    """Counted on the day on which the members of a cohort began (`Begin`), or on the day of the event."""

    COHORT = "cohort"
    PERIOD = "period"


class Direction(StrEnum):
    UP = "up"
    DOWN = "down"
    NEITHER = "neither"


class Owner(StrEnum):
    MARKETING = "marketing"
    SALES = "sales"
    QUALITY = "quality"


@dataclass(frozen=True, kw_only=True)
class Kpi:
    """A measure, or a ratio of two, or a measure against its plan (`denominator` is PLAN).

    `denominator` None: a count or a sum, or with unit MINUTES the median of the responses that `numerator` needed.
    `maturity_days`: a cohort is immature until they have passed. `smallest_n`: below it people are not compared.
    """

    key: str
    ru: str
    en: str
    definition_ru: str
    definition_en: str
    unit: Unit
    numerator: str
    denominator: str | None = None
    basis: Basis
    maturity_days: int = 0
    direction: Direction
    smallest_n: int = 1
    owners: tuple[Owner, ...]

    @cached_property
    def version(self) -> str:
        """Changes whenever anything in the definition does."""
        return sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:8]

    @property
    def begin(self) -> Begin:
        """What its cohort begins with; of a KPI by the day of the event it says nothing."""
        return MEASURES[self.numerator].begin

    @property
    def is_share(self) -> bool:
        """A part of a whole, with an interval; a fulfilment may exceed 1 and has none."""
        return self.unit == Unit.SHARE and self.denominator != PLAN

    @property
    def measures(self) -> tuple[str, ...]:
        """The measures it is computed from."""
        ratio = tuple(name for name in (self.numerator, self.denominator) if name and name != PLAN)
        return ratio + (tuple(RESPONSE_BINS) if self.unit == Unit.MINUTES else ())

    def missing(self, lacks: Collection[str]) -> tuple[str, ...]:
        """The fields that it needs and the source can never supply, each once."""
        needs = [need for name in self.measures for need in MEASURES[name].missing(lacks)]
        return tuple(dict.fromkeys(needs + [PLAN] * (self.denominator == PLAN and PLAN in lacks)))


Catalogue = dict[str, Kpi]


def load_catalogue(path: Path) -> Catalogue:
    """The KPIs of a file by key, in its order; RulebookError with every line that must be mended."""
    found: list[Problem] = []
    catalogue: Catalogue = {}
    try:
        for entry in read_document(path.read_text("utf-8")).block({"kpis": Entry.items})["kpis"]:
            try:
                kpi = kpi_of(entry)
                found += [Problem(entry.line, f"KPI {kpi.key}: {problem}") for problem in problems(kpi, catalogue)]
                catalogue[kpi.key] = kpi
            except Refusal as refusal:
                found += refusal.problems
    except Refusal as refusal:
        found += refusal.problems
    except (OSError, UnicodeDecodeError) as wrong:
        raise RulebookError(f"{path} cannot be read ({wrong}): correct the path, save it as UTF-8 text") from None
    if found:
        raise RulebookError("\n".join(Refusal(*found).lines(path.name)))
    return catalogue


def kpi_of(entry: Entry) -> Kpi:
    with place(f"KPI {entry.name('key')}"):
        keys = entry.block(REQUIRED, OPTIONAL)
    return Kpi(**keys.pop("definition"), **keys)


def choice_of(kind: type[StrEnum]) -> Reader:
    return lambda entry: kind(entry.choice(list(kind)))


def definition_of(entry: Entry) -> dict[str, str]:
    return {f"definition_{language}": text for language, text in entry.block(LANGUAGES).items()}


def whole_from(least: int) -> Reader:
    return lambda entry: entry.whole(at_least=least)


LANGUAGES: Readers = {"ru": Entry.text, "en": Entry.text}

REQUIRED: Readers = {
    "key": Entry.text,
    **LANGUAGES,
    "definition": definition_of,
    "unit": choice_of(Unit),
    "numerator": lambda entry: entry.choice(list(MEASURES)),
    "basis": choice_of(Basis),
    "direction": choice_of(Direction),
    "owners": each(choice_of(Owner)),
}

OPTIONAL: Readers = {
    "denominator": lambda entry: entry.choice([PLAN, *MEASURES]),
    "maturity_days": whole_from(0),
    "smallest_n": whole_from(1),
}


def problems(kpi: Kpi, earlier: Catalogue) -> Iterator[str]:
    """What makes a well-formed KPI impossible, each with its remedy."""
    numerator, unit = MEASURES[kpi.numerator], natural_unit(kpi)
    followed_days = max(MEASURES[name].window_days for name in kpi.measures)
    if kpi.key in earlier:
        yield "this key stands in the catalogue twice: rename one"
    if kpi.unit != unit:
        yield f"{kpi.numerator} over {kpi.denominator or 'nothing'} is a {unit}: write unit: {unit}"
    if kpi.is_share and kpi.denominator not in numerator.within:
        known = f"{kpi.numerator} is a part of {', '.join(numerator.within) or 'no measure'}"
        yield f"the denominator of a share must contain its numerator: {known}"
    if kpi.maturity_days < followed_days:
        yield f"its measures follow leads for {followed_days} days: set maturity_days to at least that"


def natural_unit(kpi: Kpi) -> Unit:
    """The unit that follows from the measures."""
    if kpi.numerator == "needed_response_n" and kpi.denominator is None and kpi.unit == Unit.MINUTES:
        return Unit.MINUTES
    if kpi.denominator == PLAN:
        return Unit.SHARE
    if MEASURES[kpi.numerator].money_of:
        return Unit.MONEY_MINOR
    if kpi.numerator.endswith("_dm2"):
        return Unit.AREA_M2
    return Unit.SHARE if kpi.denominator else Unit.COUNT
