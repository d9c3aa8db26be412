"""Frames in and out of the store, on SQLite and on PostgreSQL."""

import os
import signal
import subprocess
import sys
import traceback
from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa

from planerka.errors import StoreError
from planerka.model import Contract, Event, Lead, Reference, Rejection, Spend
from planerka.store import frames
from planerka.store.bulk import merge
from planerka.store.database import open_store, reading
from planerka.store.frames import local_day, read_frame
from planerka.store.leads import columns_of, load_batch, with_days
from planerka.store.tables import TABLE_OF, rejection, spend
from tests.builders_store import MOSCOW, frame_of

MERGING = """
import sys
from planerka.store.bulk import merge
from planerka.store.database import connect
from planerka.store.tables import spend
from planerka.model import Spend
from tests.builders_store import frame_of

url, source, times_n = sys.argv[1], sys.argv[2], int(sys.argv[3])
engine = connect(url)
for n in range(times_n):
    rows = [{"channel_id": f"c{i}", "amount_minor": n} for i in range(200)]
    with engine.begin() as connection:
        merge(connection, spend, source, frame_of(Spend, *(rows if n % 2 else rows[::-1])))
        if times_n == 1:
            print("merged", flush=True)
            sys.stdin.read()
"""


def merged(engine: sa.Engine, noun: type, frame: pd.DataFrame, source: str = "crm") -> list[tuple[str, ...]]:
    """Keys that merging the frame changed, in order."""
    with engine.begin() as connection:
        changed = merge(connection, TABLE_OF[noun], source, with_days(noun, frame, MOSCOW))
    return sorted(changed.itertuples(index=False, name=None))


def stored(engine: sa.Engine, noun: type, source: str = "crm") -> pd.DataFrame:
    with reading(engine) as connection:
        table = TABLE_OF[noun]
        return read_frame(connection, sa.select(*columns_of(noun)).where(table.c.source == source).order_by(table.c[1]))


FULL = {
    Reference: {"kind": "stage", "id": "s1", "title": "Бронь", "code": "booking"},
    Lead: {"id": "9007199254740993123", "phone_is_valid": False, "created_at": "2026-03-29T02:30:00.123456Z"},
    Event: {"duration_s": 95, "outcome": "answered", "due_at": "1969-12-31T23:59:59.999999Z"},
    Rejection: {"budget_minor": 9_999_999_999_99, "horizon_months": 6, "mortgage_applied": True},
    Contract: {"area_m2": 41.37, "price_minor": 12_345_678_90, "terminated_at": "2026-11-20T00:00Z"},
    Spend: {"spent_on": "2024-02-29", "campaign_id": "о'Генри; DROP TABLE spend;--"},
}


@pytest.mark.parametrize("noun", FULL, ids=lambda noun: noun.__name__)
def test_a_row_comes_back_as_it_went_in(engine: sa.Engine, noun: type) -> None:
    """Known and unknown values, in the dtypes of the port, by both databases alike."""
    frame = frame_of(noun, FULL[noun])
    merged(engine, noun, frame)
    back = stored(engine, noun)
    pd.testing.assert_frame_equal(back.astype(frame.dtypes), frame)
    instants = [str(kind) for kind in back.dtypes if isinstance(kind, pd.DatetimeTZDtype)]
    assert ["datetime64[us, UTC]"] * len(instants) == instants


def test_an_empty_frame_changes_nothing_and_an_empty_table_reads_as_columns(engine: sa.Engine) -> None:
    """Nothing in, nothing out, with the dtypes a full table has."""
    assert [] == merged(engine, Lead, frame_of(Lead))
    back = stored(engine, Lead)
    assert frame_of(Lead).columns.tolist() == back.columns.tolist()
    assert "datetime64[us, UTC]" == back["created_at"].dtype
    assert "boolean" == back["phone_is_valid"].dtype


def test_the_same_rows_again_change_nothing(engine: sa.Engine) -> None:
    """A second pull of a window returns no keys: unknown values are equal to unknown values."""
    frame = frame_of(Event, {"id": "E1"}, {"id": "E2", "duration_s": 5})
    assert [("E1",), ("E2",)] == merged(engine, Event, frame)
    assert [] == merged(engine, Event, frame)


