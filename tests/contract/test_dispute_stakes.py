"""What is at stake in a dispute raised by hand, of the sample company after a cycle, on both databases."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from planerka.disputes.docket import Docket
from planerka.disputes.raising import NotRaisedError, raise_by_hand
from planerka.disputes.stake import weigh_disputes
from planerka.model import Contract, Outcome
from planerka.stats import ENOUGH_N
from planerka.store import disputes, leads
from planerka.store.tables import rejection, verdict
from tests.builders_cycle import AS_OF, company_after_a_cycle
from tests.builders_store import MOSCOW, frame_of


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_what_is_at_stake_is_counted_when_the_dispute_is_raised(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    """As the next weekly run will count it: until then the dispute would stand last in the queue."""
    with company_after_a_cycle(request, tmp_path, kind) as company:
        engine, source = company.engine, company.crm.source
        sell_enough(engine, source)
        passed = sa.select(rejection.c.lead_id).join(verdict, verdict.c.rejection_id == rejection.c.id)
        with engine.connect() as connection:
            lead_ids = connection.scalars(passed.where(verdict.c.outcome == Outcome.LAWFUL)).all()
        number = raise_first(company.docket, lead_ids)
        at_once = stake_of(engine, source, number)
        weigh_disputes(engine, source, company.settings.zone)
        assert (True, at_once) == (at_once is not None, stake_of(engine, source, number))


def sell_enough(engine: sa.Engine, source: str) -> None:
    """Flats for a price to be told by: so small a company sells too few in a year."""
    signed = {"signed_at": (AS_OF - timedelta(days=10)).isoformat(), "price_minor": 10_000_000_00}
    sold = frame_of(Contract, *({"id": f"sold {n}", "lead_id": f"sold {n}", **signed} for n in range(ENOUGH_N)))
    with engine.begin() as connection:
        leads.store_batch(connection, source, Contract, sold, MOSCOW)


def raise_first(docket: Docket, lead_ids: Sequence[str]) -> int:
    """A dispute over the first of these leads that may have one."""
    for lead_id in lead_ids:
        with suppress(NotRaisedError):
            return raise_by_hand(docket, lead_id, "Елена Громова", "Клиент перезванивал", AS_OF)
    raise AssertionError("none of them may be disputed")


def stake_of(engine: sa.Engine, source: str, number: int) -> dict[str, object] | None:
    with engine.connect() as connection:
        return disputes.show(connection, source, number).stake
