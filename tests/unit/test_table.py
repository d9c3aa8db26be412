"""The table adapter: what it makes of an export, and what it says of one that does not fit."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from planerka.crm import chunks
from planerka.crm.base import Batch, Fault
from planerka.crm.table import TableCrm
from planerka.crm.worklist import HEADER as WORKLIST_HEADER
from planerka.errors import CrmError, MappingError, SettingsError
from planerka.model import (
    Command,
    Contract,
    Decision,
    DisputeOrigin,
    Event,
    Lead,
    Plan,
    Receipt,
    Reference,
    Rejection,
    Spend,
)

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)

HEADER = """
source: shop
currency: RUB
time_zone: Europe/Moscow
"""
LEADS = """
leads:
  file: leads.csv
  columns: {id: ID, created_at: Created, stage_id: Stage, reason_id: Reason}
  rejected: {column: Stage, in: [lost]}
  won: {present: Sold}
  dates:
    rejected: Lost
"""
CSV = """\
ID,Created,Stage,Reason,Lost,Sold
007,2026-03-01,lost,junk,2026-03-02 10:00:00,
8,2026-03-01 09:30:00,new,junk,,
9,2026-03-02,lost,,2026-03-04,2026-03-05
"""


def crm_of(folder: Path, mapping: str = HEADER + LEADS, phone_key: bytes | None = None, **files: str) -> TableCrm:
    """A source over files given as text; `leads` is `leads.csv`."""
    for name, content in {"leads": CSV, **files}.items():
        (folder / f"{name}.csv").write_text(content, "utf-8")
    (folder / "mapping.yaml").write_text(mapping, "utf-8")
    return TableCrm(
        folder / "mapping.yaml", worklist=folder / "out" / "worklist.csv", now=lambda: NOW, phone_key=phone_key
    )


def read(crm: TableCrm) -> list[Batch]:
    (window,) = crm.windows(None, NOW)
    return list(crm.read(window))


def rows(crm: TableCrm, noun: type, *names: str) -> list[tuple[Any, ...]]:
    """Some fields of every row of a noun, missing ones None."""
    frames = [batch.rows[list(names)].astype(object) for batch in read(crm) if batch.noun is noun]
    return [row for frame in frames for row in frame.where(frame.notna(), None).itertuples(index=False, name=None)]


def faults(crm: TableCrm) -> list[tuple[str, Fault]]:
    return [(batch.noun.__name__, fault) for batch in read(crm) for fault in batch.faults]


def test_a_lead_has_its_id_as_text_and_the_status_that_the_conditions_give(tmp_path):
    expected = [("007", "rejected", "junk"), ("8", "open", "junk"), ("9", "won", None)]
    assert expected == rows(crm_of(tmp_path), Lead, "id", "status", "reason_id")


def test_a_rejection_is_an_event_with_its_reason_only_where_the_lead_is_rejected(tmp_path):
    """A lead that is won keeps its old date of rejection in the file, and was not lost."""
    crm = crm_of(tmp_path)
    events = rows(crm, Event, "id", "kind", "reason_id", "actor_kind", "manager_id")
    assert [("007:rejected", "rejected", "junk", "unknown", None)] == [e for e in events if e[1] == "rejected"]
    assert [("007:rejected", "007")] == rows(crm, Rejection, "id", "lead_id")


def test_the_same_window_reads_the_same_rows_again(tmp_path):
    crm = crm_of(tmp_path)
    assert rows(crm, Event, "id", "at") == rows(crm, Event, "id", "at")


def test_every_batch_has_the_fields_of_its_noun_and_the_dtypes_of_the_port(tmp_path):
    for batch in read(crm_of(tmp_path)):
        assert list(batch.noun.__dataclass_fields__) == list(batch.rows)
        assert pd.RangeIndex(len(batch.rows)).equals(batch.rows.index)
    leads = next(batch.rows for batch in read(crm_of(tmp_path)) if batch.noun is Lead)
    assert ["datetime64[us, UTC]", "boolean", "str"] == [
        str(leads[n].dtype) for n in ("created_at", "phone_is_valid", "id")
    ]


def test_chunks_do_not_show_in_what_is_read(tmp_path, monkeypatch):
    whole = rows(crm_of(tmp_path), Lead, "id", "status", "created_at")
    monkeypatch.setattr(chunks, "CHUNK_ROWS_N", 1)
    assert whole == rows(crm_of(tmp_path), Lead, "id", "status", "created_at")


def test_an_id_is_named_once_and_before_the_rows_that_bring_it(tmp_path, monkeypatch):
    monkeypatch.setattr(chunks, "CHUNK_ROWS_N", 1)
    mapping = HEADER + LEADS + "references: {stage: {new: {title: New lead, code: new}, gone: Gone}}"
    crm = crm_of(tmp_path, mapping)
    assert [
        ("stage", "new", "New lead", "new"),
        ("stage", "gone", "Gone", None),
        ("stage", "lost", "lost", None),
        ("reason", "junk", "junk", None),
    ] == rows(crm, Reference, "kind", "id", "title", "code")
    order = [batch.noun for batch in read(crm)]
    assert [Reference, Reference, Lead] == order[:3]


def test_a_value_that_cannot_be_read_is_a_fault_and_unknown(tmp_path):
    crm = crm_of(tmp_path, leads=CSV.replace("2026-03-01 09:30:00", "yesterday <script>"))
    assert [("Lead", Fault(position=1, field="created_at", value="yesterday <script>"))] == faults(crm)
    assert [None] == [at for key, at in rows(crm, Lead, "id", "created_at") if key == "8"]
    assert "8:created" not in [key for (key,) in rows(crm, Event, "id")]


def test_a_rejection_whose_date_cannot_be_read_is_an_event_with_a_fault_and_no_card(tmp_path):
    crm = crm_of(tmp_path, leads=CSV.replace("2026-03-02 10:00:00", "02/03/26"))
    assert [("Event", Fault(position=0, field="at", value="02/03/26"))] == faults(crm)
    assert [] == rows(crm, Rejection, "id")


def test_a_column_that_cannot_be_read_at_all_is_a_wrong_mapping_and_shows_no_value(tmp_path):
    many = "ID,Created,Stage,Reason,Lost,Sold\n" + "".join(f"{n},0{n % 9}.03.2026,new,,,\n" for n in range(10))
    with pytest.raises(MappingError, match=r"of 'Created' can be read as a date; they look like '99\.99\.9999'"):
        read(crm_of(tmp_path, leads=many))


def test_a_byte_order_mark_and_spaces_in_the_header_do_no_harm(tmp_path):
    assert 3 == len(rows(crm_of(tmp_path, leads="\ufeff" + CSV.replace("ID,Created", "ID, Created ")), Lead, "id"))


def test_words_for_a_blank_cell_are_not_known_and_others_stay(tmp_path):
    mapping = HEADER + LEADS.replace("file: leads.csv", "file: leads.csv\n  blank: ['-', new]")
    crm = crm_of(tmp_path, mapping, leads=CSV.replace("lost,junk", "NA,-"))
    assert [("NA", None), (None, "junk"), ("lost", None)] == rows(crm, Lead, "stage_id", "reason_id")


@pytest.mark.parametrize(
    "content, error, words",
    [
        ("", CrmError, "leads.csv is empty"),
        ("ID,Created,Stage,Raeson,Lost,Sold\n", MappingError, "'Reason' is not there: the nearest is 'Raeson'"),
        (CSV.replace(",", ";"), MappingError, "'Created' is not there"),
        (CSV + "10,2026-03-02,lost,,,,,,\n", CrmError, "leads.csv: line 5 has 9 cells and the header 6"),
        (CSV.replace("\n", ",x\n").replace("Sold,x", "Sold"), CrmError, "line 2 has 7 cells and the header 6"),
        (CSV + '11,"2026-03-02', CrmError, "line 5 has 2 cells and the header 6: the file is cut short there"),
    ],
)
def test_a_file_that_does_not_fit_is_named_with_what_to_do(content, error, words, tmp_path):
    with pytest.raises(error, match=words):
        read(crm_of(tmp_path, leads=content))


def test_another_encoding_is_said_and_read(tmp_path):
    crm = crm_of(tmp_path)
    (tmp_path / "leads.csv").write_bytes(CSV.replace("junk", "Спам").encode("cp1251"))
    with pytest.raises(CrmError, match="cp1251"):
        read(crm)
    (tmp_path / "mapping.yaml").write_text(HEADER + LEADS.replace("file:", "encoding: cp1251\n  file:"), "utf-8")
    again = TableCrm(tmp_path / "mapping.yaml", worklist=tmp_path / "w.csv", now=lambda: NOW)
    assert "Спам" in [reason for (reason,) in rows(again, Lead, "reason_id")]


def test_a_missing_file_is_named(tmp_path):
    crm = crm_of(tmp_path)
    (tmp_path / "leads.csv").unlink()
    with pytest.raises(MappingError, match=r"leads\.csv cannot be read"):
        list(crm.windows(None, NOW))


JOINED = (
    HEADER
    + """
