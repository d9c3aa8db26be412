"""Judging and evidence of a million rejections: against masks written out by hand, and against DuckDB."""

from collections.abc import Callable
from datetime import timedelta
from functools import cache, partial, reduce
from operator import and_, or_
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from expectations.regulation import regulation_gate
from planerka.regulation.evidence import arrays_of, evidence_of
from planerka.regulation.judge import OUTCOMES, judge
from tests.bench.registry import Ratio, Room, bench, best_of, room
from tests.builders_regulation import OFFICE
from tests.random_regulation import TEN_REASONS, random_evidence, random_history

ROWS_N = 1_000_000
SQL = Path(__file__).with_name("evidence.sql").read_text(encoding="utf-8")
UNLAWFUL, NOT_JUDGED = OUTCOMES.index("unlawful"), OUTCOMES.index("not_judged")

Column = NDArray[np.float64]
Mask = NDArray[np.bool_]
Masks = list[tuple[Mask, Mask]]
"""Both masks of each clause: where it provably holds, and where it provably does not."""
Columns = Callable[[str], NDArray]

frame = cache(random_evidence)


def is_yes(column: Column) -> tuple[Mask, Mask]:
    return column == 1, column == 0


def is_given(column: Column) -> tuple[Mask, Mask]:
    return ~np.isnan(column), np.zeros(len(column), bool)


def both(one: tuple[Mask, Mask], other: tuple[Mask, Mask]) -> tuple[Mask, Mask]:
    return one[0] & other[0], one[1] | other[1]


def no_answer(c: Columns) -> Masks:
    attempts, days, hours, messages, first = (
        c("attempts_n"),
        c("attempt_days_n"),
        c("attempt_hours_n"),
        c("messages_n"),
        c("first_attempt_min"),
    )
    _ = first <= 15, first > 15  # of consequence fault: looked at, and decides nothing
    return [
        (attempts >= 6, attempts < 6),
        (days >= 3, days < 3),
        (hours >= 2, hours < 2),
        (messages >= 1, messages < 1),
    ]


def duplicate(c: Columns) -> Masks:
    state, won = c("original_state"), c("original_won_days")
    is_live = (state == 0) | ((state == 1) & (won <= 365)), (state == 2) | ((state == 1) & (won > 365))
    is_same = both(is_yes(c("original_exists")), is_yes(c("original_is_same_client")))
    return [is_given(c("duplicate_of_id")), is_same, is_yes(c("original_is_older")), is_live]


def spam(c: Columns) -> Masks:
    talk, has_met = c("longest_talk_s"), c("has_met")
    return [(talk < 30, talk >= 30), (has_met == 0, has_met == 1)]


def out_of_area(c: Columns) -> Masks:
    is_ours = c("wanted_area_is_ours")
    return [is_given(c("wanted_area")), (is_ours == 0, is_ours == 1)]


def low_budget(c: Columns) -> Masks:
    budget, kind, price, payment = (
        c("budget_minor"),
        c("budget_kind"),
        c("cheapest_price_minor"),
        c("cheapest_payment_minor"),
    )
    needed = np.where(kind == 0, price, np.where(kind == 1, price * 0.2, payment))
    is_kind = kind >= 0
    is_recorded = ~np.isnan(budget) & is_kind, np.zeros(len(budget), bool)
    is_below = is_kind & (budget < needed), is_kind & (budget >= needed)
    return [is_recorded, is_below, is_yes(c("instalments_discussed"))]


def mortgage_declined(c: Columns) -> Masks:
    is_decided = both(is_yes(c("mortgage_applied")), is_given(c("mortgage_decision")))
    return [is_decided, is_yes(c("other_banks_offered"))]


def too_expensive(c: Columns) -> Masks:
    talk = c("longest_talk_s")
    return [(talk >= 60, talk < 60), is_given(c("offer"))]


def not_now(c: Columns) -> Masks:
    talk, horizon = c("longest_talk_s"), c("horizon_months")
    return [(talk >= 60, talk < 60), (horizon > 12, horizon <= 12)]


def bad_number(c: Columns) -> Masks:
    is_valid, dead, talk = c("phone_is_valid"), c("not_in_service_n"), c("longest_talk_s")
    return [((is_valid == 0) | (dead >= 2), (is_valid == 1) & (dead < 2)), (talk < 15, talk >= 15)]


