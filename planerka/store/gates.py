"""What the data gates found, run by run."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from planerka.model import Check, CheckSeverity, GateReport
from planerka.store.tables import gate_report


def add(connection: sa.Connection, source: str, report: GateReport, at: datetime) -> None:
    values = {**asdict(report), "source": source, "is_open": report.is_open, "at": at}
    connection.execute(gate_report.insert().values(values))


def latest(connection: sa.Connection, source: str, suite: str) -> GateReport | None:
    """The newest report of a suite; None where it has never run."""
    query = sa.select(gate_report.c.checks).where(gate_report.c.source == source, gate_report.c.suite == suite)
    checks = connection.scalar(query.order_by(gate_report.c.at.desc(), gate_report.c.id.desc()).limit(1))
    return None if checks is None else GateReport(suite=suite, checks=tuple(map(check_of, checks)))


def since(connection: sa.Connection, source: str, suite: str, at: datetime) -> list[GateReport]:
    """The reports of a suite from an instant on, oldest first."""
    is_asked = (gate_report.c.source == source) & (gate_report.c.suite == suite) & (gate_report.c.at >= at)
    found = connection.scalars(sa.select(gate_report.c.checks).where(is_asked).order_by(gate_report.c.id))
    return [GateReport(suite=suite, checks=tuple(map(check_of, checks))) for checks in found]


def check_of(values: dict[str, Any]) -> Check:
    """A check as JSON keeps it."""
    return Check(**{**values, "severity": CheckSeverity(values["severity"])})
