"""Quarantine: what is kept of a bad row, and how it comes back."""

import json
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from planerka.crm.base import Batch, Origin
from planerka.errors import UsageError
from planerka.intake.check import check_rows
from planerka.intake.quarantine import held_back, released
from planerka.intake.spec import EXAMPLES_N
from planerka.model import PULLED, Contract, Event, Lead, Reference, Rejection, Spend, Stock
from tests.builders_intake import CONTEXT, UNTIL, batch_of, fault

LATER = UNTIL + timedelta(days=2)


def held(batch: Batch):
    return held_back(batch, check_rows(batch, CONTEXT))


def test_a_held_row_says_what_it_was_and_why():
    """Instants as ISO text, missing values as null, numbers as numbers."""
    (record,) = held(batch_of(Event, {}, {"id": "E2", "lead_id": "L9"}, {"id": "E3"}))
    assert ("event", "E2", ["event.lead_known"]) == (record["noun"], record["row_key"], record["why"])
    assert {"at": "2026-11-02T09:00:00+00:00", "duration_s": 30.0, "outcome": None}.items() <= record["row"].items()


def test_what_could_not_be_read_is_kept_as_it_stood():
    (record,) = held(batch_of(Lead, {"created_at": None}, faults=fault("created_at", "31.02.2026")))
    assert "31.02.2026" == record["row"]["created_at"]


@pytest.mark.parametrize("noun", PULLED)
def test_a_held_row_is_json(noun):
    """A row without a key, of any noun, survives the way into the store and back."""
    key = {Spend: "spent_on", Stock: "stock_on"}.get(noun, next(iter(batch_of(noun).rows.columns)))
    (record,) = held(batch_of(noun, {key: None}))
    assert record == json.loads(json.dumps(record, allow_nan=False))


def test_a_row_without_a_key_is_known_by_its_content():
    """So that the same row, pulled again, is not held twice."""
    first, again, other = (held(batch_of(Lead, {"id": None, "url": url}))[0]["row_key"] for url in "aab")
    assert (True, first, False) == (first.startswith("sha256:"), again, first == other)


def test_the_parts_of_a_key_are_joined():
    (record,) = held(batch_of(Spend, {"currency": None, "campaign_id": "A7"}))
    assert "2026-11-02T00:00:00|K1|A7|" == record["row_key"]


def test_of_two_bad_rows_with_one_key_the_last_is_held():
    (record,) = held(batch_of(Event, {"lead_id": "L8"}, {"lead_id": "L9"}))
    assert "L9" == record["row"]["lead_id"]


def located(batch: Batch) -> Batch:
    """The batch as read from `calls.csv`, its first row in line 7."""
    row_ns = np.arange(7, 7 + len(batch.rows))
    return replace(batch, origin=Origin(file="calls.csv", row_ns=row_ns, columns={"at": "Время", "id": "№"}))


def test_a_held_row_says_where_it_stands_and_which_column_is_wrong():
    batch = located(batch_of(Event, {}, {"id": "E2", "at": None}, faults=fault("at", "31.02.2026", position=1)))
    (record,) = held(batch)
    cells = {"columns": {"at": "Время"}, "cells": {"at": "31.02.2026"}}
    assert {"file": "calls.csv", "row_ns": [8]} | cells == record["place"]


def test_a_field_that_the_file_does_not_have_is_called_as_planerka_does():
    (record,) = held(located(batch_of(Event, {"lead_id": "L9"})))
    assert {"lead_id": "lead_id"} == record["place"]["columns"]


def test_rows_of_a_crm_have_no_place_in_a_file():
    (record,) = held(batch_of(Event, {"lead_id": "L9"}))
    assert (None, []) == (record["place"]["file"], record["place"]["row_ns"])


def test_of_two_rows_with_one_id_both_are_named():
    (record,) = held(located(batch_of(Event, {}, {"id": "E2"}, {"duration_s": 5})))
    assert ("E1", ["event.unique"], [7, 9]) == (record["row_key"], record["why"], record["place"]["row_ns"])


EXAMPLES = [
    ({"at": None}, fault("at", "31.02.2026"), "dates_readable", "calls.csv:7, Время: '31.02.2026'"),
    ({"at": None}, fault("at", "8 916 123-45-67"), "dates_readable", "calls.csv:7, Время: '***'"),
    ({"at": None}, fault("at", "Иванов Пётр"), "dates_readable", "calls.csv:7, Время: 'aaaaaa aaaa'"),
    ({}, fault("duration_s", "#REF!"), "values_readable", "calls.csv:7, duration_s: '#REF!'"),
    ({"kind": None}, fault("kind", "inside"), "required", "calls.csv:7, kind: 'inside'"),
    ({"id": None}, (), "id", "calls.csv:7, №: —"),
    ({"id": None}, fault("id", "+79161234567"), "values_readable", "calls.csv:7, №: '***'"),
    ({"kind": "inside"}, (), "vocabulary", "calls.csv:7, kind: 'inside'"),
    ({"manager_id": "***"}, (), "no_contact", "calls.csv:7, manager_id: '***'"),
    ({"lead_id": "L9"}, (), "lead_known", "calls.csv:7, lead_id: 'L9'"),
    ({"lead_id": "Петрова Анна"}, (), "lead_known", "calls.csv:7, lead_id: 'aaaaaaa aaaa'"),
    ({"duration_s": -5}, (), "not_negative", "calls.csv:7, duration_s: -5"),
]


