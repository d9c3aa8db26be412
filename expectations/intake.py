"""Is this pull fit to be judged? The row tests of each batch, and the tests of the pull as a whole, as gates."""

from collections.abc import Iterable

import pandas as pd

from expectations.gate import Tallies, run_suite
from planerka.crm.base import Batch
from planerka.intake.answers import Context
from planerka.intake.check import check_rows
from planerka.intake.frame_tests import FRAME_TESTS, PullFacts, frame_tallies
from planerka.intake.row_tests import BY_KEY, ROW_TESTS
from planerka.intake.spec import merged
from planerka.model import GateReport

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
    """One report of many batches."""
    return merged(SUITE, reports, BY_KEY)
