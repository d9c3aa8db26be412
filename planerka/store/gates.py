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


def latest(connection: sa.Connection, source: str, suite: str, until: datetime | None = None) -> GateReport | None:
    """The newest report of a suite, of those up to `until` where it is given; None where there is none."""
    query = sa.select(gate_report.c.checks).where(gate_report.c.source == source, gate_report.c.suite == suite)
    if until:
        query = query.where(gate_report.c.at <= until)
    checks = connection.scalar(query.order_by(gate_report.c.at.desc(), gate_report.c.id.desc()).limit(1))
    return None if checks is None else GateReport(suite=suite, checks=tuple(map(check_of, checks)))


def between(connection: sa.Connection, source: str, suite: str, since: datetime, until: datetime) -> list[GateReport]:
    """The reports of a suite between two instants, both included, oldest first."""
    is_asked = (gate_report.c.source == source, gate_report.c.suite == suite, gate_report.c.at.between(since, until))
    found = connection.scalars(sa.select(gate_report.c.checks).where(*is_asked).order_by(gate_report.c.id))
    return [GateReport(suite=suite, checks=tuple(map(check_of, checks))) for checks in found]


def check_of(values: dict[str, Any]) -> Check:
    """A check as JSON keeps it."""
    known = {"severity": CheckSeverity(values["severity"]), "examples": tuple(values["examples"])}
    return Check(**{**values, **known})
