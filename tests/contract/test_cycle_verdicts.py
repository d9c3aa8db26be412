"""Every verdict of the sample equals that of a patient reader, who takes one card after the other."""

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from planerka.clock import start_of
from planerka.store.tables import EPOCH
from tests.builders_cycle import AS_OF, open_company, run_cycle
from tests.builders_regulation import EDITION, MOSCOW, OFFICE
from tests.reference_regulation import facts_of, holds, outcome_of

Row = dict[str, Any]

SETTLING = timedelta(hours=EDITION.norms.settling_hours)
DATA_UNTIL = start_of(AS_OF.astimezone(MOSCOW).date(), MOSCOW)
REJECTIONS = """
    SELECT card.*, event.at, event.recorded_at, event.reason_id, event.id AS id, event.lead_id AS lead_id, named.code
    FROM event
    LEFT JOIN rejection AS card ON card.source = event.source AND card.id = event.id
    LEFT JOIN reference AS named
        ON named.source = event.source AND named.kind = 'reason' AND named.id = event.reason_id
    WHERE event.kind = 'rejected'
"""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    company = open_company(tmp_path_factory.mktemp("verdicts"), leads_n=3_000)
    run_cycle(company)
    yield company.engine
    company.engine.dispose()


def rows(engine: sa.Engine, query: str) -> list[Row]:
    """What plain SQL reads, with instants and days as Python has them."""
    with engine.connect() as connection:
        return [
            {name: value_of(name, value) for name, value in row.items()}
            for row in connection.exec_driver_sql(query).mappings()
        ]


def value_of(name: str, value: Any) -> Any:
    if value is None or not (name == "at" or name.endswith(("_at", "_on"))):
        return value
    return date.fromisoformat(value) if name.endswith("_on") else EPOCH + timedelta(microseconds=value)


def by(name: str, found: list[Row]) -> dict[Any, list[Row]]:
    groups = defaultdict(list)
    for row in found:
        groups[row[name]].append(row)
    return groups


def test_every_verdict_equals_the_reference_row_by_row(engine):
    """The outcome and the broken clauses of each settled rejection; and no other rejection has a verdict."""
    events, leads = by("lead_id", rows(engine, "SELECT * FROM event")), by("id", rows(engine, "SELECT * FROM lead"))
    stock = by("stock_on", rows(engine, "SELECT * FROM stock"))
    expected = {}
    for card in rows(engine, REJECTIONS):
        if card["at"] < DATA_UNTIL - SETTLING:
            related = {card["lead_id"], card["duplicate_of_id"]}
            seen = [event for lead_id in related for event in events.get(lead_id, [])]
            known = [lead for lead_id in related for lead in leads.get(lead_id, [])]
            facts = facts_of(card, seen, known, stock_before(stock, card["at"]), OFFICE, SETTLING)
            expected[card["id"]] = (outcome_of(EDITION, card["code"], facts), broken(card["code"], facts))
    stored = rows(engine, "SELECT rejection_id, outcome, findings FROM verdict")
    assert len(expected) > 2_000
    assert expected == {row["rejection_id"]: (row["outcome"], stored_breaks(row)) for row in stored}


def stock_before(stock: dict[date, list[Row]], at: datetime) -> list[Row]:
    """The price list of the last known day: the reference would look through all of them for each card."""
    day_on = max((day for day in stock if day <= at.astimezone(MOSCOW).date()), default=None)
    return stock[day_on] if day_on else []


def broken(reason: str | None, facts: Row) -> list[str]:
    clauses = next(known.clauses for known in EDITION.reasons if known.code == reason)
    return [clause.number for clause in clauses if holds(clause.test, facts) is False]


def stored_breaks(row: Row) -> list[str]:
    return [found["clause"] for found in json.loads(row["findings"]) if found["result"] == "broken"]
