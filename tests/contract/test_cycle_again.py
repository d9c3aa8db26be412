"""The cycle again, on both databases: the same day changes nothing, the next day adds to what is there."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from tests.builders_cycle import (
    AS_OF,
    Cycle,
    Ran,
    company_after_a_cycle,
    files_of,
    on_day,
    open_company,
    rows_of,
    run_cycle,
)

LATER = AS_OF + timedelta(hours=3)
TOMORROW = AS_OF + timedelta(days=1)
NEXT_WEEK = AS_OF + timedelta(days=7)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_second_run_writes_nothing_and_says_so(request, tmp_path, kind):
    """No verdict, dispute, version of the pack or mail; no row of any table is other than it was."""
    first: Cycle = request.getfixturevalue(f"ran_on_{kind}").cycle
    with company_after_a_cycle(request, tmp_path, kind, LATER) as company:
        rows, files = rows_of(company.engine), files_of(tmp_path / "out")
        again = run_cycle(company)
        assert rows == rows_of(company.engine)
    assert files == files_of(tmp_path / "out")
    assert (0, 0, {}, 0) == (again.pulled.rows_n, again.judged.judged_n, again.judged.by_outcome, again.neglected_n)
    assert (0, {}, first.opened.older_n) == (again.opened.opened_n, again.opened.by_origin, again.opened.older_n)
    assert (False, first.pack.version) == (again.pack.is_new, again.pack.version)
    assert (0, 1) == (again.delivered.sent_n, again.delivered.known_n)


@dataclass(frozen=True)
class Course:
    """A company run today, tomorrow and in a week: the reports, and all rows after the first run and the last."""

    folder: Path
    today: Cycle
    tomorrow: Cycle
    in_a_week: Cycle
    before: dict[str, list[str]]
    after: dict[str, list[str]]


@pytest.fixture(scope="module")
def course(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, ran_on_sqlite: Ran) -> Course:
    folder = tmp_path_factory.mktemp("course")
    with company_after_a_cycle(request, folder, "sqlite") as company:
        before = rows_of(company.engine)
        tomorrow, in_a_week = (run_cycle(on_day(company, day)) for day in (TOMORROW, NEXT_WEEK))
        return Course(folder, ran_on_sqlite.cycle, tomorrow, in_a_week, before, rows_of(company.engine))


def test_a_report_counts_what_is_in_the_store(course):
    """What a command prints is what a query would find."""
    first, rows = course.today, course.before
    assert len(rows["verdict"]) == first.judged.judged_n == sum(first.judged.by_outcome.values()) > 0
    assert len(rows["dispute"]) == first.opened.opened_n == sum(first.opened.by_origin.values()) > 0
    assert len(rows["neglect"]) == first.neglected_n > 0
    assert len(rows["quarantine"]) == first.pulled.quarantined_n > 0
    assert len(rows["delivery"]) == first.delivered.sent_n == 1


@pytest.mark.parametrize("table", ["verdict", "dispute_step", "pack", "delivery", "neglect", "edition", "signature"])
def test_what_was_said_of_a_rejection_and_what_was_shown_and_sent_stays(course, table):
    """The next day and the next week only add."""
    assert set(course.before[table]) <= set(course.after[table])


def test_a_pack_is_made_once_a_week(course):
    """Tomorrow's run finds the one of today; next week has its own."""
    made = [(str(cycle.pack.week), cycle.pack.is_new) for cycle in (course.today, course.tomorrow, course.in_a_week)]
    assert [("2026-W47", True), ("2026-W47", False), ("2026-W48", True)] == made
    assert course.in_a_week.judged.judged_n > 0


def test_a_company_pulled_day_by_day_is_the_one_pulled_at_once(course, tmp_path):
    """The same rows of the source, and the same measures of them."""
    (tmp_path / "var").mkdir()
    journal = Path("var") / "sample-journal.json"
    (tmp_path / journal).write_bytes((course.folder / journal).read_bytes())
    once = open_company(tmp_path, NEXT_WEEK)
    run_cycle(once)
    pulled = ("lead", "event", "rejection", "contract", "spend", "plan", "stock", "reference", "measure")
    at_once = rows_of(once.engine)
    assert {table: at_once[table] for table in pulled} == {table: course.after[table] for table in pulled}


def test_the_smallest_company_gets_a_pack(tmp_path):
    """Nobody was returned to work in it: an empty ledger, and no figure too many."""
    ledger = run_cycle(open_company(tmp_path, leads_n=100)).pack.facts.rejections.ledger
    assert (0, 0, 0) == (ledger.returned_n, ledger.contract_n, ledger.revenue_minor)