leads:
  file: leads.csv
  columns: {id: ID, created_at: Created}
  joins: {deal: {file: deals.csv, lead_column: ID, key: Lead}}
  won: {column: deal.State, in: [signed]}
contracts:
  when: {column: deal.State, in: [signed]}
  columns: {signed_at: deal.Day, price_minor: deal.Sum, unit_kind: {constant: flat}}
"""
)


def test_a_joined_file_adds_its_columns_to_the_row_of_the_lead(tmp_path):
    crm = crm_of(tmp_path, JOINED, deals="Lead,State,Day,Sum\n007,signed,2026-03-05,10.5\n8,draft,2026-03-06,2\n,x,,\n")
    assert [("007", "won"), ("8", "open"), ("9", "open")] == rows(crm, Lead, "id", "status")
    assert [("007:contract", "007", 1050, "flat", "RUB")] == rows(
        crm, Contract, "id", "lead_id", "price_minor", "unit_kind", "currency"
    )
    assert "007:contract:contract_signed" in [key for (key,) in rows(crm, Event, "id")]


def test_a_joined_file_has_one_row_a_key(tmp_path):
    crm = crm_of(tmp_path, JOINED, deals="Lead,State,Day,Sum\n8,signed,2026-03-05,1\n8,draft,2026-03-06,2\n")
    with pytest.raises(CrmError, match="Lead '8' stands in more than one row"):
        read(crm)


def test_a_join_that_matches_nothing_is_a_wrong_mapping(tmp_path):
    with pytest.raises(MappingError, match="none of 3 values of 'ID' is a 'Lead'"):
        read(crm_of(tmp_path, JOINED, deals="Lead,State,Day,Sum\nL8,signed,2026-03-05,1\n"))


CALLS = (
    HEADER
    + LEADS
    + """
