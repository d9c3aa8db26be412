"""Tests of a pull as a whole: is it fresh, is it all there, do its ids have names, how much of it is bad."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planerka.intake.kinds import BAD_SHARE, FEW_N
from planerka.intake.row_tests import CONDITIONS_MET
from planerka.intake.spec import Spec, Tally
from planerka.model import Check, CheckSeverity
from planerka.store.overview import Unmatched
from planerka.ternary import Ternary, certain, known

Counts = NDArray[np.float64]

WEEK_DAYS_N = 7
HISTORY_WEEKS_N = 8
NEEDED_WEEKS_N = 4
"""Fewer weeks to compare with, and a week cannot be called small: a new source is not a broken one."""

NEEDED_LEADS_N = 10
"""Where a usual day (or week) has fewer leads, a quiet one is chance: e**-10 of no lead at all would not be."""

DAY_BAND = (0.4, 2.5)
WEEK_FLOOR = 0.25
"""Of the usual. Under it a channel of supply is dead; New Year's holidays keep about half of a usual week."""


@dataclass(frozen=True, kw_only=True)
class PullFacts:
    """What is known of a source after a pull.

    `data_until`: how far the source is complete; `last_on`: its last whole local day. `leads_by_day`: leads created
    on each local day up to then, index `datetime64` days; days without a lead may be absent. `unnamed_n`: of
    `leads_n` leads, how many have an id in this field that no reference explains. `held_n` of the `pulled_n`
    rows pulled since the gate was last open went to quarantine. `is_past_there`: nothing is older than what was
    pulled. `unmatched`: ids of the spend and of the plan against those of leads and contracts. `export_rows_n`: by
    noun, the rows of the newest export and of the one before it; fewer numbers where there was no other, none for a
    source that does not come whole.
    """

    now: datetime
    data_until: datetime
    max_age_hours: float
    last_on: date
    leads_by_day: pd.Series
    leads_n: int
    unnamed_n: dict[str, int]
    pulled_n: int
    held_n: int
    is_past_there: bool = True
    unmatched: tuple[Unmatched, ...] = ()
    export_rows_n: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


FRESH = Spec(
    key="pull.fresh",
    ru="Выгрузка: данные свежие",
    en="Pull: the data are fresh",
    severity=CheckSeverity.BLOCK,
)
USUAL_DAYS = Spec(
    key="pull.usual_days",
    ru="Выгрузка: лидов за день столько же, сколько обычно в этот день недели",
    en="Pull: each day has about as many leads as is usual for that weekday",
    severity=CheckSeverity.WARN,
)
USUAL_WEEK = Spec(
    key="pull.usual_week",
    ru="Выгрузка: лиды за последние семь дней не пропали",
    en="Pull: the leads of the last seven days are not missing",
    severity=CheckSeverity.BLOCK,
)
HELD = Spec(
    key="pull.held",
    ru="Выгрузка: в карантине не больше 1\u00a0% строк",
    en="Pull: no more than 1% of rows are in quarantine",
    severity=CheckSeverity.BLOCK,
    mostly=1 - BAD_SHARE,
    tolerated_n=FEW_N,
)
PAST = Spec(
    key="pull.past",
    ru="Выгрузка: история загружена целиком",
    en="Pull: the whole history is there",
    severity=CheckSeverity.WARN,
)
WHOLE = {
    noun: Spec(
        key=f"pull.{noun}_whole",
        ru=f"Выгрузка: {words_ru} не меньше, чем в прошлой",
        en=f"Pull: the export has no fewer {words_en} than the one before it",
        severity=CheckSeverity.BLOCK,
        mostly=1 - BAD_SHARE,
        tolerated_n=FEW_N,
    )
    for noun, words_ru, words_en in (
        ("lead", "лидов", "leads"),
        ("event", "событий", "events"),
        ("rejection", "карточек отказов", "rejection cards"),
        ("contract", "ДДУ", "contracts"),
        ("spend", "строк расходов", "rows of the spend"),
        ("plan", "строк плана", "rows of the plan"),
    )
}
"""A file that is cut short after a whole row is like any other: only the one before it tells. Each table may be one."""
NAMED = {
    name: Spec(
        key=f"pull.{name.removesuffix('_id')}_named",
        ru=f"Выгрузка: у каждого лида {words_ru} есть в справочнике",
        en=f"Pull: the {words_en} of every lead is in the references",
        severity=CheckSeverity.WARN,
    )
    for name, words_ru, words_en in (
        ("project_id", "проект", "project"),
        ("channel_id", "канал", "channel"),
        ("manager_id", "менеджер", "manager"),
    )
}

