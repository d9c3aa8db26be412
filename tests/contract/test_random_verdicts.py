"""Ten thousand random rejections, judged by masks and by a patient reader who takes one card after the other."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pandas as pd

from planerka.regulation.evidence import evidence_of
from planerka.regulation.judge import OUTCOMES, clause_results, judge
from planerka.ternary import FAILS, HOLDS, UNKNOWN
from tests.builders_regulation import EDITION, OFFICE, facts_in
from tests.random_regulation import random_evidence, random_history
from tests.reference_regulation import facts_of, holds, outcome_of

Row = dict[str, Any]

SETTLING = timedelta(hours=24)
ANSWER = {True: HOLDS, False: FAILS, None: UNKNOWN}


def test_ten_thousand_rejections_are_judged_as_a_patient_reader_would() -> None:
    """From a hundred thousand events in no order, some late and some delivered twice, to every verdict."""
    history = random_history(10_000, days_n=10)
    rows = evidence_of(**history, calendar=OFFICE, lacks=(), settling=SETTLING)
    outcomes = [OUTCOMES[code] for code in judge(EDITION, rows, ()).outcomes]
    assert list(read_by_hand(history)) == outcomes
    assert {"lawful", "unlawful", "unprovable"} == set(outcomes)


def read_by_hand(history: dict[str, pd.DataFrame]) -> Iterator[str]:
    events, leads = defaultdict(list), {}
    for event in rows_in(history["events"].drop_duplicates("id")):
        events[event["lead_id"]].append(event)
    for lead in rows_in(history["leads"]):
        leads[lead["id"]] = lead
    stock = [lot | {"stock_on": lot["stock_on"].date()} for lot in rows_in(history["stock"])]
    for card in rows_in(history["rejections"]):
        related = [lead_id for lead_id in {card["lead_id"], card["duplicate_of_id"]} if lead_id]
        seen = [event for lead_id in related for event in events[lead_id]]
        facts = facts_of(card, seen, [leads[lead_id] for lead_id in related], stock, OFFICE, SETTLING)
        yield outcome_of(EDITION, card["reason"], facts)


def rows_in(frame: pd.DataFrame) -> list[Row]:
    """The rows of a frame as the reference reads them."""
    columns = {name: frame[name].astype(object).where(frame[name].notna(), None).tolist() for name in frame}
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def test_every_clause_answers_ten_thousand_rejections_as_row_by_row() -> None:
    """Facts drawn at random, a tenth unknown, so that every branch of every clause is taken."""
    rows = random_evidence(10_000)
    facts, results = facts_in(rows), clause_results(EDITION, rows)
    for clause in EDITION.clauses:
        column = results[clause.number]
        expected = [ANSWER[holds(clause.test, facts[row])] for row in column.positions]
        assert (clause.number, expected) == (clause.number, column.codes.tolist())
