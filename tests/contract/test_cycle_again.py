"""The cycle again, on both databases: the same day changes nothing, the next day adds to what is there."""

from datetime import timedelta

import pytest

from planerka.clock import Week
from tests.builders_cycle import AS_OF, files_of, open_company, rows_of, run_cycle

LATER = AS_OF + timedelta(hours=3)
TOMORROW = AS_OF + timedelta(days=1)
NEXT_WEEK = AS_OF + timedelta(days=7)


def test_a_second_run_writes_nothing_and_says_so(store_url, tmp_path):
    """No verdict, dispute, version of the pack or mail; no row of any table is other than it was."""
    first = run_cycle(open_company(tmp_path, store_url=store_url))
    company = open_company(tmp_path, LATER, store_url)
    rows, files = rows_of(company.engine), files_of(tmp_path / "out")
    again = run_cycle(company)
    assert (0, 0, {}, 0) == (again.pulled.rows_n, again.judged.judged_n, again.judged.by_outcome, again.neglected_n)
    assert (0, {}, first.opened.older_n) == (again.opened.opened_n, again.opened.by_origin, again.opened.older_n)
    assert (False, first.pack.version) == (again.pack.is_new, again.pack.version)
    assert (0, 1) == (again.delivered.delivered_n, again.delivered.known_n)
    assert rows == rows_of(company.engine)
    assert files == files_of(tmp_path / "out")
    company.engine.dispose()


def test_a_report_of_a_first_run_counts_what_is_in_the_store(tmp_path):
    """What a command prints is what a query would find."""
    company = open_company(tmp_path)
    first = run_cycle(company)
    rows = rows_of(company.engine)
    assert len(rows["verdict"]) == first.judged.judged_n == sum(first.judged.by_outcome.values()) > 0
    assert len(rows["dispute"]) == first.opened.opened_n == sum(first.opened.by_origin.values()) > 0
    assert len(rows["neglect"]) == first.neglected_n > 0
    assert len(rows["quarantine"]) == first.pulled.quarantined_n > 0
    assert len(rows["delivery"]) == first.delivered.delivered_n == 1


@pytest.mark.parametrize("table", ["verdict", "dispute", "pack", "delivery", "neglect"])
def test_the_next_day_and_the_next_week_only_add(a_week_later, table):
    """What was said of a rejection, and what was shown and sent, stays."""
    before, after = a_week_later
    assert set(before[table]) < set(after[table])


@pytest.fixture(scope="module")
def a_week_later(tmp_path_factory):
    """All rows before and after a run tomorrow and another in a week."""
    folder = tmp_path_factory.mktemp("later")
    company = open_company(folder, leads_n=3_000)
    first = run_cycle(company)
    before = rows_of(company.engine)
    tomorrow = run_cycle(open_company(folder, TOMORROW, leads_n=3_000))
    later = run_cycle(open_company(folder, NEXT_WEEK, leads_n=3_000))
    assert (first.pack.week, Week.parse("2026-W48")) == (tomorrow.pack.week, later.pack.week)
    return before, rows_of(company.engine)


def test_a_company_pulled_day_by_day_is_the_one_pulled_at_once(tmp_path):
    """The same rows of the source, and the same measures of them."""
    for day in (AS_OF, TOMORROW, NEXT_WEEK):
        steps = open_company(tmp_path / "steps", day)
        run_cycle(steps)
    (tmp_path / "once" / "var").mkdir(parents=True)
    journal = "sample-journal.json"
    (tmp_path / "once" / "var" / journal).write_bytes((tmp_path / "steps" / "var" / journal).read_bytes())
    once = open_company(tmp_path / "once", NEXT_WEEK)
    run_cycle(once)
    pulled = ("lead", "event", "rejection", "contract", "spend", "plan", "stock", "reference", "measure")
    in_steps, at_once = rows_of(steps.engine), rows_of(once.engine)
    assert {table: at_once[table] for table in pulled} == {table: in_steps[table] for table in pulled}
