"""A closed gate stops what comes after it: a verdict is never changed, so it is not given on data that are unfit."""

from collections.abc import Iterator

import sqlalchemy as sa

from planerka.errors import GateStoppedError
from planerka.intake.check import SUITE
from planerka.intake.frame_tests import HELD
from planerka.intake.row_tests import BY_KEY
from planerka.model import GateReport
from planerka.store import gates
from planerka.store.database import reading


def stop_at(report: GateReport, what: str, *remedies: str) -> None:
    """GateStoppedError where a gate is closed, with every check that closed it, and what can be done."""
    if not report.is_open:
        lines = [f"  {c.en}: {c.error or f'{c.failed_n} of {c.rows_n} failed'}" for c in report.stopped_by]
        raise GateStoppedError("\n".join([f"{what}, and the gate stopped the run:", *lines, *remedies]))


def rows_told(report: GateReport) -> Iterator[str]:
    """What a gate was closed for, with what to do: one row of each test; those held back are told one by one."""
    tests = [(check, BY_KEY[check.key]) for check in report.stopped_by if check.key in BY_KEY]
    for check, test in tests:
        yield f"{check.examples[0] if check.examples else check.en}: {test.remedy}"
    if any(test.quarantines for _, test in tests) or HELD.key in {check.key for check in report.stopped_by}:
        yield "`planerka quarantine list` tells the rows and what to do; correct the export or the mapping, pull again"


def require_open_gate(engine: sa.Engine, source: str) -> None:
    """GateStoppedError while the last look at what was pulled found it unfit to be judged."""
    with reading(engine) as connection:
        report = gates.latest(connection, source, SUITE)
    if report:
        what = f"the data of {source} were not fit to be judged when they were pulled last"
        stop_at(report, what, *rows_told(report))