def test_only_new_and_really_changed_rows_are_returned(engine: sa.Engine) -> None:
    """A value that becomes known, changes, or is lost again is a change; the other rows stay as they are."""
    merged(engine, Event, frame_of(Event, {"id": "E1"}, {"id": "E2", "duration_s": 5}, {"id": "E3", "duration_s": 7}))
    later = frame_of(Event, {"id": "E1", "duration_s": 9}, {"id": "E2"}, {"id": "E4"})
    assert [("E1",), ("E2",), ("E4",)] == merged(engine, Event, later)
    assert ["E1", "E2", "E3", "E4"] == stored(engine, Event)["id"].tolist()
    assert [9, None, 7, None] == stored(engine, Event)["duration_s"].astype(object).replace({np.nan: None}).tolist()


def test_of_rows_with_one_key_the_last_counts(engine: sa.Engine) -> None:
    """An export that lists a lead twice must not stop the database that refuses to touch a row twice."""
    merged(engine, Lead, frame_of(Lead, {"status": "open"}, {"status": "won"}))
    assert ["won"] == stored(engine, Lead)["status"].tolist()


def test_sources_do_not_touch_each_other(engine: sa.Engine) -> None:
    """Lead 15 of one source and lead 15 of another are two things."""
    merged(engine, Lead, frame_of(Lead, {"id": "15", "status": "won"}))
    merged(engine, Lead, frame_of(Lead, {"id": "15", "status": "open"}), source="other")
    assert ["won"] == stored(engine, Lead)["status"].tolist()


HOSTILE = [
    "'; DROP TABLE lead; --",
    '"',
    "\\N",
    "\\",
    "a\tb\nc\r\n",
    "😀 ёж",
    "<script>alert(1)</script>",
    "x" * 1_000_000,
    "",
]


def test_any_text_is_only_text(engine: sa.Engine) -> None:
    """Quotes, COPY's own escapes, emoji, a megabyte, and the empty text, which is not a missing one."""
    rows = [{"id": f"E{n}", "comment": text} for n, text in enumerate(HOSTILE)]
    merged(engine, Rejection, frame_of(Rejection, *rows))
    assert HOSTILE == stored(engine, Rejection)["comment"].tolist()


def test_nul_characters_are_left_out(engine: sa.Engine) -> None:
    """PostgreSQL cannot hold them, so neither database does, in text and in category columns."""
    frame = frame_of(Rejection, {"comment": "a\0b", "budget_kind": "full\0_price"})
    merged(engine, Rejection, frame.astype({"budget_kind": "category"}))
    assert ["ab"] == stored(engine, Rejection)["comment"].tolist()
    assert ["full_price"] == stored(engine, Rejection)["budget_kind"].tolist()


DTYPES = {
    "category": {"kind": "category", "actor_id": "category"},
    "object": {"kind": "object", "actor_id": "object"},
    "int64": {"duration_s": "int64"},
    "Int64": {"duration_s": "Int64"},
}


@pytest.mark.parametrize("dtypes", DTYPES.values(), ids=DTYPES.keys())
def test_every_dtype_of_the_port_stores_the_same(engine: sa.Engine, dtypes: dict[str, str]) -> None:
    """Adapters choose between the dtypes that `Batch` allows; the store must not see a difference."""
    frame = frame_of(Event, {"id": "E1", "duration_s": 60}, {"id": "E2", "duration_s": 61, "actor_id": "m1"})
    merged(engine, Event, frame)
    assert [] == merged(engine, Event, frame.astype(dtypes))


def test_the_local_day_is_that_of_the_zone() -> None:
    """Around midnight, over both clock changes, and where a day has no midnight at all."""
    cases = {
        ("Europe/Moscow", "2026-11-02T21:00Z"): "2026-11-03",
        ("Europe/Moscow", "2026-11-02T20:59:59.999999Z"): "2026-11-02",
        ("Europe/Berlin", "2026-03-28T23:30Z"): "2026-03-29",
        ("Europe/Berlin", "2026-10-25T23:30Z"): "2026-10-26",
        ("America/Santiago", "2026-09-06T04:30Z"): "2026-09-06",
    }
    days = {key: str(local_day_of(*key)) for key in cases}
    assert cases == days


