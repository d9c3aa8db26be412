"""Is this pull fit to be judged? What the row tests counted batch by batch, and the tests of the pull as a whole.

The masks of a row test run where the rows are, in the pull, and leave a tally; the suite judges the tallies of all
windows together, without letting good windows make up for a bad one. So a pull of any size costs one run of the suite,
and needs no Great Expectations itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd

from planerka.intake.check import SUITE
from planerka.intake.frame_tests import FRAME_TESTS, PullFacts, frame_examples, frame_tallies
from planerka.intake.row_tests import BY_KEY
from planerka.intake.spec import EXAMPLES_N, Tallies, Tally, undiluted
from planerka.model import Check, GateReport

COUNTS = ["rows_n", "failed_n", "unknown_n"]


def pull_gate(counted: Sequence[Check], facts: PullFacts) -> GateReport:
    """The gate after a pull. `counted`: the row tests, of each window; those that ran are in the report."""
    from expectations.gate import run_suite

    frame = pd.DataFrame([vars(check) for check in counted], columns=["key", *COUNTS])
    specs = [BY_KEY[key] for key in frame["key"].unique()]
    report = run_suite(SUITE, frame, [*specs, *FRAME_TESTS], lambda rows: {**row_tallies(rows), **frame_tallies(facts)})
    return replace(
        report, checks=tuple(with_examples(check, counted, frame_examples(facts)) for check in report.checks)
    )


def with_examples(check: Check, counted: Sequence[Check], ids: Mapping[str, Sequence[str]]) -> Check:
    """The check with rows that the windows have shown of it, or ids of the pull, where some still fail it."""
    shown = [example for window in counted if window.key == check.key for example in window.examples]
    shown += ids.get(check.key, ())
    return replace(check, examples=tuple(shown[:EXAMPLES_N])) if check.failed_n else check


def row_tallies(rows: pd.DataFrame) -> Tallies:
    """The counts of each row test, added up over the windows that break it on their own, or over all."""
    by_key = rows.groupby("key", sort=False)[COUNTS]
    return {str(key): undiluted(BY_KEY[str(key)], tallies_in(counts)) for key, counts in by_key}


def tallies_in(counts: pd.DataFrame) -> list[Tally]:
    return [Tally(**values) for values in counts.to_dict("records")]
