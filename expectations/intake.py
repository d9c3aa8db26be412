"""Is this pull fit to be judged? What the row tests counted batch by batch, and the tests of the pull as a whole.

The masks of a row test run where the rows are, in the pull, and leave a tally; the suite judges the tallies of all
batches together. So a pull of any size costs one run of the suite, and needs no Great Expectations itself.
"""

from collections.abc import Iterable

import pandas as pd

from expectations.gate import Tallies, run_suite
from planerka.intake.check import SUITE
from planerka.intake.frame_tests import FRAME_TESTS, PullFacts, frame_tallies
from planerka.intake.row_tests import BY_KEY
from planerka.intake.spec import Tally
from planerka.model import Check, GateReport

COUNTS = ["rows_n", "failed_n", "unknown_n"]


def pull_gate(checks: Iterable[Check], facts: PullFacts) -> GateReport:
    """The gate after a pull. `checks`: what the row tests counted in each window; those that ran are in the report."""
    frame = pd.DataFrame([vars(check) for check in checks], columns=["key", *COUNTS])
    specs = [BY_KEY[key] for key in frame["key"].unique()]
    return run_suite(SUITE, frame, [*specs, *FRAME_TESTS], lambda rows: {**row_tallies(rows), **frame_tallies(facts)})


def row_tallies(rows: pd.DataFrame) -> Tallies:
    """The counts of each row test, added up."""
    sums = rows.groupby("key", sort=False)[COUNTS].sum().astype(int)
    return {key: Tally(**counts) for key, counts in sums.to_dict("index").items()}