def local_day_of(zone: str, text: str) -> date:
    return local_day(pd.Series(pd.to_datetime([text])), ZoneInfo(zone)).dt.date.iloc[0]


def run_merging(url: sa.URL, source: str, times_n: int) -> subprocess.Popen[bytes]:
    address = url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", MERGING, address, source, str(times_n)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_two_processes_merge_at_once(engine: sa.Engine) -> None:
    """Thirty transactions each on the same rows in opposite orders: neither fails, nothing is lost."""
    both = [run_merging(engine.url, "crm", 30) for _ in range(2)]
    errors = [process.communicate()[1].decode() for process in both]
    assert [(0, ""), (0, "")] == [(process.returncode, error) for process, error in zip(both, errors, strict=True)]
    with reading(engine) as connection:
        found = connection.execute(sa.select(sa.func.count(), sa.func.min(spend.c.amount_minor))).one()
    assert (200, 29) == tuple(found)


def test_a_killed_merge_leaves_nothing(engine: sa.Engine) -> None:
    """SIGKILL between the rows and the commit: the store is as before, and the next merge is not in its way."""
    process = run_merging(engine.url, "crm", 1)
    assert b"merged\n" == process.stdout.readline()
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert [] == stored(engine, Spend)["channel_id"].tolist()
    assert 1 == len(merged(engine, Spend, frame_of(Spend, {})))


def test_a_row_that_is_refused_is_not_quoted(engine: sa.Engine) -> None:
    """Neither by SQLAlchemy nor by PostgreSQL, which tells the failing row: Prefect keeps the words of an error."""
    insert = rejection.insert().values(source="crm", id="E1", comment="звонил Иван Петров")
    with pytest.raises(sa.exc.IntegrityError) as refused, engine.begin() as connection:
        connection.execute(insert)
    assert "Петров" not in "".join(traceback.format_exception(refused.value))


def test_a_failed_merge_leaves_the_connection_usable(engine: sa.Engine) -> None:
    """A row without what the schema demands is refused by the database, and the transaction is undone."""
    with pytest.raises(sa.exc.IntegrityError):
        merged(engine, Event, frame_of(Event, {"id": "E1"}, {"id": "E2", "lead_id": None}))
    assert [] == stored(engine, Event)["id"].tolist()
    assert [("E1",)] == merged(engine, Event, frame_of(Event, {"id": "E1"}))


def test_a_page_that_is_found_damaged_in_the_middle_of_a_frame_is_said(tmp_path, monkeypatch):
    """Its rows are fetched past SQLAlchemy, and the error is the one that its own statements raise."""
    monkeypatch.setattr(frames, "FETCHED_ROWS_N", 10)
    path = tmp_path / "store.db"
    store = open_store(f"sqlite:///{path}")
    merge_all = frame_of(Spend, *({"channel_id": f"channel {n}", "amount_minor": n} for n in range(2_000)))
    with store.begin() as connection:
        merge(connection, spend, "crm", with_days(Spend, merge_all, MOSCOW))
    store.dispose()
    with reading(store) as connection:
        pages = "SELECT pageno FROM dbstat WHERE name = 'spend' AND pagetype = 'leaf' ORDER BY path"
        last = connection.exec_driver_sql(pages).scalars().all()[-1]
    store.dispose()
    whole = path.read_bytes()
    path.write_bytes(whole[: (last - 1) * 4096] + b"\xff" * 4096 + whole[last * 4096 :])
    with reading(store) as connection, pytest.raises(StoreError, match=r"malformed.*put a copy back"):
        read_frame(connection, sa.select(spend.c.channel_id, spend.c.amount_minor))


@pytest.mark.filterwarnings("error")
def test_a_first_batch_without_rows_is_no_statement(engine):
    """The references of a mapping that names none: nothing of them is NULL, and nobody needs to be warned."""
    with engine.begin() as connection:
        assert 0 == load_batch(connection, "crm", Reference, frame_of(Reference).iloc[:0], MOSCOW)
