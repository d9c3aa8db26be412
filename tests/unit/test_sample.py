"""The sample company keeps the CRM port: deterministic, windowed, whole days, rows that fit the model."""

from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from types import NoneType
from typing import get_args
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from planerka.crm.base import Crm, Window
from planerka.errors import SettingsError
from planerka.model import PULLED, Contract, Event, Lead, Plan, Reference, Rejection, Spend, Stock
from tests.builders_sample import AS_OF_ON, company, latest_leads, midnight, read, read_all, sample

LATER_ON = AS_OF_ON + timedelta(days=9)
KEYS = ("id", "spent_on", "channel_id", "campaign_id", "project_id", "flat_type", "stock_on")


def assert_same(expected: dict[type, pd.DataFrame], actual: dict[type, pd.DataFrame]) -> None:
    assert list(expected) == list(actual)
    for noun, rows in expected.items():
        pd.testing.assert_frame_equal(rows, actual[noun])


def kind_of(annotation: object) -> type:
    return next((part for part in get_args(annotation) if part is not NoneType), annotation)  # type: ignore[arg-type]


def fits(column: pd.Series, annotation: object) -> bool:
    """Whether a column has a dtype that the port allows for the field of the model."""
    kind, may_miss = kind_of(annotation), NoneType in get_args(annotation)
    if issubclass(kind, str):
        return isinstance(column.dtype, pd.CategoricalDtype) or str(column.dtype) in ("object", "str")
    allowed = {
        datetime: {"datetime64[us, UTC]"},
        date: {"datetime64[us]"},
        bool: {"boolean", "bool"} if may_miss else {"bool"},
        int: {"float64", "int64"} if may_miss else {"int64"},
        float: {"float64"},
    }
    return str(column.dtype) in allowed[kind]


def test_the_sample_is_a_crm(tmp_path):
    """It can stand wherever the port is asked for, and supplies everything."""
    crm: Crm = sample(tmp_path)
    assert ("sample", frozenset()) == (crm.source, crm.lacks())


@pytest.mark.parametrize("noun", PULLED)
def test_every_noun_is_supplied_in_the_columns_and_dtypes_of_the_port(tmp_path, noun):
    """Columns are the model's fields in their order, and the batch has rows."""
    crm = sample(tmp_path)
    window = Window(since=midnight(AS_OF_ON - timedelta(days=40)), until=midnight(AS_OF_ON))
    (batch,) = (batch for batch in crm.read(window) if batch.noun is noun)
    assert [field.name for field in fields(noun)] == list(batch.rows.columns)
    assert [] == [f.name for f in fields(noun) if not fits(batch.rows[f.name], f.type)]
    assert pd.RangeIndex(len(batch.rows)).equals(batch.rows.index)
    assert len(batch.rows) > 0


@pytest.mark.parametrize("noun", PULLED)
def test_words_come_from_the_vocabulary_of_the_model(noun):
    """Where the model names the values, the sample uses no other."""
    for field in fields(noun):
        kind = kind_of(field.type)
        if issubclass(kind, StrEnum):
            assert set(company(1_000)[noun][field.name].dropna()) <= {str(value) for value in kind}


def test_the_same_seed_makes_the_same_company(tmp_path):
    """Another journal in another folder, the same world."""
    assert_same(company(1_000), read_all(sample(tmp_path)))


def test_another_seed_makes_another_company(tmp_path):
    """The seed is the only chance there is."""
    other = read_all(sample(tmp_path, seed=1))
    assert not company(1_000)[Event]["at"].equals(other[Event]["at"])


def test_windows_can_be_read_in_any_order_and_again(tmp_path):
    """A killed pull reads a window twice; the rows are the same."""
    crm = sample(tmp_path)
    windows = list(crm.windows(None, midnight(AS_OF_ON)))[-3:]
    forwards = [read(crm, [window]) for window in windows]
    backwards = [read(crm, [window]) for window in reversed(windows)]
    for expected, actual in zip(forwards, reversed(backwards), strict=True):
        assert_same(expected, actual)


def test_windows_follow_each_other_without_gap_or_overlap(tmp_path):
    """From the beginning to the end, four or five at a first load."""
    until = midnight(AS_OF_ON)
    windows = list(sample(tmp_path).windows(None, until))
    assert len(windows) in (4, 5)
    assert [None, *(window.until for window in windows)] == [*(window.since for window in windows), until]


def test_nothing_is_new_between_two_looks_on_one_day(tmp_path):
    """The sample publishes whole days: a run in the evening finds what the run in the morning found."""
    crm = sample(tmp_path)
    morning, evening = datetime(2026, 11, 24, 5, tzinfo=UTC), datetime(2026, 11, 24, 20, 59, tzinfo=UTC)
    assert midnight(AS_OF_ON) == crm.data_until(morning) == crm.data_until(evening)
    assert [] == list(crm.windows(crm.data_until(morning), crm.data_until(evening)))