events:
  calls:
    file: calls.csv
    columns: {lead_id: Lead, at: At, kind: {column: Way, values: {out: call_out}}, duration_s: Talk, actor_id: Who}
"""
)


def test_calls_without_an_id_are_named_after_lead_kind_and_time(tmp_path):
    call = "8,2026-03-02 10:00:00,out,30,anna\n"
    content = f"Lead,At,Way,Talk,Who\n{call}{call},2026-03-02,out,5,\n"
    events = rows(crm_of(tmp_path, CALLS, calls=content), Event, "id", "kind", "duration_s", "actor_kind")
    assert [("8:call_out:1772434800000000", "call_out", 30, "person")] == [e for e in events if e[1] == "call_out"]


def test_a_kind_of_call_that_the_mapping_does_not_know_is_a_fault(tmp_path):
    crm = crm_of(tmp_path, CALLS, calls="Lead,At,Way,Talk,Who\n8,2026-03-02,inside,1,x\n")
    assert [("Event", Fault(position=0, field="kind", value="inside"))] == faults(crm)


SPEND = (
    HEADER
    + LEADS
    + """
spend:
  file: spend.csv
  columns: {spent_on: Day, channel_id: Channel, amount_minor: Sum}
"""
)


def test_spend_of_one_day_and_channel_is_added_up_and_what_cannot_be_added_stays_apart(tmp_path, monkeypatch):
    monkeypatch.setattr(chunks, "CHUNK_ROWS_N", 2)
    content = "Day,Channel,Sum\n2026-03-01,site,10.10\n2026-03-01,site,much\n2026-03-01,site,0.20\n2026-03-02,site,1\n"
    crm = crm_of(tmp_path, SPEND, spend=content)
    assert [("Spend", Fault(position=0, field="amount_minor", value="much"))] == faults(crm)
    assert [("site", "", None), ("site", "", 1030), ("site", "", 100)] == rows(
        crm, Spend, "channel_id", "campaign_id", "amount_minor"
    )


PLAN = (
    HEADER
    + LEADS
    + "plan: {file: plan.csv, period: {year: Y, quarter: Q}, kpis: {leads_n: Leads, revenue_minor: Money}}"
)


def test_a_wide_plan_becomes_one_row_a_kpi_and_quarter(tmp_path):
    crm = crm_of(tmp_path, PLAN, plan="Y,Q,Leads,Money,\n2026,1,,,ramping up\n2026,2,50,200 000 ₽,\n2026,5,7,,\n")
    assert [
        ("leads_n", "", datetime(2026, 4, 1), datetime(2026, 6, 30), 50),
        ("leads_n", "", None, None, 7),
        ("revenue_minor", "", datetime(2026, 4, 1), datetime(2026, 6, 30), 20_000_000),
    ] == rows(crm, Plan, "kpi", "project_id", "from_on", "to_on", "value")


def test_a_period_may_be_a_month_or_two_days(tmp_path):
    months = PLAN.replace("quarter: Q", "month: Q")
    assert [(datetime(2028, 2, 29),)] == rows(
        crm_of(tmp_path, months, plan="Y,Q,Leads,Money\n2028,2,1,\n"), Plan, "to_on"
    )
    days = PLAN.replace("{year: Y, quarter: Q}", "{from_on: Y, to_on: Q}")
    crm = crm_of(tmp_path, days, plan="Y,Q,Leads,Money\n2026-03-02,2026-03-08,1,\n")
    assert [(datetime(2026, 3, 2), datetime(2026, 3, 8))] == rows(crm, Plan, "from_on", "to_on")


PHONES = HEADER + LEADS.replace("id: ID", "id: ID, phone: Reason")


def test_a_mapping_with_phones_needs_a_key(tmp_path):
    with pytest.raises(SettingsError, match="PLANERKA_PHONE_KEY"):
        crm_of(tmp_path, PHONES)


def test_one_phone_in_two_spellings_is_one_client_and_no_phone_is_kept(tmp_path):
    leads = CSV.replace("lost,junk", "lost,+7 912 345-67-89").replace("new,junk", "new,89123456789")
    crm = crm_of(tmp_path, PHONES.replace(", reason_id: Reason", ""), b"key", leads=leads)
    (one, first), (other, second), (nobody, third) = rows(crm, Lead, "client_id", "phone_is_valid")
    assert (one, True, True, None, None) == (other, first, second, nobody, third)
    assert [] == [
        batch for batch in read(crm) if batch.rows.astype(str).stack().str.contains("9123456789|912 345").any()
    ]


PHONE_CELLS = [
    ("+7 912 345-67-89; 12", True),  # the first that there is
    ("12 / 89123456789", True),
    ("12; 34", False),
    ("не указан", None),
]


@pytest.mark.parametrize("cell, is_valid", PHONE_CELLS)
def test_a_cell_of_two_phones_is_the_client_of_the_one_that_exists(cell, is_valid, tmp_path):
    """And words are no number that does not exist: a rejection for a wrong one would be lawful."""
    crm = crm_of(
        tmp_path, PHONES.replace(", reason_id: Reason", ""), b"key", leads=CSV.replace("lost,junk", f"lost,{cell}")
    )
    (client_id, told), *_ = rows(crm, Lead, "client_id", "phone_is_valid")
    assert (is_valid is True, is_valid) == (client_id is not None, told)


@pytest.mark.parametrize(
    "data_until, created, expected",
    [
        ("from the data", "2026-03-06 10:00:00", datetime(2026, 3, 6, 7, tzinfo=UTC)),
        # Nothing but the day is known of it: the day counts whole.
        ("from the data", "2026-03-06", datetime(2026, 3, 6, 21, tzinfo=UTC)),
        # A slip of the pen in the future does not make the export complete.
        ("from the data", "2062-03-06", datetime(2026, 3, 4, 21, tzinfo=UTC)),
        ("2026-03-08", "2026-03-06", datetime(2026, 3, 8, 21, tzinfo=UTC)),
        ("2026-03-31", "2026-03-06", NOW),
    ],
)
def test_how_far_an_export_reaches(data_until, created, expected, tmp_path):
    mapping = (
        HEADER + f"data_until: {data_until}\n" + LEADS.replace("rejected: Lost", "rejected: Lost\n    booked: Sold")
    )
    leads = CSV.replace("2026-03-05", "2026-03-04").replace("2026-03-01 09:30:00", created)
    assert expected == crm_of(tmp_path, mapping, leads=leads).data_until(NOW)


def test_an_export_without_a_date_says_so(tmp_path):
    with pytest.raises(CrmError, match="no row has a date up to now"):
        crm_of(tmp_path, leads=CSV.splitlines()[0] + "\n7,,new,,,\n").data_until(NOW)


def token(crm: TableCrm) -> str | None:
    return next(crm.windows(None, NOW)).token


def test_the_token_changes_with_a_file_and_with_the_mapping(tmp_path):
    first = token(crm_of(tmp_path))
    assert first == token(crm_of(tmp_path))
    assert first != token(crm_of(tmp_path, leads=CSV + "10,2026-03-02,new,,,\n"))
    assert first != token(crm_of(tmp_path, HEADER + LEADS.replace("in: [lost]", "in: [lost, dead]")))


def test_the_ids_of_all_leads_are_listed_for_the_sweep(tmp_path):
    assert ["007", "8", "9"] == list(crm_of(tmp_path).lead_ids())


LACKS = """
    event.created         False
    event.rejected        False
    event.call_out        True
    event.contract_signed True
    event.reason_id       False
    event.duration_s      True
    lead.status.rejected  False
    lead.reason_id        False
    lead.client_id        True
    rejection             False
    rejection.comment     True
    contract              True
    contract.price_minor  True
    spend                 True
    plan                  True
    stock                 True
