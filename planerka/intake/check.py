"""Run the row tests over a batch: one bit a test for every row, and a tally for every test."""

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from planerka.crm.base import Batch
from planerka.intake.answers import Context
from planerka.intake.kinds import RowTest
from planerka.intake.places import examples_of
from planerka.intake.row_tests import CONDITIONS_MET, ROW_TESTS
from planerka.intake.spec import EXAMPLES_N, Tally
from planerka.model import GateReport
from planerka.ternary import Mask

SUITE = "intake"


@dataclass(frozen=True, kw_only=True)
class RowChecks:
    """What the tests of a noun say of a batch.

    `bits` has one element a row: bit i is set where `tests[i]` provably fails and holds the row back.
    `tallies` counts every test, by its key, whether it holds rows back or not; `examples` are rows that failed it.
    `until` is the end of the window.
    """

    tests: tuple[RowTest, ...]
    bits: NDArray[np.uint32]
    tallies: dict[str, Tally]
    examples: dict[str, tuple[str, ...]]
    until: datetime

    @property
    def is_fit(self) -> Mask:
        """Rows that may be stored and judged."""
        return self.bits == 0

    @property
    def report(self) -> GateReport:
        """What the tests counted, as lines of a report."""
        checks = (replace(test.check(self.tallies[test.key]), examples=self.examples[test.key]) for test in self.tests)
        return GateReport(suite=SUITE, checks=tuple(checks))

    def broken(self, position: int) -> list[RowTest]:
        """The tests that hold this row back."""
        return [test for i, test in enumerate(self.tests) if self.bits[position] >> i & 1]


def check_rows(batch: Batch, context: Context) -> RowChecks:
    """Every row test of the batch's noun."""
    tests = ROW_TESTS[batch.noun]
    bits = np.zeros(len(batch.rows), dtype=np.uint32)
    tallies, examples = {}, {}
    for i, test in enumerate(tests):
        answer = test.test(batch, context)
        tallies[test.key] = Tally.of(answer)
        examples[test.key] = examples_of(test, batch, context.until, np.flatnonzero(answer.is_false)[:EXAMPLES_N])
        if test.quarantines:
            bits |= answer.is_false.astype(np.uint32) << np.uint32(i)
    return RowChecks(tests=tests, bits=bits, tallies=tallies, examples=examples, until=context.until)


def check_sought(batch: Batch) -> GateReport:
    """Whether the values that conditions name are in the file; no check where the batch tells of none."""
    if not batch.sought:
        return GateReport(suite=SUITE, checks=())
    missing = [one.told for one in batch.sought if one.told]
    check = CONDITIONS_MET[batch.noun].check(Tally(rows_n=len(batch.sought), failed_n=len(missing)))
    return GateReport(suite=SUITE, checks=(replace(check, examples=tuple(missing[:EXAMPLES_N])),))
