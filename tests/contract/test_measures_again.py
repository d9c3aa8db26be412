"""Days counted again, as a backfill does it month by month: nothing is doubled, and what was wrong is mended."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from planerka.kpis.measuring import measure_touched_days, months
from planerka.store.tables import measure
from tasks.company import Company
from tests.builders_cycle import company_after_a_cycle, rows_of

MONTHS = [
    ((2026, 1, 15), (2026, 3, 2), ["01-15 01-31", "02-01 02-28", "03-01 03-02"]),
    ((2026, 1, 1), (2026, 1, 31), ["01-01 01-31"]),
    ((2026, 1, 31), (2026, 2, 1), ["01-31 01-31", "02-01 02-01"]),
    ((2026, 1, 1), (2026, 1, 1), ["01-01 01-01"]),
]


@pytest.mark.parametrize("first, last, expected", MONTHS)
def test_a_stretch_of_days_by_months(first, last, expected):
    """Every day in one of them, and none beyond."""
    assert expected == [f"{a:%m-%d} {b:%m-%d}" for a, b in months(date(*first), date(*last))]


@pytest.fixture(params=["sqlite", "postgres"])
def company(request: pytest.FixtureRequest, tmp_path) -> Iterator[Company]:
    with company_after_a_cycle(request, tmp_path, request.param) as opened:
        yield opened


def count_again(company: Company, first_on: date, last_on: date) -> int:
    days = [first_on + timedelta(days=n) for n in range((last_on - first_on).days + 1)]
    return measure_touched_days(company.engine, company.crm.source, company.office, company.analyst_ids, days)


def test_days_counted_again_are_the_same_and_mend_what_is_wrong(company):
    """Whether anything touched them or not; the days of others stay."""
    before = rows_of(company.engine)["measure"]
    with company.engine.begin() as connection:
        spoilt = measure.c.day_on.between(date(2026, 2, 1), date(2026, 2, 14))
        connection.execute(sa.update(measure).where(spoilt).values(value=measure.c.value + 1))
    assert before != rows_of(company.engine)["measure"]
    assert all(count_again(company, *month) for month in months(date(2026, 1, 20), date(2026, 2, 20)))
    assert before == rows_of(company.engine)["measure"]
