"""Values of an export that a spreadsheet, a form or a person has spoilt: each is told with its place, or the file is
refused; none is half read."""

import pytest

from planerka.crm import chunks
from planerka.crm.table import TableCrm
from planerka.errors import CrmError, MappingError
from planerka.model import Event, Lead, Plan, Reference, Spend
from tests.unit.test_table import CALLS, CSV, HEADER, LEADS, PHONES, PLAN, SPEND, crm_of, read, rows

HEAD = CSV.splitlines()[0]
DAYS = LEADS.replace("rejected: Lost", "rejected: Lost\n  formats: ['%d/%m/%Y', '%m/%d/%Y']")


def leads_csv(*created: str) -> str:
    return "\n".join([HEAD, *(f"{n},{day},new,,," for n, day in enumerate(created, start=1)), ""])


def places(crm: TableCrm, noun: type) -> list[tuple[str, int]]:
    origins = [batch.origin for batch in read(crm) if batch.noun is noun and batch.origin]
    return [(origin.file, int(row_n)) for origin in origins for row_n in origin.row_ns]


def test_every_row_knows_where_it_stands_in_its_file(tmp_path, monkeypatch):
    """As a spreadsheet numbers it, whatever the chunks and the rows that were left out."""
    monkeypatch.setattr(chunks, "CHUNK_ROWS_N", 2)
    crm = crm_of(tmp_path, SPEND, spend="Day,Channel,Sum\n2026-03-01,a,1\n2026-03-01,b,1\n2026-03-01,a,1\n")
    assert [("leads.csv", 2), ("leads.csv", 3), ("leads.csv", 4)] == places(crm, Lead)
    assert ["007:rejected"] == [id_ for (id_,) in rows(crm, Event, "id") if id_.endswith("rejected")]
    assert [2, 3, 2, 4] == [row_n for _, row_n in places(crm, Event)]
    assert [("spend.csv", 2), ("spend.csv", 3)] == places(crm, Spend)


def test_a_field_knows_the_column_that_it_was_read_from(tmp_path):
    batches = {batch.noun: batch.origin.columns for batch in read(crm_of(tmp_path)) if batch.origin}
    assert {"id": "ID", "created_at": "Created", "stage_id": "Stage", "reason_id": "Reason"} == batches[Lead]
    assert {"lead_id": "ID", "at": "Lost", "reason_id": "Reason"} == batches[Event]


TWO_READINGS = [
    (
        ("01/02/2026", "02/03/2026"),
        "'01/02/2026' in row 2 is one day by %d/%m/%Y and another by %m/%d/%Y; no row up to 3 proves",
    ),
    (("01/02/2026", "25/02/2026", "26/02/2026"), "rows 3, 4 can only be %d/%m/%Y: keep that one alone in `formats`"),
    (("01/02/2026", "02/25/2026"), "rows 3 can only be %m/%d/%Y: keep that one alone"),
    (("25/02/2026", "01/02/2026", "02/25/2026"), "rows 2 can only be %d/%m/%Y, rows 4 only %m/%d/%Y: export the file"),
]


@pytest.mark.parametrize("created, words", TWO_READINGS)
def test_a_date_that_two_formats_read_as_two_days_is_refused_with_the_rows_that_prove_one(created, words, tmp_path):
    with pytest.raises(MappingError) as refused:
        read(crm_of(tmp_path, HEADER + DAYS, leads=leads_csv(*created)))
    assert ("leads.csv: 'Created': ", True) == (str(refused.value)[:22], words in str(refused.value))


def test_no_more_is_said_of_two_formats_than_the_rows_that_were_looked_at(tmp_path, monkeypatch):
    monkeypatch.setattr(chunks, "CHUNK_ROWS_N", 2)
    with pytest.raises(MappingError, match="no row up to 3 proves which is right"):
        read(crm_of(tmp_path, HEADER + DAYS, leads=leads_csv("01/02/2026", "02/03/2026", "25/02/2026")))


@pytest.mark.parametrize("created", [("25/02/2026", "02/25/2026"), ("03/03/2026", "25/02/2026")])
def test_two_formats_do_no_harm_where_every_date_is_one_day(created, tmp_path):
    assert len(created) == len(rows(crm_of(tmp_path, HEADER + DAYS, leads=leads_csv(*created)), Lead, "id"))


def test_a_year_of_two_digits_may_stand_on_either_side(tmp_path):
    mapping = HEADER + DAYS.replace("'%d/%m/%Y', '%m/%d/%Y'", "'%d.%m.%y', '%y.%m.%d'")
    with pytest.raises(MappingError, match=r"rows 3 can only be %d\.%m\.%y: keep that one alone"):
        read(crm_of(tmp_path, mapping, leads=leads_csv("11.02.26", "30.03.45")))