MET = {
    (noun, field): Spec(
        key=f"pull.{noun}_{field.removesuffix('_id')}_met",
        ru=f"Выгрузка: {words_ru} есть лиды или ДДУ",
        en=f"Pull: every {words_en} has leads or contracts",
        severity=CheckSeverity.WARN,
    )
    for noun, field, words_ru, words_en in (
        ("spend", "channel_id", "по каждому каналу из расходов", "channel of the spend"),
        ("spend", "project_id", "по каждому проекту из расходов", "project of the spend"),
        ("plan", "project_id", "по каждому проекту из плана", "project of the plan"),
    )
}

FRAME_TESTS = (FRESH, PAST, *WHOLE.values(), USUAL_WEEK, USUAL_DAYS, HELD, *NAMED.values(), *MET.values())


def frame_tallies(facts: PullFacts) -> dict[str, Tally]:
    """The answers to every frame test, by its key."""
    week, history = weeks_of(facts.leads_by_day, facts.last_on)
    named = {
        spec.key: Tally(rows_n=facts.leads_n, failed_n=facts.unnamed_n.get(name, 0)) for name, spec in NAMED.items()
    }
    met = {MET[one.noun, one.field].key: Tally(rows_n=one.ids_n, failed_n=len(one.strays)) for one in facts.unmatched}
    whole = {spec.key: lost(*facts.export_rows_n.get(noun, ())) for noun, spec in WHOLE.items()}
    return {
        FRESH.key: Tally.of(certain(np.array([is_fresh(facts)]))),
        PAST.key: Tally.of(certain(np.array([facts.is_past_there]))),
        **whole,
        USUAL_WEEK.key: Tally.of(is_usual(week.sum(keepdims=True), history.sum(axis=1)[:, None], (WEEK_FLOOR, np.inf))),
        USUAL_DAYS.key: Tally.of(is_usual(week, history, DAY_BAND)),
        HELD.key: Tally(rows_n=facts.pulled_n, failed_n=facts.held_n),
        **named,
        **dict.fromkeys((spec.key for spec in MET.values()), Tally()),
        **met,
    }


def lines_of_warnings(warnings: Iterable[Check]) -> Iterator[str]:
    """What the gate let pass with a warning, a line each; ids and values that have failed are named."""
    are_ids = {spec.key for spec in (*MET.values(), *CONDITIONS_MET.values())}
    for check in warnings:
        named = f": {', '.join(check.examples)}" if check.key in are_ids else ""
        yield f"{check.en}: {check.failed_n} of {check.rows_n} do not fit{named}"


def frame_examples(facts: PullFacts) -> dict[str, tuple[str, ...]]:
    """Of a frame test that is about ids, those that fail it."""
    return {MET[one.noun, one.field].key: one.strays for one in facts.unmatched}


def lost(now_n: int = 0, before_n: int = 0) -> Tally:
    """Of the rows of the export before, as many as the newest has fewer."""
    return Tally(rows_n=before_n, failed_n=max(before_n - now_n, 0))


def is_fresh(facts: PullFacts) -> bool:
    return facts.now - facts.data_until <= timedelta(hours=facts.max_age_hours)


def weeks_of(leads_by_day: pd.Series, last_on: date) -> tuple[Counts, Counts]:
    """Leads of the last seven days, and of the same weekdays before: shapes (7,) and (weeks, 7), 0 to 8 weeks.

    History begins with the first day that has a lead: a day that is absent after it had none.
    """
    days = pd.date_range(end=last_on, periods=(HISTORY_WEEKS_N + 1) * WEEK_DAYS_N)
    counts = leads_by_day.reindex(days).astype("float64")
    counts[counts.isna() & (days >= leads_by_day.index.min())] = 0.0
    weeks = counts.to_numpy().reshape(-1, WEEK_DAYS_N)
    is_whole = ~np.isnan(weeks).any(axis=1)
    return weeks[-1], weeks[:-1][is_whole[:-1]]


def is_usual(now: Counts, before: Counts, band: tuple[float, float]) -> Ternary:
    """Whether each count is within `band` times the median of its past (shapes (k,) and (weeks, k)).

    The median of eight weeks shrugs off holidays and a single load of thousands; unknown with too little past.
    """
    if len(before) < NEEDED_WEEKS_N:
        return Ternary(*np.zeros((2, len(now)), dtype=np.bool_))
    usual = np.median(before, axis=0)
    is_within = (now >= band[0] * usual) & (now <= band[1] * usual)
    return known(is_within, usual >= NEEDED_LEADS_N)