def test_however_the_time_is_cut_the_events_are_the_same(tmp_path):
    """Small steps day by day bring together what one window brings."""
    crm = sample(tmp_path, as_of_on=LATER_ON)
    days = [midnight(AS_OF_ON + timedelta(days=n)) for n in range(10)]
    steps = [Window(since=since, until=until) for since, until in pairwise(days)]
    small, large = read(crm, steps), read(crm, [Window(since=days[0], until=days[-1])])
    for noun in (Event, Rejection, Spend, Stock):
        key = [name for name in KEYS if name in small[noun]]
        expected, actual = (frame[noun].sort_values(key, ignore_index=True) for frame in (small, large))
        pd.testing.assert_frame_equal(expected, actual)
    assert set(small[Lead]["id"]) == set(large[Lead]["id"])


def test_a_later_day_sees_more_of_the_same_company(tmp_path):
    """Nothing that could be seen before has changed; the anchor stays where the journal has it."""
    before, after = sample(tmp_path), sample(tmp_path, as_of_on=LATER_ON)
    assert before.anchor_on == after.anchor_on
    assert_same(company(1_000), read_all(after))
    old, new = company(1_000)[Event], read_all(after, LATER_ON)[Event]
    assert set(old["id"]) == set(new.loc[new["recorded_at"] < midnight(AS_OF_ON), "id"])
    assert len(new) > len(old)


def test_ids_are_unique_text_and_events_belong_to_leads():
    """Event, card and contract point to leads that exist; every card is of a rejection."""
    frames = company(1_000)
    events, leads = frames[Event], latest_leads(frames)
    assert [True, True] == [frames[noun]["id"].is_unique for noun in (Event, Rejection)]
    for noun in (Event, Rejection, Contract):
        assert frames[noun]["lead_id"].isin(leads.index).all()
    assert set(frames[Rejection]["id"]) <= set(events.loc[events["kind"] == "rejected", "id"])


def test_lead_ids_are_those_that_were_pulled(tmp_path):
    """The sweep finds nothing vanished."""
    crm = sample(tmp_path)
    assert set(company(1_000)[Lead]["id"]) == set(crm.lead_ids())


def test_no_client_can_be_recognised():
    """Clients are sixteen hexadecimal digits, shared by repeat enquiries; cards hold no phone and no address."""
    frames = company(1_000)
    leads = latest_leads(frames)
    assert leads["client_id"].str.fullmatch(r"[0-9a-f]{16}").all()
    assert 0.04 < leads["client_id"].duplicated().mean() < 0.12
    assert not frames[Rejection]["comment"].astype(str).str.contains(r"\d{5}|@").any()


def test_calls_and_messages_become_known_late_and_nothing_becomes_known_early():
    """Within hours as a rule, a few within a day; only the bad row of the story is known before it happens."""
    events = company(1_000)[Event]
    delay = events["recorded_at"] - events["at"]
    assert pd.Timedelta(hours=3) < delay.max() < pd.Timedelta(hours=21)
    assert 1 == (delay < pd.Timedelta(0)).sum()
    assert 0 < (delay > pd.Timedelta(hours=3)).mean() < 0.005


def test_spend_plan_and_stock_are_known_when_their_day_is_over():
    """Yesterday's spend is there, today's is not; the company's plan is the sum of its projects'."""
    frames = company(1_000)
    assert pd.Timestamp(AS_OF_ON - timedelta(days=1)) == frames[Spend]["spent_on"].max()
    assert {0} == set(frames[Stock]["stock_on"].dt.day_of_week)
    plan = frames[Plan].groupby(["kpi", "from_on", frames[Plan]["project_id"] == ""])["value"].sum().unstack()
    assert plan[True].equals(plan[False].rename(True))
    assert pd.Timestamp(2026, 12, 1) <= frames[Plan]["from_on"].max()


def test_references_name_every_id_but_the_bad_ones():
    """What the leads and events point to has a title."""
    frames = company(1_000)
    titles = frames[Reference].drop_duplicates(["kind", "id"])
    known = {kind: set(rows["id"]) for kind, rows in titles.groupby("kind")}
    assert titles["title"].notna().all()
    for field in ("project_id", "channel_id", "campaign_id", "manager_id", "agency_id", "stage_id", "reason_id"):
        assert set(latest_leads(frames)[field].dropna()) <= known[field.removesuffix("_id")]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/St_Johns"])
def test_any_time_zone_has_whole_days(tmp_path, zone):
    """Summer time moves no event before its lead."""
    crm = sample(tmp_path, zone=zone)
    until = crm.data_until(datetime(2026, 11, 24, 12, tzinfo=UTC))
    frames = read(crm, crm.windows(None, until))
    assert midnight(until.astimezone(ZoneInfo(zone)).date(), ZoneInfo(zone)) == until
    created = frames[Event]["lead_id"].map(latest_leads(frames)["created_at"])
    assert (frames[Event]["at"] >= created).all()
    assert (frames[Event]["recorded_at"] < until).all()


@pytest.mark.parametrize("leads_n", [0, 99, 3_000_001])
def test_a_size_that_makes_no_sense_is_refused(tmp_path: Path, leads_n: int):
    """With what can be asked for."""
    with pytest.raises(SettingsError, match="ask for 100 to 3000000"):
        sample(tmp_path, leads_n=leads_n)