@pytest.mark.parametrize("id_", ["5.8E+18", "5,81234E+18", "6E+12"])
def test_a_file_whose_ids_excel_has_shortened_is_refused(id_, tmp_path):
    """Two of them may have become one, and nobody can tell which."""
    with pytest.raises(CrmError, match=r"leads\.csv: 'ID' in row 3 is '\d…E\+1\d': Excel has shortened"):
        read(crm_of(tmp_path, leads=CSV.replace("8,2026", f'"{id_}",2026')))


def test_a_file_whose_phones_excel_has_shortened_is_refused(tmp_path):
    with pytest.raises(CrmError, match=r"leads\.csv: 'Reason' in row 2 is '7…E\+10': Excel has shortened"):
        read(crm_of(tmp_path, PHONES, phone_key=b"key", leads=CSV.replace("junk", "7.91235E+10")))


def test_an_id_of_19_digits_keeps_every_one_of_them(tmp_path):
    crm = crm_of(tmp_path, leads=CSV.replace("007", "1234567890123456789"))
    assert "1234567890123456789" in [id_ for (id_,) in rows(crm, Lead, "id")]


def told(crm: TableCrm) -> list[tuple[str, str, str]]:
    """Noun, field and value of everything that could not be read."""
    return [(batch.noun.__name__, fault.field, fault.value) for batch in read(crm) for fault in batch.faults]


@pytest.mark.parametrize(
    "old, new, expected",
    [
        ("new,junk", "new,#REF!", [("Lead", "reason_id", "#REF!")]),
        ("8,2026", "#N/A,2026", [("Lead", "id", "#N/A"), ("Event", "lead_id", "#N/A")]),
        ("8,2026", "8 001,2026", [("Lead", "id", "8 001"), ("Event", "lead_id", "8 001")]),
        ("8,2026-03-01 09:30:00", "8,Select", [("Lead", "created_at", "Select")]),
        ("2026-03-02 10:00:00", "<не заполнено>", [("Event", "at", "<не заполнено>")]),
    ],
)
def test_what_stands_for_nothing_is_unknown_and_told(old, new, expected, tmp_path):
    assert expected == told(crm_of(tmp_path, leads=CSV.replace(old, new)))


def test_a_formula_that_failed_has_sold_nothing(tmp_path):
    """It stands in the column by which a lead is won."""
    crm = crm_of(tmp_path, leads=CSV.replace("2026-03-05", "#VALUE!"))
    assert ("9", "rejected") in rows(crm, Lead, "id", "status")


@pytest.mark.parametrize("text, remedy", [("-", r"write `blank: \['-'\]`"), ("#REF!", r"`blank: \['#REF!'\]`")])
def test_a_column_in_which_nothing_stands_for_a_date_is_told_with_what_to_do(text, remedy, tmp_path):
    with pytest.raises(MappingError, match=remedy):
        read(crm_of(tmp_path, leads=leads_csv(*[text] * 10)))


def test_a_dot_that_nobody_explained_is_told_and_one_that_was_is_read(tmp_path):
    content = "Day,Channel,Sum\n2026-03-01,site,1.234\n"
    silent, said = SPEND, SPEND.replace("file: spend.csv", "file: spend.csv\n  decimal_mark: '.'")
    assert [("Spend", "amount_minor", "1.234")] == told(crm_of(tmp_path, silent, spend=content))
    assert [(123,)] == rows(crm_of(tmp_path, said, spend=content), Spend, "amount_minor")


def test_talk_time_may_be_written_as_a_clock_shows_it(tmp_path):
    crm = crm_of(tmp_path, CALLS, calls="Lead,At,Way,Talk,Who\n8,2026-03-02,out,0:01:05,x\n")
    assert [65] == [s for kind, s in rows(crm, Event, "kind", "duration_s") if kind == "call_out"]


def test_signs_that_nobody_sees_are_dropped_from_ids_names_and_headers(tmp_path):
    """Zero width, directions of writing, control characters: they come with what is copied."""
    hidden = (
        CSV.replace("Stage", "St\u200bage").replace("8,2026", "\u202a8\u202c,2026").replace("junk", "ju\u00adnk\u200e")
    )
    mapping = (HEADER + LEADS).replace("created_at: Created", "created_at: Crea\u200bted")
    crm = crm_of(tmp_path, mapping, leads=hidden)
    assert [("007", "junk"), ("8", "junk"), ("9", None)] == rows(crm, Lead, "id", "reason_id")


@pytest.mark.parametrize("chunk_rows_n", [1, 10])
def test_two_names_that_look_the_same_are_handed_out_together(chunk_rows_n, tmp_path, monkeypatch):
    """However far apart they stand, so that the intake can tell: В1 begins with a Cyrillic letter."""
    monkeypatch.setattr(chunks, "CHUNK_ROWS_N", chunk_rows_n)
    crm = crm_of(
        tmp_path, leads=leads_csv("2026-03-01", "2026-03-01").replace("new,", "new,B1", 1).replace("new,,", "new,В1,")
    )
    batches = [list(batch.rows["id"]) for batch in read(crm) if batch.noun is Reference]
    assert [["B1", "В1"]] == [[id_ for id_ in ids if id_ != "new"] for ids in batches if "В1" in ids]