@pytest.mark.parametrize("change, faults, name, expected", EXAMPLES)
def test_a_check_shows_rows_that_failed_it(change, faults, name, expected):
    """With their place, and without what may be a client's: a name cannot be told from another word."""
    checks = check_rows(located(batch_of(Event, change, faults=faults)), CONTEXT)
    assert (expected,) == checks.examples[f"event.{name}"]


def test_a_stage_without_a_code_is_shown_by_its_name():
    """It is on every page of planerka, and no client is called so."""
    batch = batch_of(Reference, {"kind": "stage", "id": "Decision Maker", "code": None})
    (example,) = check_rows(batch, CONTEXT).examples["reference.code_known"]
    assert example.endswith("id: 'Decision Maker'")


WRITTEN = [
    ({"at": LATER}, {"Время": "25.11.2026 06:00"}, "not_future", "Время: '25.11.2026 06:00'"),
    ({"recorded_at": LATER}, {"Время": "24.11.2026 06:00"}, "not_future", f"recorded_at: '{LATER.isoformat()}'"),
    ({"lead_id": "L9"}, {"Время": "24.11.2026 06:00"}, "lead_known", "lead_id: 'L9'"),
]


@pytest.mark.parametrize("change, cells, name, expected", WRITTEN)
def test_a_date_is_shown_as_the_file_writes_it_and_only_the_one_at_fault(change, cells, name, expected):
    batch = located(batch_of(Event, change))
    assert batch.origin
    batch = replace(batch, origin=replace(batch.origin, texts=pd.DataFrame([cells], index=[7], dtype=object)))
    ((_, *told),) = [example.split(", ") for example in check_rows(batch, CONTEXT).examples[f"event.{name}"]]
    assert [expected] == told


def test_an_id_without_a_digit_is_kept_for_the_day_on_which_the_row_is_released():
    """Examples do not show it, for it may be a name; changed in the row itself, it would be another lead's."""
    (record,) = held(batch_of(Event, {"lead_id": "Петрова Анна"}))
    assert "Петрова Анна" == record["row"]["lead_id"]


def test_a_check_shows_money_as_the_file_writes_it():
    """In whole units, and not in the smallest ones in which it is kept."""
    checks = check_rows(batch_of(Contract, {"price_minor": -51_128}), CONTEXT)
    assert ("contract C1, price_minor: -511.28",) == checks.examples["contract.not_negative"]


def test_a_check_shows_a_few_rows_and_not_all():
    checks = check_rows(batch_of(Event, *({"id": f"E{n}", "lead_id": "L9"} for n in range(9))), CONTEXT)
    assert ("event E0, lead_id: 'L9'", "event E1, lead_id: 'L9'") == checks.examples["event.lead_known"][:2]
    assert EXAMPLES_N == len(checks.examples["event.lead_known"])


def test_no_phone_or_email_goes_to_quarantine():
    comment = "звонил с +7 (916) 123-45-67, писал на ivan.petrov@mail.example"
    (record,) = held(batch_of(Rejection, {"lead_id": "L9", "comment": comment}))
    assert "звонил с ***, писал на ***" == record["row"]["comment"]


def test_a_phone_in_the_place_of_a_date_is_masked_too():
    """Columns slip in exports."""
    (record,) = held(batch_of(Lead, {}, faults=fault("created_at", "8 916 123-45-67")))
    assert "***" == record["row"]["created_at"]


def test_a_long_id_is_no_phone():
    (record,) = held(batch_of(Event, {"id": "29161234567", "lead_id": "9161234567"}))
    assert ("29161234567", "9161234567") == (record["row_key"], record["row"]["lead_id"])


def test_a_phone_in_the_place_of_an_id_is_not_kept():
    """Not in the row, and not as its key."""
    (record,) = held(batch_of(Lead, {"id": None, "client_id": "a@mail.ru"}, faults=fault("id", "+7 916 123-45-67")))
    assert (None, None) == (record["row"]["id"], record["row"]["client_id"])
    assert record["row_key"].startswith("sha256:")


def test_text_keeps_no_nul_which_a_database_refuses():
    (record,) = held(batch_of(Lead, {"status": "op\0en", "url": "a\0b"}))
    assert "ab" == record["row"]["url"]


@pytest.mark.parametrize("noun", PULLED)
def test_a_released_row_is_the_row_that_came(noun):
    """With the dtypes of a batch, so that the store takes it."""
    batch = batch_of(noun, {})
    checks = check_rows(batch, CONTEXT)
    checks.bits[:] = 1
    rows = json.loads(json.dumps([record["row"] for record in held_back(batch, checks)]))
    pd.testing.assert_frame_equal(batch.rows, released(noun, rows))


def test_an_unreadable_value_is_missing_in_a_released_row():
    (record,) = held(batch_of(Contract, {"lead_id": "L9"}, faults=fault("area_m2", "сорок")))
    assert [True] == released(Contract, [record["row"]])["area_m2"].isna().tolist()


def test_a_row_that_lacks_what_the_store_needs_cannot_be_released():
    (record,) = held(batch_of(Event, {"at": None}))
    with pytest.raises(UsageError, match=r"quarantined event has no at .* or drop it"):
        released(Event, [record["row"]])


def test_a_future_date_is_released_as_it_is():
    """A person decided so."""
    (record,) = held(batch_of(Lead, {"created_at": UNTIL.replace(year=2206)}))
    assert [2206] == released(Lead, [record["row"]])["created_at"].dt.year.tolist()
