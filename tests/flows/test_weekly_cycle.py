"""The command line over a company of its own: the main job in a fresh process, then every verb that people use."""

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import pytest

from flows import wiring
from planerka.store.database import connect
from planerka.store.locks import locked
from tests import services
from tests.builders_cycle import PROJECT, environment
from tests.flows.conftest import Answer
from tests.flows.conftest import planerka as in_this_process

LEADS_N = 3_000
EDITION = PROJECT / "rulebook" / "regulation" / "2024-01-01.yaml"


Run = Callable[..., Answer]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("company")
    services.prefect_home(folder / "var" / "prefect")
    return folder


def weekly(folder: Path, *options: str) -> Answer:
    """`planerka weekly` as a person starts it: a fresh process, in a folder of its own."""
    env = environment(folder, PLANERKA_SOURCE__LEADS_N=str(LEADS_N))
    command = [str(Path(sys.executable).with_name("planerka")), "weekly", *options]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=300)
    return Answer(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def first(folder: Path) -> Answer:
    return weekly(folder)


@pytest.fixture
def planerka(folder: Path, first: Answer) -> Run:
    """Any other verb in this process, after the main job; settings of its own as keywords."""

    def run(*arguments: object, **settings: str) -> Answer:
        own = {f"PLANERKA_{name}": value for name, value in settings.items()}
        env = environment(folder, **{"PLANERKA_SOURCE__LEADS_N": str(LEADS_N)} | own)
        return in_this_process(folder, env, *arguments)

    return run


def figures(answer: Answer) -> list[dict]:
    assert (0, "") == (answer.code, answer.err)
    return json.loads(answer.out)


def test_the_main_job_says_where_the_pack_is(first):
    """Exit 0, a line a station, the pages, and not a word on the error output."""
    assert (0, "") == (first.code, first.err)
    pages = [Path(line.strip()) for line in first.out.partition("Open in a browser:\n")[2].splitlines()]
    assert ["pack.ru.html", "pack.en.html"] == [page.name for page in pages]
    assert all(page.read_text(encoding="utf-8").lower().startswith("<!doctype html>") for page in pages)
    stations = ["Pulled", "Gate", "Judged", "Disputes", "Rulings", "KPIs", "Pack", "Mail"]
    assert stations == [line.split()[0] for line in first.out.splitlines() if line.split()[0] in stations]


def test_the_mail_is_one_that_mail_programs_open(first, folder):
    """A message with a plain-text part, a page, its pictures, and the pack attached."""
    (path,) = folder.glob("out/*/mail/*.eml")
    mail = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert [] == [defect for part in mail.walk() for defect in part.defects]
    assert {"text/plain", "text/html", "image/png"} <= {part.get_content_type() for part in mail.walk()}
    assert "weekly-meeting@example.com" in mail["To"]
    assert "<!doctype html>" in next(mail.iter_attachments()).get_content().lower()


def test_run_again_it_says_that_there_is_nothing_new(first, folder):
    """In the words of each station; the pages and the mail are not written again."""
    before = written(folder)
    again = weekly(folder)
    assert (0, "") == (again.code, again.err)
    assert "Pulled    0 rows, 0 new or changed, 0 quarantined" in again.out
    assert "Judged    0 new verdicts; 0 new neglects" in again.out
    assert "Disputes  0 new;" in again.out
    assert "version 1, was there: not written again" in again.out
    assert "Mail      0 new in " in again.out
    assert before == written(folder)


def written(folder: Path) -> dict[Path, bytes]:
    """Pages of packs and mails. What the gate found is a page of the last look at the data, and may change."""
    return {path: path.read_bytes() for name in ("pack.*", "mail/*") for path in folder.glob(f"out/*/{name}")}


def test_a_second_cycle_at_once_is_told_who_works(first, folder):
    """Exit 1 and one line, not a traceback."""
    engine = connect(f"sqlite:///{folder / 'var' / 'planerka.db'}")
    with locked(engine, "cycle of sample", "the night run", datetime(2026, 11, 24, 3, tzinfo=UTC)):
        answer = weekly(folder)
    said = "planerka: cycle of sample is held by the night run since 2026-11-24 03:00 UTC: wait for that run to end\n"
    assert (1, said) == (answer.code, answer.err)


def test_a_dispute_from_the_queue_to_the_crm(planerka):
    """List, show, rule, apply: what the analyst does on Tuesday."""
    queue = figures(planerka("disputes", "list", "--json"))
    chosen = next(row for row in queue if row["origin"] == "unlawful")
    shown = figures(planerka("disputes", "show", chosen["number"]))
    assert (chosen["lead"], "unlawful") == (shown["lead_id"], shown["outcome"])
    assert [f"{found['clause']} {found['ru']}" for found in shown["findings"]] == chosen["findings"].split("; ")
    ruled = ["disputes", "rule", chosen["number"], "--decision", "return_to_work", "--author", "Соколова"]
    answer = planerka(*ruled, "--comment", "Звонили один раз")
    assert (0, f"Dispute {chosen['number']}: return_to_work by Соколова.\n") == (answer.code, answer.out)
    assert "Handed over 1 commands, 1 are confirmed.\n" == planerka("apply").out
    assert "Handed over 0 commands, 0 are confirmed.\n" == planerka("apply").out
    assert chosen["number"] not in [row["number"] for row in figures(planerka("disputes", "list", "--json"))]
    closed = next(
        r for r in figures(planerka("disputes", "list", "--all", "--json")) if r["number"] == chosen["number"]
    )
    assert ("return_to_work", "Соколова", "Звонили один раз") == (
        closed["decision"],
        closed["author"],
        closed["comment"],
    )
    refused = planerka(*ruled, "--comment", "ещё раз")
    assert (2, f"planerka: Dispute {chosen['number']} is closed: Соколова ruled return_to_work on it\n") == (
        refused.code,
        refused.err,
    )


def test_the_queue_reads_on_a_terminal(planerka):
    """A line for the lead, one for the state and the money, one for what the regulation says; the last counts them."""
    queue, lines = figures(planerka("disputes", "list", "--json")), planerka("disputes", "list").out.splitlines()
    assert 3 * len(queue) + 1 == len(lines)
    assert lines[-1].startswith(f"{len(queue)} disputes.")
    assert all(row["lead"] in line for row, line in zip(queue, lines[::3], strict=False))


@pytest.mark.parametrize("name", ["queue.xlsx", "queue.csv"])
def test_the_queue_as_a_spreadsheet(planerka, folder, name):
    """The same rows under the same heads, and two columns to fill in."""
    queue = figures(planerka("disputes", "list", "--json"))
    assert f"{len(queue)} disputes written to {name}.\n" == planerka("disputes", "export", name).out
    if name.endswith("xlsx"):
        rows = list(openpyxl.load_workbook(folder / name).worksheets[0].values)
    else:
        rows = list(csv.reader((folder / name).read_text(encoding="utf-8-sig").splitlines()))
    assert [set(queue[0]) | {"decision_new", "comment_new"}, *(str(row["number"]) for row in queue)] == [
        set(rows[0]),
        *(str(row[0]) for row in rows[1:]),
    ]


def test_bad_rows_are_listed_released_and_dropped(planerka):
    """The five of the sample; a number that does not wait is refused."""
    rows = figures(planerka("quarantine", "list", "--json"))
    assert 5 == len(rows)
    assert all(row["why"] and row["row"] for row in rows)
    assert (
        f"Released event {rows[0]['row_key']}.\n"
        == planerka("quarantine", "release", rows[0]["id"], "--author", "A").out
    )
    assert planerka("quarantine", "drop", rows[1]["id"], "--author", "A").out.startswith("Dropped contract ")
    refused = planerka("quarantine", "release", rows[1]["id"], "--author", "A")
    assert (2, True) == (refused.code, "waits in quarantine: see `planerka quarantine list`" in refused.err)
    assert planerka("quarantine", "list").out.splitlines()[-1].startswith("3 rows wait.")


def test_figures_by_channel_as_json_and_as_csv(planerka):
    """The same figures; the CSV opens in a spreadsheet, with its byte order mark."""
    asked = ["kpis", "--from", "2026-01-01", "--to", "2026-03-31", "--by", "channel"]
    rows = figures(planerka(*asked, "--json"))
    table = list(csv.DictReader(io.StringIO(planerka(*asked, "--csv").out.removeprefix("\ufeff"))))
    keys = [(row["channel_id"], row["kpi"]) for row in rows]
    assert len(keys) == len(set(keys)) == len(table)
    assert keys == [(row["channel_id"], row["kpi"]) for row in table]
    whole = {row["kpi"]: row["value"] for row in figures(planerka(*asked[:-2], "--json"))}
    assert whole["leads_n"] == sum(row["value"] for row in rows if row["kpi"] == "leads_n") > 0


def test_figures_on_a_terminal_have_a_line_each(planerka):
    """Under their titles, however narrow it is."""
    asked = ["kpis", "--from", "2026-01-01", "--to", "2026-03-31"]
    rows, lines = figures(planerka(*asked, "--json")), planerka(*asked).out.splitlines()
    assert len(rows) == len(lines)
    (leads_n,) = (row["value"] for row in rows if row["kpi"] == "leads_n")
    assert any(line.split()[-1] == str(leads_n) for line in lines)


def test_an_edition_is_checked(planerka):
    answer = planerka("regulation", "check", EDITION)
    assert (0, True) == (answer.code, answer.out.startswith("2024-01-01: 14 reasons, "))


REFUSED = [
    (["disputes", "show", 4711], "There is no dispute 4711"),
    (["disputes", "export", "queue.pdf"], "queue.pdf: end the name with .csv or .xlsx"),
    (["kpis", "--from", "2026-01-01", "--to", "2026-01-31", "--by", "weather"], "--by weather: use project, "),
    (["kpis", "--from", "2026-02-01", "--to", "2026-01-01"], "--from 2026-02-01 is after --to 2026-01-01"),
    (
        ["regulation", "coverage", "--since", "2026-02-01", "--until", "2026-01-01"],
        "--since 2026-02-01 is after --until 2026-01-01: give the first day, then the last",
    ),
    (["regulation", "coverage", "--until", "0001-01-01"], "--until 0001-01-01 lies outside the years 1970 to 2099"),
    (
        ["rejudge", "--why", "late calls", "--since", "2026-02-01", "--until", "2026-01-01"],
        "since 2026-02-01 is after until 2026-01-01: give the first day, then the last",
    ),
    (["regulation", "check", "nowhere.yaml"], "nowhere.yaml: cannot be read"),
    (["pack", "--week", "2026-99"], "'2026-99' is not an ISO week: write it as 2026-W47"),
    (["pack", "--week", "2099-W01"], "week 2099-W01 is not over until 2099-01-04"),
    (["send", "--week", "2025-W10"], "week 2025-W10 has no pack yet: run `planerka pack --week 2025-W10`"),
    (["pull", "--as-of", "yesterday"], "Invalid value for '--as-of'"),
    (["pull", "--as-of", "2099-12-31"], "--as-of 2099-12-31 00:00:00+00:00 lies in the future: give an instant up to "),
    (["send", "--as-of", "9999-12-31"], "--as-of 9999-12-31 00:00:00+00:00 lies outside the years 1970 to 2099"),
    (["judge", "--as-of", "0001-01-01"], "--as-of 0001-01-01 00:00:00+00:00 lies outside the years 1970 to 2099"),
    (["pack", "--week", "9999-W52"], "'9999-W52' lies outside the years 1970 to 2099"),
    (["kpis", "--from", "2026-01-01", "--to", "9999-12-31"], "--to 9999-12-31 lies outside the years 1970 to 2099"),
    (["kpis", "--from", "0001-01-01", "--to", "2026-01-31"], "--from 0001-01-01 lies outside the years 1970 to 2099"),
    (["weekly", "--deliver", "pigeon"], "Invalid value for '--deliver'"),
]


@pytest.mark.parametrize("arguments, said", REFUSED)
def test_wrong_use_is_refused_by_name(planerka, arguments, said):
    """One message that names the thing, and exit 2."""
    answer = planerka(*arguments)
    assert (2, True) == (answer.code, said in answer.err), answer.err


def test_wrong_settings_are_listed_at_once(planerka):
    """Every wrong name, and nothing is started."""
    answer = planerka("pull", LANGUAGE="fr", TIME_ZONE="Mars", MAX_AGE_HOURS="0")
    assert 2 == answer.code
    assert all(name in answer.err for name in ("language:", "time_zone: 'Mars' is no time zone", "max_age_hours:"))


def test_stale_data_stop_the_run(planerka, monkeypatch):
    """Exit 3; the message names the check."""
    noon = datetime.now(ZoneInfo("Europe/Moscow")).replace(hour=12)  # the sample is complete up to the midnight before
    monkeypatch.setattr(wiring, "clock", lambda: noon)
    answer = planerka("pull", MAX_AGE_HOURS="1")
    assert 3 == answer.code
    assert "the gate stopped the run:\n  Pull: the data are fresh: 1 of 1 failed" in answer.err


def test_another_company_in_the_same_folder_is_refused(planerka):
    """Exit 4: the source refuses, and names what it keeps."""
    answer = planerka("pull", SOURCE__LEADS_N="5000")
    assert (4, True) == (answer.code, "keeps a sample company with leads_n 3000, not 5000" in answer.err)


def test_the_sample_and_a_real_company_do_not_share_a_store(planerka):
    """The invented heads of the sample would have signed for the real company."""
    mapping = PROJECT / "mappings" / "olist.yaml"
    answer = planerka("disputes", "list", SOURCE__KIND="table", SOURCE__MAPPING=str(mapping))
    assert (2, True) == (answer.code, "one of them is the made-up sample company" in answer.err)


def test_a_sample_whose_journal_is_gone_is_not_begun_anew_in_its_store(planerka, folder):
    """A second company would mix with the first."""
    journal = folder / "var" / "sample-journal.json"
    aside = journal.rename(folder / "aside.json")
    answer, is_begun = planerka("pull"), journal.exists()
    aside.rename(journal)
    assert (2, False) == (answer.code, is_begun)
    assert f"its journal {journal} is gone: put it back" in answer.err


@pytest.mark.parametrize(
    "spoil, said",
    [
        (lambda store: store.write_bytes(b"Dear colleagues, " * 500), "file is not a database): name another file by"),
        (lambda store: store.mkdir(), "unable to open database file): check the path in `store` or `data`"),
    ],
    ids=["a letter", "a folder"],
)
def test_a_store_that_fails_is_one_line_with_the_remedy(planerka, tmp_path, spoil, said):
    """Exit 1, and no traceback."""
    store = tmp_path / "store.db"
    spoil(store)
    answer = planerka("pull", STORE=f"sqlite:///{store}")
    assert (1, True, 1) == (answer.code, said in answer.err, answer.err.count("\n")), answer.err


def test_a_week_before_the_data_has_no_pack(planerka):
    answer = planerka("pack", "--week", "1990-W01")
    assert (2, True) == (answer.code, "lies before the data, which begin on" in answer.err)
