"""The gate after a pull, on both databases: what stops it, and what makes it open again."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from expectations.pull import check_pull
from planerka.errors import GateStoppedError
from planerka.settings import Settings
from planerka.store import gates, quarantine, windows
from planerka.store.windows import PulledWindow, Source

NOW = datetime(2026, 11, 23, 5, tzinfo=UTC)
UNTIL = datetime(2026, 11, 22, 21, tzinfo=UTC)
SETTINGS = Settings(data=Path("nowhere"))
HELD = "no more than 1% of rows are in quarantine"


def pull(engine: sa.Engine, at: datetime, rows_n: int, held_n: int) -> None:
    """A pull at `at` of so many rows, of which so many were held back."""
    held = [{"noun": "event", "row_key": f"{at}-{n}", "row": {}, "why": ["event.id"]} for n in range(held_n)]
    counts = {"rows_n": rows_n, "changed_n": rows_n, "quarantined_n": held_n, "checks": ()}
    window = PulledWindow(source="crm", since=None, until=UNTIL, token=None, pulled_at=at, **counts)
    with engine.begin() as connection:
        windows.put_source(connection, Source(source="crm", lacks=frozenset(), data_until=UNTIL))
        windows.record(connection, window)
        quarantine.add(connection, "crm", held, at)


def stopped_by(engine: sa.Engine, now: datetime) -> list[str]:
    """The checks that close the gate now; none where it is open."""
    try:
        check_pull(engine, "crm", SETTINGS, UNTIL, now)
    except GateStoppedError:
        with engine.begin() as connection:
            report = gates.latest(connection, "crm", "intake")
        return [check.key for check in report.stopped_by]
    return []


def test_bad_rows_go_on_stopping_until_somebody_decides_of_them(engine):
    """A later pull without a bad row does not make good what an earlier one could not read."""
    pull(engine, NOW, rows_n=1_000, held_n=30)
    assert ["pull.held"] == stopped_by(engine, NOW)
    pull(engine, NOW + timedelta(hours=1), rows_n=1_000, held_n=0)
    assert ["pull.held"] == stopped_by(engine, NOW + timedelta(hours=1))
    with engine.begin() as connection:
        for row in quarantine.listing(connection, "crm"):
            quarantine.decide(connection, row.id, quarantine.State.DROPPED, "Иванова", NOW + timedelta(hours=2))
    assert [] == stopped_by(engine, NOW + timedelta(hours=2))


def test_bad_rows_that_were_let_through_once_are_not_counted_again(engine):
    tomorrow = NOW + timedelta(days=1)
    pull(engine, NOW, rows_n=10_000, held_n=99)
    assert [] == stopped_by(engine, NOW)
    pull(engine, tomorrow, rows_n=100, held_n=15)
    assert [] == stopped_by(engine, tomorrow)


def test_a_closed_gate_names_its_checks(engine):
    pull(engine, NOW, rows_n=100, held_n=30)
    with pytest.raises(GateStoppedError, match=f"{HELD}: 30 of 100 failed"):
        check_pull(engine, "crm", SETTINGS, UNTIL, NOW)


def test_data_that_do_not_reach_the_moment_asked_for_stop_the_run(engine):
    pull(engine, NOW, rows_n=100, held_n=0)
    with pytest.raises(GateStoppedError, match="the data are fresh: 1 of 1 failed"):
        check_pull(engine, "crm", SETTINGS, UNTIL + timedelta(hours=49), NOW)
