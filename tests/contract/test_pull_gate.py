"""The gate after a pull, on both databases: what stops it, and what makes it open again."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from expectations.pull import check_pull
from planerka.errors import GateStoppedError
from planerka.intake.row_tests import BY_KEY
from planerka.intake.spec import Tally
from planerka.settings import Settings
from planerka.store import gates, quarantine, windows
from planerka.store.windows import PulledWindow, Source
from tests.builders_intake import NO_PLACE

NOW = datetime(2026, 11, 23, 5, tzinfo=UTC)
UNTIL = datetime(2026, 11, 22, 21, tzinfo=UTC)
SETTINGS = Settings(data=Path("nowhere"))
STAGE = "event.stage_known"
HELD = "no more than 1% of rows are in quarantine"


def pull(engine: sa.Engine, at: datetime, rows_n: int, *, held: Iterable[int] = (), token: str | None = None) -> None:
    """A pull at `at` of so many events; `held` are the numbers of those held back."""
    same = {"noun": "event", "why": [STAGE], "place": NO_PLACE}
    rows = [{"row_key": f"E{n}", "row": {"id": f"E{n}"}, **same} for n in held]
    checks = (BY_KEY[STAGE].check(Tally(rows_n=rows_n, failed_n=len(rows))),)
    with engine.begin() as connection:
        new_n = quarantine.add(connection, "crm", rows, at)
        counts = {"rows_n": rows_n, "changed_n": rows_n, "quarantined_n": new_n, "checks": checks}
        window = PulledWindow(source="crm", since=None, until=UNTIL, token=token, pulled_at=at, **counts)
        windows.put_source(connection, Source(source="crm", lacks=frozenset(), data_until=UNTIL))
        windows.record(connection, window)


def export(engine: sa.Engine, at: datetime, leads_n: int, token: str, contracts_n: int = 0) -> None:
    """An export at `at` with so many rows, none of them bad."""
    rows_n = {"lead.id": leads_n, "contract.id": contracts_n}
    checks = tuple(BY_KEY[key].check(Tally(rows_n=n)) for key, n in rows_n.items())
    counts = {"rows_n": leads_n + contracts_n, "changed_n": 0, "quarantined_n": 0, "checks": checks}
    with engine.begin() as connection:
        windows.put_source(connection, Source(source="crm", lacks=frozenset(), data_until=UNTIL))
        windows.record(
            connection, PulledWindow(source="crm", since=None, until=UNTIL, token=token, pulled_at=at, **counts)
        )


def drop_all(engine: sa.Engine, at: datetime) -> None:
    with engine.begin() as connection:
        for row in quarantine.listing(connection, "crm", quarantine.State.QUARANTINED):
            quarantine.decide(connection, "crm", row.id, quarantine.State.DROPPED, "Иванова", at)


def stopped_by(engine: sa.Engine, now: datetime) -> list[str]:
    """The checks that close the gate now; none where it is open."""
    try:
        check_pull(engine, "crm", SETTINGS, UNTIL, now)
    except GateStoppedError:
        with engine.begin() as connection:
            report = gates.latest(connection, "crm", "intake")
        return [check.key for check in report.stopped_by]
    return []


def after(hours: int) -> datetime:
    return NOW + timedelta(hours=hours)


def test_bad_rows_go_on_stopping_until_somebody_decides_of_them(engine):
    """However many good rows come after them, and although the overlap brings them again."""
    pull(engine, NOW, 1_000, held=range(30))
    assert [STAGE, "pull.held"] == stopped_by(engine, NOW)
    pull(engine, after(1), 100_000, held=range(20, 30))
    assert [STAGE, "pull.held"] == stopped_by(engine, after(1))
    drop_all(engine, after(2))
    assert [] == stopped_by(engine, after(2))
    pull(engine, after(3), 1_000, held=range(30))
    assert [] == stopped_by(engine, after(3))


def test_data_that_end_too_early_say_which_week_they_hold(engine):
    """Not the week before in silence: the team would have no pack, and nobody would know."""
    pull(engine, NOW, 1_000)
    with pytest.raises(GateStoppedError, match=r"reach until 2026-11-22 21:00 UTC: .* by --week 2026-W47$"):
        check_pull(engine, "crm", SETTINGS, UNTIL + timedelta(days=7), after(168))


def test_bad_rows_that_were_let_through_once_are_not_counted_again(engine):
    tomorrow = after(24)
    pull(engine, NOW, 10_000, held=range(99))
    assert [] == stopped_by(engine, NOW)
    pull(engine, tomorrow, 100, held=range(90, 114))
    assert [] == stopped_by(engine, tomorrow)


def test_the_rows_held_back_of_an_export_that_was_replaced_do_not_count(engine):
    """The corrected rows may have other keys, and then supersede nothing."""
    pull(engine, NOW, 1_000, held=range(30), token="a")
    assert [STAGE, "pull.held"] == stopped_by(engine, NOW)
    pull(engine, after(1), 1_000, token="b")
    assert [] == stopped_by(engine, after(1))


def test_an_export_that_comes_at_the_moment_of_an_open_gate_is_judged_too(engine):
    """A run for one and the same moment may be repeated with another export."""
    pull(engine, NOW, 1_000, token="a")
    assert [] == stopped_by(engine, NOW)
    pull(engine, NOW, 1_000, held=range(30), token="b")
    assert [STAGE, "pull.held"] == stopped_by(engine, NOW)


def test_an_export_that_brings_the_same_bad_rows_again_is_no_better(engine):
    pull(engine, NOW, 1_000, held=range(30), token="a")
    pull(engine, after(1), 1_001, held=range(30), token="b")
    assert [STAGE, "pull.held"] == stopped_by(engine, after(1))


def test_the_decided_rows_of_an_export_do_not_stop_it(engine):
    """The export itself stays the same, and so nothing new is pulled."""
    pull(engine, NOW, 1_000, held=range(30), token="a")
    assert [STAGE, "pull.held"] == stopped_by(engine, NOW)
    drop_all(engine, after(1))
    assert [] == stopped_by(engine, after(1))


def test_an_export_that_is_cut_short_stops_the_run_until_it_is_whole_again(engine):
    """Nothing in such a file is wrong by itself, where it ends with a whole row."""
    export(engine, NOW, 1_000, "a")
    assert [] == stopped_by(engine, NOW)
    export(engine, after(1), 700, "b")
    assert ["pull.lead_whole"] == stopped_by(engine, after(1))
    with pytest.raises(GateStoppedError, match=r"one before it: 300 of 1000 failed\nexport it again, whole"):
        check_pull(engine, "crm", SETTINGS, UNTIL, after(1))
    export(engine, after(2), 1_000, "a")
    assert [] == stopped_by(engine, after(2))


def test_any_table_of_an_export_may_be_the_one_that_is_cut_short(engine):
    """A joined one too: the leads are all there, and fewer of them are won."""
    export(engine, NOW, 8_000, "a", contracts_n=842)
    assert [] == stopped_by(engine, NOW)
    export(engine, after(1), 8_000, "b", contracts_n=399)
    assert ["pull.contract_whole"] == stopped_by(engine, after(1))
    with pytest.raises(GateStoppedError, match="no fewer contracts than the one before it: 443 of 842 failed"):
        check_pull(engine, "crm", SETTINGS, UNTIL, after(1))


def test_an_export_that_stays_shorter_is_meant_to_be(engine):
    for at, leads_n, token in ((NOW, 1_000, "a"), (after(1), 700, "b"), (after(2), 710, "c")):
        export(engine, at, leads_n, token)
    assert [] == stopped_by(engine, after(2))


def test_a_closed_gate_names_its_checks(engine):
    pull(engine, NOW, 100, held=range(30))
    with pytest.raises(GateStoppedError, match=f"{HELD}: 30 of 100 failed"):
        check_pull(engine, "crm", SETTINGS, UNTIL, NOW)


def test_every_run_that_is_stopped_by_rows_says_where_they_are_told(engine):
    """The second run pulls nothing, and so names none of them."""
    pull(engine, NOW, 100, held=range(30), token="a")
    for at in (NOW, after(1)):
        with pytest.raises(GateStoppedError, match="`planerka quarantine list` tells the rows and what to do"):
            check_pull(engine, "crm", SETTINGS, UNTIL, at)


def test_data_that_do_not_reach_the_moment_asked_for_stop_the_run(engine):
    pull(engine, NOW, 100)
    with pytest.raises(GateStoppedError, match="the data are fresh: 1 of 1 failed"):
        check_pull(engine, "crm", SETTINGS, UNTIL + timedelta(hours=49), NOW)


def test_amounts_that_cannot_be_read_close_the_gate_though_no_row_is_held_back(engine):
    """Two typos do not, however few the contracts."""
    test = BY_KEY["contract.amounts_readable"]

    def export_with(unread_n: int, at: datetime) -> None:
        check = replace(test.check(Tally(rows_n=40, failed_n=unread_n)), examples=("deals.csv:2, Price: '1,5'",))
        counts = {"rows_n": 40, "changed_n": 40, "quarantined_n": 0, "checks": (check,)}
        with engine.begin() as connection:
            windows.put_source(connection, Source(source="crm", lacks=frozenset(), data_until=UNTIL))
            window = PulledWindow(source="crm", since=None, until=UNTIL, token=str(unread_n), pulled_at=at, **counts)
            windows.record(connection, window)

    export_with(2, NOW)
    assert [] == stopped_by(engine, NOW)
    export_with(3, after(1))
    told = r"deals.csv:2, Price: '1,5': check the column and the `decimal_mark`"
    with pytest.raises(GateStoppedError, match=told) as stopped:
        check_pull(engine, "crm", SETTINGS, UNTIL, after(1))
    assert "planerka quarantine list" not in str(stopped.value)