"""


@pytest.mark.parametrize("name, is_lacking", [line.split() for line in LACKS.strip().splitlines()])
def test_a_source_lacks_what_its_mapping_does_not_give(name, is_lacking, tmp_path):
    assert (is_lacking == "True") == (name in crm_of(tmp_path).lacks())


def test_a_reason_is_there_though_nobody_knows_the_day_of_the_rejection(tmp_path):
    lacks = crm_of(tmp_path, HEADER + LEADS.partition("  dates:")[0]).lacks()
    assert (True, False) == ("event.rejected" in lacks, "event.reason_id" in lacks)


@pytest.mark.parametrize(
    "name",
    ["event.call_out", "event.duration_s", "event.actor_id", "event.actor_kind", "event.outcome", "event.call_in"],
)
def test_a_file_of_calls_gives_the_kinds_and_fields_that_it_maps(name, tmp_path):
    is_given = name not in ("event.outcome", "event.call_in")
    assert is_given == (name not in crm_of(tmp_path, CALLS, calls="").lacks())


def command(marker: str = "planerka-1", note: str = "clause 1.2", lead_id: str = "007") -> Command:
    return Command(
        marker=marker,
        lead_id=lead_id,
        origin=DisputeOrigin.UNLAWFUL,
        kind=Decision.RETURN_TO_WORK,
        manager_id=None,
        stage_id="new",
        note=note,
        task="call again",
        due_at=datetime(2026, 3, 11, 9, tzinfo=UTC),
    )


def test_a_command_is_put_on_the_worklist_once(tmp_path):
    crm = crm_of(tmp_path)
    first, again, _ = crm.apply(command()), crm.apply(command()), crm.apply(command("planerka-2", lead_id="9"))
    assert (Receipt(marker="planerka-1", handed_over_at=NOW, confirmed_at=None), first) == (first, again)
    lines = crm.worklist.path.read_text("utf-8-sig").splitlines()
    assert ["planerka-1", "planerka-2"] == [line.split(",")[0] for line in lines[1:]]
    assert "2026-03-11 12:00" in lines[1]


def test_a_dry_run_shows_the_row_that_a_command_would_be_on_the_worklist(tmp_path):
    """And none once it is there."""
    crm = crm_of(tmp_path)
    [line] = crm.rehearse(command())
    assert not crm.worklist.path.exists()
    crm.apply(command())
    _, [row] = crm.worklist.read()
    assert (f"{crm.worklist.path} {json.dumps(row, ensure_ascii=False)}", []) == (line, crm.rehearse(command()))


def test_two_runs_at_once_put_a_command_on_the_worklist_once(tmp_path):
    """Each looks and writes under the lock of the file."""
    markers = [f"planerka-{n}" for n in range(20)]
    crms = [crm_of(tmp_path), crm_of(tmp_path)]
    with ThreadPoolExecutor(2) as runs:
        list(runs.map(lambda crm: [crm.apply(command(marker)) for marker in markers], crms))
    lines = crms[0].worklist.path.read_text("utf-8-sig").splitlines()
    assert sorted(markers) == sorted(line.split(",")[0] for line in lines[1:])


HEAD = ",".join(WORKLIST_HEADER)
LINE = "planerka-1,2026-03-10T09:00:00+00:00,007,return_to_work,,new,note,task,2026-03-11 12:00"
SAVED = {
    "as it was": f"{HEAD}\r\n{LINE}\r\n".encode("utf-8-sig"),
    "in the Excel of a Russian Windows": f"{HEAD}\r\n{LINE}\r\n".replace(",", ";").encode("cp1251"),
    "with blank lines": f"{HEAD}\r\n\r\n,,,,,,,,\r\n{LINE}\r\n\r\n".encode("utf-8-sig"),
    "with a column more": f"{HEAD},Done\r\n{LINE},yes\r\n".encode(),
    "with a remark": f"{HEAD}\r\nday off till Monday\r\n{LINE}\r\n".encode(),
}


@pytest.mark.parametrize("content", SAVED.values(), ids=SAVED.keys())
def test_a_worklist_that_people_saved_again_goes_on(tmp_path, content):
    """No line is lost, and none is written twice."""
    crm = crm_of(tmp_path)
    crm.worklist.path.parent.mkdir()
    crm.worklist.path.write_bytes(content)
    was = crm.worklist.read()
    assert LINE.split(",") == next(row[:9] for row in was[1] if row[0] == "planerka-1")
    assert datetime(2026, 3, 10, 9, tzinfo=UTC) == crm.apply(command()).handed_over_at
    assert content == crm.worklist.path.read_bytes()
    crm.apply(command("planerka-2"))
    (before, _), (after, lines) = was, crm.worklist.read()
    assert before == after
    assert [*was[1], "planerka-2"] == [*lines[:-1], lines[-1][0]]


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\r\n", b";;;;;;;;\r\n"])
def test_an_emptied_worklist_is_begun_anew(tmp_path, content):
    crm = crm_of(tmp_path)
    crm.worklist.path.parent.mkdir()
    crm.worklist.path.write_bytes(content)
    crm.apply(command())
    assert 2 == len(crm.worklist.path.read_text("utf-8-sig").splitlines())


@pytest.mark.parametrize(
    "content, said",
    [
        (LINE.encode(), "its first line is not the header of a worklist"),
        (b"PK\x03\x04\x98 a workbook", "its first line is not the header of a worklist"),
        (f"{HEAD}\n{LINE}".replace("2026-03-10T09:00:00+00:00", "10.03.26").encode(), "'10.03.26' is no time at which"),
        (f"{HEAD}\nplanerka-1,,007".encode(), "'' is no time at which planerka-1 was handed over"),
        (f"{HEAD}\nplanerka-1".encode(), "'' is no time at which planerka-1 was handed over"),
    ],
)
def test_what_is_no_worklist_any_more_is_refused_and_kept(tmp_path, content, said):
    """With the remedy; a command stays pending rather than be lost or done twice."""
    crm = crm_of(tmp_path)
    crm.worklist.path.parent.mkdir()
    crm.worklist.path.write_bytes(content)
    with pytest.raises(CrmError, match=rf"worklist\.csv: {said}.*; put it aside under another name"):
        crm.apply(command())
    assert content == crm.worklist.path.read_bytes()


def test_the_worklist_runs_no_formula(tmp_path):
    crm = crm_of(tmp_path)
    crm.apply(command(note='=HYPERLINK("http://x")'))
    crm.apply(command("planerka-2"))
    assert "'=HYPERLINK" in crm.worklist.path.read_text("utf-8-sig")
    assert ",=HYPERLINK" not in crm.worklist.path.read_text("utf-8-sig")


def test_the_worklist_never_proves_that_a_command_was_carried_out(tmp_path):
    """Not even where a later export shows the lead open: only the store knows whether it was rejected before."""
    handed_over = crm_of(tmp_path).apply(command())
    leads = CSV.replace("007,2026-03-01,lost", "007,2026-03-01,new") + "10,2026-03-11,new,,,\n"
    later = crm_of(tmp_path, leads=leads)
    later.clock = lambda: NOW + timedelta(days=2)
    assert handed_over == later.apply(command())


CONTACTS = HEADER + LEADS.replace("reason_id: Reason}", "reason_id: Reason, client_id: Client, channel_id: Channel}")
CONTACTS_CSV = """\
ID,Created,Stage,Reason,Lost,Sold,Client,Channel
7,2026-03-01,new,,,,a@mail.ru,от друга +7 916 123-45-67
79161234567,2026-03-01,new,,,,17,8 800 555-35-35
"""


def test_an_id_that_is_somebodys_phone_is_unknown_and_told(tmp_path):
    crm = crm_of(tmp_path, CONTACTS, leads=CONTACTS_CSV)
    assert [("7", None), (None, "17")] == rows(crm, Lead, "id", "client_id")
    told = [(fault.field, fault.value) for noun, fault in faults(crm) if noun == "Lead"]
    assert [("id", "79161234567"), ("client_id", "a@mail.ru")] == told


def test_a_column_of_phones_is_no_column_of_ids(tmp_path):
    lines = "\n".join(f"791612345{n},2026-03-01,new,,," for n in range(10, 20))
    with pytest.raises(MappingError, match="a phone or an e-mail is no id"):
        read(crm_of(tmp_path, leads=f"{CSV.splitlines()[0]}\n{lines}\n"))


def test_a_phone_in_a_title_is_masked_unless_the_mapping_names_it(tmp_path):
    """Call tracking calls channels by the company's own phones."""
    own = CONTACTS + "references: {channel: {8 800 555-35-35: Яндекс}}\n"
    for mapping, channel in {CONTACTS: "***", own: "8 800 555-35-35"}.items():
        crm = crm_of(tmp_path, mapping, leads=CONTACTS_CSV)
        assert [("от друга ***",), (channel,)] == rows(crm, Lead, "channel_id")


