"""Is this pack fit to be shown? A pack that is not goes to nobody."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from planerka.intake.spec import Spec, Tallies, Tally
from planerka.model import CheckSeverity, GateReport
from planerka.pack.facts import Figure, PackFacts, State, Trend, Unit
from planerka.ternary import Ternary, certain, known

SUITE = "pack"

BEFORE_WEEKS_N = 4
"""`Trend.before` of a count is the mean week of so many."""

BLOCK, WARN = CheckSeverity.BLOCK, CheckSeverity.WARN
PRESENT = Spec(
    key="pack.figures_present",
    ru="Все показатели компании, для которых есть данные, посчитаны",
    en="Every figure of the company that has its data is there",
    severity=BLOCK,
)
SHARES = Spec(
    key="pack.shares",
    ru="Доли лежат между 0 и 100 %, а числитель входит в знаменатель",
    en="Shares are between 0 and 100%, numerators within denominators",
    severity=BLOCK,
)
KEPT = Spec(
    key="pack.kept",
    ru="Показатели компании, которые были в прошлом пакете, есть и в этом",
    en="The company's figures that the last pack had are in this one too",
    severity=BLOCK,
)
FRESH = Spec(
    key="pack.fresh",
    ru="Данные каждого источника не старше допустимого",
    en="No source is staler than is allowed",
    severity=BLOCK,
)
GATES = Spec(
    key="pack.gates",
    ru="Проверки данных пройдены",
    en="The data gates are open",
    severity=BLOCK,
)
FUNNEL = Spec(
    key="pack.funnel",
    ru="За пять недель воронка нигде не расширяется",
    en="Over five weeks the funnel widens nowhere",
    severity=WARN,
)
HAS_LEADS = Spec(
    key="pack.has_leads",
    ru="Неделя не лежит целиком после последнего лида выгрузки",
    en="The week does not lie wholly after the last lead of the export",
    severity=BLOCK,
)
SPECS = (PRESENT, SHARES, KEPT, FRESH, HAS_LEADS, GATES, FUNNEL)


def pack_gate(facts: PackFacts) -> GateReport:
    """The checks of a pack, over the frame of its figures."""
    from expectations.gate import run_suite

    def results_of(figures: pd.DataFrame) -> Tallies:
        return {
            PRESENT.key: Tally.of(are_present(facts)),
            SHARES.key: Tally.of(are_shares(figures)),
            KEPT.key: Tally.of(are_kept(facts)),
            FRESH.key: Tally.of(all_of([not source.is_stale for source in facts.header.sources])),
            HAS_LEADS.key: Tally.of(all_of([source.leads_end_on is None for source in facts.header.sources])),
            GATES.key: Tally.of(all_of([report.is_open for report in facts.appendix.gates])),
            FUNNEL.key: Tally.of(narrows(facts.funnel.steps)),
        }

    return run_suite(SUITE, figures_of(facts), SPECS, results_of)


def figures_of(facts: PackFacts) -> pd.DataFrame:
    """Every figure of the pack, a row each, in no order; what it does not have is NaN."""
    units = {definition.kpi: definition.unit for definition in facts.appendix.definitions}
    rows = [
        (f.kpi, units.get(f.kpi) == Unit.SHARE, f.value, f.low, f.high, f.numerator_n, f.denominator_n)
        for f in figures_in(facts)
    ]
    names = ["kpi", "is_share", "value", "low", "high", "numerator_n", "denominator_n"]
    frame = pd.DataFrame(rows, columns=names)
    return frame.astype({"is_share": "bool", **dict.fromkeys(names[2:], "float64")})


def figures_in(part: Any) -> Iterator[Figure]:
    """The figures anywhere inside a part of the facts."""
    if isinstance(part, Figure):
        yield part
    elif isinstance(part, tuple):
        for item in part:
            yield from figures_in(item)
    elif is_dataclass(part):
        for field in fields(part):
            yield from figures_in(getattr(part, field.name))


def are_present(facts: PackFacts) -> Ternary:
    """One answer a definition: has a value, ought to have one, or says in its state why there is none (unknown)."""
    figure_of = {figure.kpi: figure for figure in facts.appendix.figures}
    figures = [figure_of.get(definition.kpi) for definition in facts.appendix.definitions]
    has_value = [f is not None and f.value is not None for f in figures]
    is_lost = [f is None or (f.value is None and f.state == State.OK) for f in figures]
    return Ternary(np.array(has_value, dtype=np.bool_), np.array(is_lost, dtype=np.bool_))


def are_kept(facts: PackFacts) -> Ternary:
    """One answer a figure: has a value, was lost since the last pack, or had none then either (unknown)."""
    figures = facts.appendix.figures
    has_value = [figure.value is not None for figure in figures]
    is_lost = [figure.kpi in facts.appendix.lost for figure in figures]
    return Ternary(np.array(has_value, dtype=np.bool_), np.array(is_lost, dtype=np.bool_))


def are_shares(figures: pd.DataFrame) -> Ternary:
    """Figures with counts: 0 ≤ numerator ≤ denominator and 0 ≤ low ≤ value ≤ high ≤ 1. Others are no shares.

    Plan fulfilment is said in per cent too, but is no part of its plan.
    """
    low, value, high = (figures[name].to_numpy() for name in ("low", "value", "high"))
    part, whole = figures["numerator_n"].to_numpy(), figures["denominator_n"].to_numpy()
    # An interval is given to a part of a whole only: plan fulfilment has none, and may exceed 100 %.
    is_share = figures["is_share"].to_numpy() & ~np.isnan(part) & ~np.isnan(whole) & ~np.isnan(low)
    # Comparisons with NaN are false: a bound that is not there breaks nothing.
    is_off = (part < 0) | (part > whole) | (value < 0) | (value > 1) | (low < 0) | (high > 1)
    return known(~(is_off | (value < low) | (value > high)), is_share)


def narrows(steps: tuple[Trend, ...]) -> Ternary:
    """Each step against the one before it, over the week and the four before; unknown where either is not known.

    A single week may widen: its contracts come from the bookings of others.
    """
    totals = np.array([total_of(step) for step in steps], dtype="float64")
    pairs = np.array(list(pairwise(totals)), dtype="float64").reshape(-1, 2)
    return Ternary(pairs[:, 1] <= pairs[:, 0], pairs[:, 1] > pairs[:, 0])


def total_of(step: Trend) -> float | None:
    if step.now.value is None or step.before is None or step.before.value is None:
        return None
    return step.now.value + BEFORE_WEEKS_N * step.before.value


def all_of(answers: list[bool]) -> Ternary:
    return certain(np.array(answers, dtype=np.bool_))
