"""What a check asks for, and how its answers are counted: the same for a bare mask and for a gate."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from planerka.model import Check, CheckSeverity, GateReport
from planerka.ternary import FAILS, UNKNOWN, Ternary

EXAMPLES_N = 3
"""So many rows that failed a check are shown with its line."""


@dataclass(frozen=True, kw_only=True)
class Tally:
    """Answers of one check: rows looked at, of them failed, of them undecided."""

    rows_n: int = 0
    failed_n: int = 0
    unknown_n: int = 0

    @classmethod
    def of(cls, answer: Ternary) -> "Tally":
        true_n, false_n = int(np.count_nonzero(answer.is_true)), int(np.count_nonzero(answer.is_false))
        rows_n = len(answer.is_true)
        return cls(rows_n=rows_n, failed_n=false_n, unknown_n=rows_n - true_n - false_n)

    @classmethod
    def of_codes(cls, codes: NDArray[np.int8]) -> "Tally":
        """The same from the codes of `Ternary.codes`."""
        failed_n, unknown_n = int(np.count_nonzero(codes == FAILS)), int(np.count_nonzero(codes == UNKNOWN))
        return cls(rows_n=len(codes), failed_n=failed_n, unknown_n=unknown_n)

    @classmethod
    def of_checks(cls, *checks: Check) -> "Tally":
        """The counts that lines of reports show, added up."""
        return cls(
            rows_n=sum(check.rows_n for check in checks),
            failed_n=sum(check.failed_n for check in checks),
            unknown_n=sum(check.unknown_n for check in checks),
        )

    def keeps(self, mostly: float, tolerated_n: int) -> bool:
        """Whether at least `mostly` of the decided rows hold, or no more than `tolerated_n` fail.

        Unknown rows say nothing either way: a check that could decide no row is kept.
        """
        return self.failed_n <= max(tolerated_n, (1 - mostly) * (self.rows_n - self.unknown_n))


Tallies = Mapping[str, Tally]
"""The answers of every check of a suite, by its key."""


@dataclass(frozen=True, kw_only=True)
class Spec:
    """One check of a suite. `mostly` is the share of decided rows, 0..1, that must hold.

    `tolerated_n` failures never break it: in a window of three rows one bad row is 33 %, and says nothing.
    """

    key: str
    ru: str
    en: str
    severity: CheckSeverity
    mostly: float = 1.0
    tolerated_n: int = 0

    def check(self, tally: Tally) -> Check:
        """The line of a report that these answers make."""
        return Check(
            key=self.key,
            ru=self.ru,
            en=self.en,
            severity=self.severity,
            rows_n=tally.rows_n,
            failed_n=tally.failed_n,
            unknown_n=tally.unknown_n,
            is_passed=tally.keeps(self.mostly, self.tolerated_n),
        )


def undiluted(spec: Spec, tallies: Iterable[Tally]) -> Tally:
    """The parts that break the check on their own, added up, so that good parts do not make up for a bad one.

    All parts where none does: together they may.
    """
    parts = list(tallies)
    broken = [part for part in parts if not part.keeps(spec.mostly, spec.tolerated_n)]
    counted = broken or parts
    return Tally(
        rows_n=sum(part.rows_n for part in counted),
        failed_n=sum(part.failed_n for part in counted),
        unknown_n=sum(part.unknown_n for part in counted),
    )


def merged(suite: str, reports: Iterable[GateReport], specs: Mapping[str, Spec]) -> GateReport:
    """One report of many: the counts of a check are added up and judged anew as a whole; an error stays an error."""
    checks: dict[str, Check] = {}
    for check in (check for report in reports for check in report.checks):
        checks[check.key] = _together(checks[check.key], check, specs) if check.key in checks else check
    return GateReport(suite=suite, checks=tuple(checks.values()))


def _together(one: Check, other: Check, specs: Mapping[str, Spec]) -> Check:
    error = one.error or other.error
    check = specs[one.key].check(Tally.of_checks(one, other))
    examples = (*one.examples, *other.examples)[:EXAMPLES_N]
    return replace(check, error=error, is_passed=check.is_passed and not error, examples=examples)