def test_a_call_whose_id_holds_a_phone_is_known_by_its_lead_and_time(tmp_path):
    calls = (
        "events: {calls: {file: calls.csv, columns: {id: Call, lead_id: Lead, kind: {constant: call_out}, at: At}}}\n"
    )
    content = "Call,Lead,At\nc1,8,2026-03-02\ncall-79161234567-1,8,2026-03-02\n"
    crm = crm_of(tmp_path, HEADER + LEADS + calls, calls=content)
    ids = [id_ for id_, kind in rows(crm, Event, "id", "kind") if kind == "call_out"]
    assert ["calls:c1", "8:call_out:1772398800000000"] == ids


def test_phones_are_handed_out_for_another_key_of_their_hashes(tmp_path):
    mapping = HEADER + LEADS.replace("reason_id: Reason}", "phone: Reason}")
    crm = crm_of(tmp_path, mapping, phone_key=b"key", leads=CSV.replace("junk", "8 (916) 123-45-67"))
    assert {"+79161234567"} == crm.phones()
    assert set() == crm_of(tmp_path).phones()


def test_the_note_of_a_command_is_rewritten_and_all_else_stays(tmp_path):
    crm = crm_of(tmp_path)
    for marker in ("planerka-1", "planerka-2"):
        crm.apply(command(marker))
    header, (first, second) = crm.worklist.read()
    assert [1, 0] == [crm.worklist.rewrite_notes({"planerka-1": "***", "planerka-9": "x"}) for _ in range(2)]
    expected = ["***" if cell == "clause 1.2" else cell for cell in first]
    assert (header, [expected, second]) == crm.worklist.read()
