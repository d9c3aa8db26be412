"""Is this pull fit to be judged? What the row tests counted batch by batch, and the tests of the pull as a whole.

The masks of a row test run where the rows are, in the pull, and leave a tally; the suite judges the tallies of all
windows together, without letting good windows make up for a bad one. So a pull of any size costs one run of the suite,
and needs no Great Expectations itself.
"""

from collections.abc import Iterable

import pandas as pd

from expectations.gate import Tallies, run_suite
from planerka.intake.check import SUITE
from planerka.intake.frame_tests import FRAME_TESTS, PullFacts, frame_tallies
from planerka.intake.row_tests import BY_KEY
from planerka.intake.spec import Tally, undiluted
from planerka.model import Check, GateReport

COUNTS = ["rows_n", "failed_n", "unknown_n"]


def pull_gate(checks: Iterable[Check], facts: PullFacts) -> GateReport:
    """The gate after a pull. `checks`: what the row tests counted in each window; those that ran are in the report."""
    frame = pd.DataFrame([vars(check) for check in checks], columns=["key", *COUNTS])
    specs = [BY_KEY[key] for key in frame["key"].unique()]
    return run_suite(SUITE, frame, [*specs, *FRAME_TESTS], lambda rows: {**row_tallies(rows), **frame_tallies(facts)})


def row_tallies(rows: pd.DataFrame) -> Tallies:
    """The counts of each row test, added up over the windows that break it on their own, or over all."""
    by_key = rows.groupby("key", sort=False)[COUNTS]
    return {str(key): undiluted(BY_KEY[str(key)], tallies_in(counts)) for key, counts in by_key}


def tallies_in(counts: pd.DataFrame) -> list[Tally]:
    return [Tally(**values) for values in counts.to_dict("records")]
