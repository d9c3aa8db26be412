"""Is this pull fit to be judged? The row tests of each batch, and the tests of the pull as a whole, as gates."""

from collections.abc import Iterable
from dataclasses import replace

import pandas as pd

from expectations.gate import Tallies, run_suite
from planerka.crm.base import Batch
from planerka.intake.answers import Context
from planerka.intake.check import check_rows
from planerka.intake.frame_tests import FRAME_TESTS, PullFacts, frame_tallies
from planerka.intake.row_tests import BY_KEY, ROW_TESTS
from planerka.intake.spec import Tally
from planerka.model import Check, GateReport

SUITE = "intake"


def intake_gate(batch: Batch, context: Context) -> GateReport:
    """The row tests of one batch, one check each."""

    def results_of(frame: pd.DataFrame) -> Tallies:
        return check_rows(Batch(noun=batch.noun, rows=frame, faults=batch.faults), context).tallies

    return run_suite(SUITE, batch.rows, ROW_TESTS[batch.noun], results_of)


def frame_gate(facts: PullFacts) -> GateReport:
    """The tests of a pull as a whole, over its leads by day."""
    frame = facts.leads_by_day.rename("leads_n").to_frame()
    return run_suite(SUITE, frame, FRAME_TESTS, lambda _: frame_tallies(facts))


def merge(reports: Iterable[GateReport]) -> GateReport:
    """One report of many batches: counts of a check are added up, and judged anew as a whole."""
    checks: dict[str, Check] = {}
    for check in (check for report in reports for check in report.checks):
        checks[check.key] = together(checks[check.key], check) if check.key in checks else check
    return GateReport(suite=SUITE, checks=tuple(checks.values()))


def together(one: Check, other: Check) -> Check:
    """Two findings of one row test; an error in either stays an error."""
    tally = Tally(
        rows_n=one.rows_n + other.rows_n,
        failed_n=one.failed_n + other.failed_n,
        unknown_n=one.unknown_n + other.unknown_n,
    )
    error = one.error or other.error
    check = BY_KEY[one.key].check(tally)
    return replace(check, error=error, is_passed=check.is_passed and not error)
