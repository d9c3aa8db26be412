"""The catalogue of KPIs: each declared once, in rulebook/kpis.yaml, from the measures that exist."""

import json
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from planerka.errors import RulebookError
from planerka.rulebook.document import Entry, Refusal, read_document
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
    denominator: str | None
    basis: Basis
    maturity_days: int
    direction: Direction
    smallest_n: int
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

KEYS = ("key", "ru", "en", "definition", "unit", "numerator", "basis", "direction", "owners")
OPTIONAL = ("denominator", "maturity_days", "smallest_n")


def load_catalogue(path: Path) -> Catalogue:
    """The KPIs of a file by key, in its order; RulebookError with every line that must be mended."""
    refusals: list[Refusal] = []
    catalogue: Catalogue = {}
    try:
        for entry in read_document(path.read_text("utf-8")).mapping(("kpis",))["kpis"].items():
            try:
                kpi = kpi_of(entry)
                refusals += [Refusal(entry.line, f"{kpi.key}: {problem}") for problem in problems(kpi, catalogue)]
                catalogue[kpi.key] = kpi
            except Refusal as refusal:
                refusals.append(named(refusal, entry))
    except Refusal as refusal:
        refusals.append(refusal)
    except (OSError, UnicodeDecodeError) as wrong:
        raise RulebookError(f"{path} cannot be read ({wrong}): correct the path, save it as UTF-8 text") from None
    if refusals:
        raise RulebookError("\n".join(f"{path.name}:{refusal.line}: {refusal.message}" for refusal in refusals))
    return catalogue


def named(refusal: Refusal, entry: Entry) -> Refusal:
    """The refusal with the key of its KPI, where the entry has one."""
    key = entry.value.get("key") if isinstance(entry.value, dict) else None
    return Refusal(refusal.line, f"{key.raw}: {refusal.message}") if key and key.raw else refusal


def kpi_of(entry: Entry) -> Kpi:
    keys = entry.mapping(KEYS, OPTIONAL)
    definition = keys["definition"].mapping(("ru", "en"))
    return Kpi(
        key=keys["key"].text(),
        ru=keys["ru"].text(),
        en=keys["en"].text(),
        definition_ru=definition["ru"].text(),
        definition_en=definition["en"].text(),
        unit=Unit(keys["unit"].choice(list(Unit))),
        numerator=keys["numerator"].choice(list(MEASURES)),
        denominator=keys["denominator"].choice([PLAN, *MEASURES]) if "denominator" in keys else None,
        basis=Basis(keys["basis"].choice(list(Basis))),
        maturity_days=keys["maturity_days"].whole(0) if "maturity_days" in keys else 0,
        direction=Direction(keys["direction"].choice(list(Direction))),
        smallest_n=keys["smallest_n"].whole(1) if "smallest_n" in keys else 1,
        owners=tuple(Owner(owner.choice(list(Owner))) for owner in keys["owners"].items()),
    )


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
