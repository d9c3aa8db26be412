"""Retention on the sample company: clients of long ago are forgotten, and no figure of any week moves."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from planerka.kpis.measuring import measure_touched_days
from planerka.phones import masked
from planerka.privacy.retention import forget_old_leads
from planerka.sections import PrivacySettings
from planerka.store import measures
from planerka.store.database import reading
from planerka.store.old_leads import old_leads
from tasks.company import Company
from tests.builders_cycle import AS_OF, company_after_a_cycle, rows_of

FORGETTING = PrivacySettings(keep_months=3)
FRACTION = re.compile(r"\d+\.\d+")
"""A figure of a pack: some have as many digits as a phone."""
CLIENT_TABLES = ("lead", "rejection", "erased_lead", "touched_day")


@pytest.fixture(params=["sqlite", "postgres"])
def company(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Company]:
    with company_after_a_cycle(request, tmp_path, request.param) as company:
        yield company


def test_figures_of_old_weeks_stay_what_they_were(company):
    """Measured again from the first day to the last, after most clients are forgotten."""
    engine, source, office = company.engine, company.crm.source, company.office
    before = rows_of(engine, *CLIENT_TABLES)
    settings = company.settings.model_copy(update={"privacy": FORGETTING})
    forgotten = forget_old_leads(engine, source, settings, company.now)
    assert forgotten.leads_n > 300
    assert before == rows_of(engine, *CLIENT_TABLES)
    with engine.begin() as connection:
        measures.touch(connection, source, [date(2024, 1, 1) + timedelta(days=n) for n in range(1_100)])
    measure_touched_days(engine, source, office, company.analyst_ids)
    assert before == rows_of(engine, *CLIENT_TABLES)


def test_a_second_night_finds_nothing(company):
    settings = company.settings.model_copy(update={"privacy": FORGETTING})
    forget_old_leads(company.engine, company.crm.source, settings, AS_OF)
    with reading(company.engine) as connection:
        assert [] == connection.execute(old_leads(company.crm.source, date(2026, 8, 24))).all()
    assert 0 == forget_old_leads(company.engine, company.crm.source, settings, AS_OF).leads_n


def test_the_sample_itself_holds_nobodys_phone_or_e_mail(company):
    rows = rows_of(company.engine, "delivery", "edition")
    texts = [FRACTION.sub("", row) for found in rows.values() for row in found]
    assert [] == [text for text in texts if masked(text) != text]
