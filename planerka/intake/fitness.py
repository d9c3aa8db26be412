"""A closed gate stops what comes after it: a verdict is never changed, so it is not given on data that are unfit."""

import sqlalchemy as sa

from planerka.errors import GateStoppedError
from planerka.intake.check import SUITE
from planerka.model import GateReport
from planerka.store import gates
from planerka.store.database import reading


def stop_at(report: GateReport, what: str, *remedies: str) -> None:
    """GateStoppedError where a gate is closed, with every check that closed it, and what can be done."""
    if not report.is_open:
        lines = [f"  {c.en}: {c.error or f'{c.failed_n} of {c.rows_n} failed'}" for c in report.stopped_by]
        raise GateStoppedError("\n".join([f"{what}, and the gate stopped the run:", *lines, *remedies]))


def require_open_gate(engine: sa.Engine, source: str) -> None:
    """GateStoppedError while the last look at what was pulled found it unfit to be judged."""
    with reading(engine) as connection:
        report = gates.latest(connection, source, SUITE)
    if report:
        stop_at(report, f"the data of {source} were not fit to be judged when they were pulled last")
