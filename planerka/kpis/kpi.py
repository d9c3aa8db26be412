"""One value of one KPI: computed from summed measures, with its counts, its interval and whether it may be shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import accumulate

from planerka.rulebook.kpis import PLAN, Kpi, Unit
from planerka.rulebook.measures import RESPONSE_BINS
from planerka.stats import Interval, difference, poisson, wilson


class State(StrEnum):
    """IMMATURE and NOT_ENOUGH carry a value that must not be compared: too early, or of too few."""

    OK = "ok"
    NO_DATA = "no_data"
    NOT_COMPUTABLE = "not_computable"
    IMMATURE = "immature"
    NOT_ENOUGH = "not_enough"


UNSPENT = "spend.spent_on"
PAST = "history"


@dataclass(frozen=True, kw_only=True)
class KpiValue:
    """`value` in the unit of the KPI (a share 0..1, money in minor units), None where there is none.

    `low` and `high` bound a share with 95 % confidence. `missing`: the fields that the source lacks; a `.currency`
    there means amounts in several currencies, UNSPENT that it has spend, and none of these days for this scope,
    PAST that its history up to these days is not pulled yet.
    `mature_on`: the day on which the figure is final, None if it is.
    `numerator_n` and `denominator_n` are the measures themselves, the denominator of a fulfilment is the plan.
    """

    kpi: str
    state: State
    value: float | None = None
    numerator_n: int | None = None
    denominator_n: int | None = None
    low: float | None = None
    high: float | None = None
    missing: tuple[str, ...] = ()
    mature_on: date | None = None


@dataclass(frozen=True, kw_only=True)
class Change:
    """A value less the one it is compared with. Bounds None and `is_noise` None: no spread is known."""

    difference: float
    low: float | None
    high: float | None
    is_noise: bool | None


def evaluate(kpi: Kpi, counts: Mapping[str, int], plan: int | None = None, mature_on: date | None = None) -> KpiValue:
    """The KPI from measures of one scope and stretch; a measure that is not there is zero.

    `plan`: of the same scope and stretch, None without one. `mature_on` None: the stretch is mature.
    """
    numerator_n = counts.get(kpi.numerator, 0)
    denominator_n = plan if kpi.denominator == PLAN else counts.get(kpi.denominator, 0) if kpi.denominator else None
    value = value_of(kpi, counts, numerator_n, denominator_n)
    interval = wilson(numerator_n, denominator_n) if kpi.is_share and denominator_n else None
    whole_n = numerator_n if kpi.unit == Unit.MINUTES else denominator_n
    return KpiValue(
        kpi=kpi.key,
        state=state_of(kpi, value, whole_n, mature_on),
        value=value,
        numerator_n=numerator_n,
        denominator_n=denominator_n,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        mature_on=mature_on,
    )


def not_computable(kpi: Kpi, missing: tuple[str, ...]) -> KpiValue:
    return KpiValue(kpi=kpi.key, state=State.NOT_COMPUTABLE, missing=missing)


def value_of(kpi: Kpi, counts: Mapping[str, int], numerator_n: int, denominator_n: int | None) -> float | None:
    if kpi.unit == Unit.MINUTES:
        return median_response_min(counts, numerator_n)
    value = numerator_n / 100 if kpi.unit == Unit.AREA_M2 else numerator_n
    if kpi.denominator is None:
        return value
    return value / denominator_n if denominator_n else None


def state_of(kpi: Kpi, value: float | None, whole_n: int | None, mature_on: date | None) -> State:
    if value is None:
        return State.NO_DATA
    if mature_on is not None:
        return State.IMMATURE
    is_too_small = whole_n is not None and whole_n < kpi.smallest_n and kpi.denominator != PLAN
    return State.NOT_ENOUGH if is_too_small else State.OK


def median_response_min(counts: Mapping[str, int], needed_n: int) -> float | None:
    """Working minutes by which half of the leads had their response, linear within its bin of the histogram.

    Those still without one count as slower than all others; None where they, or nobody at all, make the half.
    """
    reached = list(accumulate(counts.get(name, 0) for name in RESPONSE_BINS))
    for (name, (low, high)), reached_n in zip(RESPONSE_BINS.items(), reached, strict=True):
        if needed_n and 2 * reached_n >= needed_n:
            in_bin_n = counts[name]
            return low + (high - low) * (needed_n / 2 - (reached_n - in_bin_n)) / in_bin_n
    return None


def change(kpi: Kpi, now: KpiValue, before: KpiValue, times: int = 1) -> Change | None:
    """What changed since a stretch `times` as long; None unless both values may be compared.

    Shares: Newcombe's interval. Counts: per stretch of the length of `now`, as Poisson counts. Medians and sums of
    money have no interval here.
    """
    if now.value is None or before.value is None or {now.state, before.state} != {State.OK}:
        return None
    per = times if kpi.denominator is None and kpi.unit != Unit.MINUTES else 1
    intervals = spread(kpi, now, 1), spread(kpi, before, per)
    value, other = now.value, before.value / per
    if intervals[0] is None or intervals[1] is None:
        return Change(difference=value - other, low=None, high=None, is_noise=None)
    between = difference(value, intervals[0], other, intervals[1])
    is_noise = not between.excludes_zero
    return Change(difference=value - other, low=between.low, high=between.high, is_noise=is_noise)


def spread(kpi: Kpi, value: KpiValue, per: int) -> Interval | None:
    """The interval of a share, or of a count per stretch; None where no spread is known."""
    if value.low is not None and value.high is not None:
        return Interval(value.low, value.high)
    if kpi.unit != Unit.COUNT or value.numerator_n is None or value.numerator_n < 0:
        return None
    of_count = poisson(value.numerator_n)
    return Interval(of_count.low / per, of_count.high / per)