def do_not_call(c: Columns) -> Masks:
    return [is_yes(c("asked_not_to_call"))]


BY_HAND = (
    no_answer,
    duplicate,
    spam,
    out_of_area,
    low_budget,
    mortgage_declined,
    too_expensive,
    not_now,
    bad_number,
    do_not_call,
)


def bare_masks(evidence: pd.DataFrame) -> NDArray[np.int8]:
    """The outcome of each row by the 25 clauses, as one would write them out for speed alone."""
    reason = evidence["reason"].cat.codes.to_numpy()
    order = np.argsort(reason, kind="stable")
    bounds = np.searchsorted(reason[order], np.arange(len(BY_HAND) + 1))
    outcomes = np.full(len(evidence), UNLAWFUL, np.int8)
    for number, clauses in enumerate(BY_HAND):
        rows = order[bounds[number] : bounds[number + 1]]
        holds, fails = zip(*clauses(partial(gathered, evidence, rows)), strict=True)
        outcomes[rows] = 1 - reduce(and_, holds).view(np.int8) + reduce(or_, fails).view(np.int8)
    outcomes[~evidence["reason_is_known"].to_numpy()] = NOT_JUDGED
    return outcomes


def gathered(evidence: pd.DataFrame, rows: NDArray[np.intp], name: str) -> NDArray:
    column = evidence[name]
    return (column.cat.codes if column.dtype == "category" else column).to_numpy()[rows]


@bench("verdicts of 1,000,000 rejections by 25 clauses, against bare masks written by hand")
def verdicts() -> Ratio:
    evidence = frame(ROWS_N)
    np.testing.assert_array_equal(bare_masks(evidence), judge(TEN_REASONS, evidence, ()).outcomes)
    return beside_masks(partial(judge, TEN_REASONS, evidence, ()), evidence, limit=2)


@bench("a suite of Great Expectations for 1,000,000 rejections, against the masks")
def suite() -> Ratio:
    evidence = frame(ROWS_N)
    return beside_masks(partial(regulation_gate, TEN_REASONS, evidence), evidence, limit=10)


def beside_masks(ours: Callable[[], object], evidence: pd.DataFrame, limit: float) -> Ratio:
    """In turns: what else the machine does then slows both."""
    pairs = [(best_of(3, ours), best_of(3, partial(bare_masks, evidence))) for _ in range(5)]
    ours_s, peer_s = (min(times) for times in zip(*pairs, strict=True))
    return Ratio(ours_s=ours_s, peer_s=peer_s, limit=limit)


@bench("memory of judging 1,000,000 rejections, against the evidence")
def memory() -> Room:
    evidence = frame(ROWS_N)
    given_mb = evidence.memory_usage(deep=True).sum() / 1e6
    return room(partial(judge, TEN_REASONS, evidence, ()), given_mb, limit=1.5)


@bench("evidence of 1,000,000 rejections from 10,000,000 events, against DuckDB by hand")
def evidence() -> Ratio:
    frame.cache_clear()
    history = random_history(ROWS_N)
    database = loaded(history)
    ours = partial(evidence_of, **history, calendar=OFFICE, lacks=(), settling=timedelta(days=1))
    pairs = [(best_of(1, ours), best_of(1, partial(database.execute, SQL))) for _ in range(3)]
    ours_s, peer_s = (min(times) for times in zip(*pairs, strict=True))
    assert_same(database.execute("FROM evidence").df(), arrays_of(ours()))
    return Ratio(ours_s=ours_s, peer_s=peer_s, limit=3)


def loaded(history: dict[str, pd.DataFrame]) -> duckdb.DuckDBPyConnection:
    """A database in memory with each frame as a table of its own."""
    database = duckdb.connect()
    database.execute("SET enable_progress_bar = false")
    for name, rows in history.items():
        database.register("given", rows)
        database.execute(f"CREATE TABLE {name} AS FROM given")
    return database


def assert_same(theirs: pd.DataFrame, ours: dict[str, NDArray]) -> None:
    """Every fact of DuckDB's answer; a code that is not known is -1 in ours, a missing value in theirs."""
    for name in theirs:
        expected = theirs[name].astype("Float64").to_numpy(np.float64, na_value=np.nan)
        found = ours[name].astype(np.float64)
        found = np.where(found < 0, np.nan, found) if ours[name].dtype == np.int8 else found
        np.testing.assert_allclose(found, expected, rtol=1e-9, err_msg=name)
