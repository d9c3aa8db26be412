"""The gate between a pull and the judging: what came row by row, and the pull as a whole."""

from collections.abc import Iterator
from datetime import date, datetime

import sqlalchemy as sa

from expectations.intake import pull_gate
from planerka.clock import Week
from planerka.errors import GateStoppedError
from planerka.intake.check import SUITE
from planerka.intake.facts import facts_of_pull
from planerka.intake.fitness import rows_told, stop_at
from planerka.intake.frame_tests import FRESH, WHOLE
from planerka.intake.settling import unsettled
from planerka.model import GateReport
from planerka.settings import Settings
from planerka.store import gates
from planerka.store.intake_facts import created_between, last_open_at, whys_waiting, windows_since
from planerka.store.windows import Source, get_source


def check_pull(engine: sa.Engine, source: str, settings: Settings, reach_at: datetime, now: datetime) -> GateReport:
    """Keep and return what the gate found; GateStoppedError where it is closed, or where nothing was ever pulled.

    `reach_at`: the moment the data must reach, the end of a week or the clock.
    """
    with engine.begin() as connection:
        known = get_source(connection, source)
        if known is None:
            raise GateStoppedError(f"{source} has given nothing yet: check its settings and pull again")
        windows = windows_since(connection, source, last_open_at(connection, source, SUITE))
        pulled = unsettled(windows, whys_waiting(connection, source, windows[0].pulled_at))
        facts = facts_of_pull(connection, known, pulled, settings, reach_at)
        _, last_on = created_between(connection, source)
    report = pull_gate(pulled.checks, facts)
    with engine.begin() as connection:
        gates.add(connection, source, report, now)
    stop_at(report, f"the data of {source} are not fit to be judged", *remedies(report, known, last_on, settings))
    return report


def remedies(report: GateReport, known: Source, last_on: date | None, settings: Settings) -> Iterator[str]:
    """How to go on with rows that do not fit, with data that end too early, or of which a part is missing."""
    yield from rows_told(report)
    stopped_by = {check.key for check in report.stopped_by}
    if stopped_by & {spec.key for spec in WHOLE.values()}:
        yield (
            "export it again, whole, and pull it; if it is meant to be shorter, the next export will pass, and this "
            "one with the next change of the mapping"
        )
    if FRESH.key in stopped_by:
        week = Week.last_complete(known.data_until, settings.zone)
        week = min(week, Week.of(last_on)) if last_on else week  # deals may go on after the last lead
        reach = f"{known.data_until:%Y-%m-%d %H:%M} UTC"
        yield f"they reach until {reach}: pull newer ones, or ask for an earlier week by --week {week}"
