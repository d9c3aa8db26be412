"""Run the row tests over a batch: one bit a test for every row, and a tally for every test."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planerka.crm.base import Batch
from planerka.intake.answers import Context
from planerka.intake.row_tests import ROW_TESTS, RowTest
from planerka.intake.spec import Tally
from planerka.model import GateReport
from planerka.ternary import Mask

SUITE = "intake"


@dataclass(frozen=True, kw_only=True)
class RowChecks:
    """What the tests of a noun say of a batch.

    `bits` has one element a row: bit i is set where `tests[i]` provably fails and holds the row back.
    `tallies` counts every test, by its key, whether it holds rows back or not.
    """

    tests: tuple[RowTest, ...]
    bits: NDArray[np.uint32]
    tallies: dict[str, Tally]

    @property
    def is_fit(self) -> Mask:
        """Rows that may be stored and judged."""
        return self.bits == 0

    @property
    def report(self) -> GateReport:
        """What the tests counted, as lines of a report."""
        checks = tuple(test.check(self.tallies[test.key]) for test in self.tests)
        return GateReport(suite=SUITE, checks=checks)

    def why(self, position: int) -> list[str]:
        """Keys of the tests that hold this row back."""
        return [test.key for i, test in enumerate(self.tests) if self.bits[position] >> i & 1]


def check_rows(batch: Batch, context: Context) -> RowChecks:
    """Every row test of the batch's noun."""
    tests = ROW_TESTS[batch.noun]
    bits = np.zeros(len(batch.rows), dtype=np.uint32)
    tallies = {}
    for i, test in enumerate(tests):
        answer = test.test(batch, context)
        tallies[test.key] = Tally.of(answer)
        if test.quarantines:
            bits |= answer.is_false.astype(np.uint32) << np.uint32(i)
    return RowChecks(tests=tests, bits=bits, tallies=tallies)