def test_events_of_one_instant_are_all_kept(tmp_path):
    mapping = CALLS.replace("{lead_id: Lead", "{id: Call, lead_id: Lead")
    content = "Call,Lead,At,Way,Talk,Who\n1,8,2026-03-02,out,5,x\n2,8,2026-03-02,out,5,x\n"
    ids = [
        id_ for id_, kind in rows(crm_of(tmp_path, mapping, calls=content), Event, "id", "kind") if kind == "call_out"
    ]
    assert ["calls:1", "calls:2"] == ids


def test_a_mapping_without_a_time_zone_is_refused(tmp_path):
    with pytest.raises(MappingError, match="time_zone: this key is missing"):
        crm_of(tmp_path, (HEADER + LEADS).replace("time_zone: Europe/Moscow\n", ""))


REPEATED = [
    ([], ["1", "2", "3"], [["1"], ["2"], ["3"]]),
    (["1,2026-03-05,new,,,"], ["2", "3", "1", "1"], [["2"], ["3"], ["1", "1"]]),
    ([" 1 ,2026-03-05,new,,,", "2,2026-03-05,new,,,"], ["3", "1", "2", "1", "2"], [["3"], ["1", "2", "1", "2"]]),
]


@pytest.mark.parametrize("more, ids, chunks_of_ids", REPEATED)
def test_rows_of_one_id_come_side_by_side_however_far_apart_they_stand(more, ids, chunks_of_ids, tmp_path, monkeypatch):
    """Only so can the intake tell the same row twice from two different ones."""
    monkeypatch.setattr(chunks, "CHUNK_ROWS_N", 1)
    crm = crm_of(
        tmp_path, leads=leads_csv("2026-03-01", "2026-03-02", "2026-03-03") + "".join(f"{row}\n" for row in more)
    )
    batches = [list(batch.rows["id"]) for batch in read(crm) if batch.noun is Lead and len(batch.rows)]
    assert (ids, chunks_of_ids) == ([id_ for batch in batches for id_ in batch], batches)


def test_the_rows_of_one_id_keep_their_place(tmp_path, monkeypatch):
    monkeypatch.setattr(chunks, "CHUNK_ROWS_N", 1)
    crm = crm_of(tmp_path, leads=leads_csv("2026-03-01", "2026-03-02") + "1,2026-03-05,new,,,\n")
    assert [("leads.csv", 3), ("leads.csv", 2), ("leads.csv", 4)] == places(crm, Lead)


def test_calls_of_one_id_come_side_by_side_too(tmp_path, monkeypatch):
    monkeypatch.setattr(chunks, "CHUNK_ROWS_N", 1)
    mapping = CALLS.replace("{lead_id: Lead", "{id: Call, lead_id: Lead")
    calls = "".join(f"{call},8,2026-03-02 10:00:00,out,{talk_s},anna\n" for call, talk_s in ("a1", "b2", "a3"))
    crm = crm_of(tmp_path, mapping, calls=f"Call,Lead,At,Way,Talk,Who\n{calls}")
    batches = [list(batch.rows["id"]) for batch in read(crm) if batch.origin and batch.origin.file == "calls.csv"]
    assert [["calls:b"], ["calls:a", "calls:a"]] == [batch for batch in batches if batch]


def test_a_plan_of_a_project_that_cannot_be_read_is_not_the_companys(tmp_path):
    """A blank cell is; a formula that failed stands for some project that nobody knows."""
    mapping = PLAN.replace("period:", "project_id: Project, period:")
    crm = crm_of(tmp_path, mapping, plan="Y,Q,Project,Leads,Money\n2026,1,#REF!,5,\n2026,2,,7,\n")
    assert [(None, 5), ("", 7)] == rows(crm, Plan, "project_id", "value")
    assert ("Plan", "project_id", "#REF!") in told(crm)


def test_a_phone_in_the_place_of_a_manager_is_masked_and_an_email_is_not(tmp_path):
    """A phone is a client's; by an e-mail many a CRM knows a colleague."""
    mapping = HEADER + LEADS.replace("columns: {", "columns: {manager_id: Reason, ")
    leads = CSV.replace("lost,junk", "lost,+7 912 345-67-89").replace("junk", "anna@example.com")
    crm = crm_of(tmp_path, mapping, leads=leads)
    assert [("***",), ("anna@example.com",), (None,)] == rows(crm, Lead, "manager_id")


def test_a_phone_in_a_reason_is_masked_though_the_mapping_names_it(tmp_path):
    """Only a channel may be called by a phone: it is the company's own."""
    reason = "dear +7 912 345-67-89"
    mapping = HEADER + LEADS + f'references: {{reason: {{"{reason}": {{code: too_expensive}}}}}}\n'
    crm = crm_of(tmp_path, mapping, leads=CSV.replace("lost,junk", f"lost,{reason}"))
    assert "dear ***" in [reason_id for (reason_id,) in rows(crm, Lead, "reason_id")]
