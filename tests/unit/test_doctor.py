"""What the doctor says of each illness: the thing, the value, and the command or key that mends it."""

import ast
import json
import os
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult
from typer.testing import CliRunner

from flows.cli import app
from flows.doctor.examine import Examination
from flows.doctor.finding import Finding, Level, looked_at
from flows.doctor.machine import difference, disk, folders, rulebook, secrets, time_zones
from flows.doctor.mail import mailbox, smtp
from flows.doctor.prefect_server import (
    Deployed,
    ServerState,
    deployments,
    folder_of,
    next_runs,
    prefect_version,
    schedules,
    work_pools,
    workers,
)
from flows.doctor.source import source
from flows.doctor.store import database
from flows.wiring import clock
from planerka.settings import PROJECT, Settings, load_settings
from tests.builders_mail import ScriptedPost, free_port, mail_server

AT = datetime(2026, 11, 23, 5, tzinfo=UTC)
WANTED = [
    {
        "name": "weekly_pack",
        "work_pool": {"name": "local"},
        "schedules": [{"cron": "0 8 * * 1", "timezone": "Europe/Moscow"}],
    },
    {"name": "weekly_cycle", "work_pool": {"name": "local"}},
]
WELL = ServerState(
    version="3.8.8",
    own_version="3.8.8",
    at=AT,
    zone="Europe/Moscow",
    folder=Path("/srv/planerka"),
    wanted=WANTED,
    pools={"local": False},
    seen_at={"local": AT - timedelta(seconds=40)},
    deployed={
        "weekly_pack": Deployed(False, AT + timedelta(days=7), "/srv/planerka"),
        "weekly_cycle": Deployed(False, None),
    },
)
SERVER_CHECKS = (prefect_version, work_pools, workers, deployments, schedules, next_runs)


@pytest.fixture(autouse=True)
def company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without settings, and no Prefect server."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "prefect"))
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    return tmp_path


def told(*found: Finding) -> dict[str, str]:
    """What is not well, by check."""
    return {one.check: one.message for one in found if one.level != Level.OK}


def of(*checks: Any, **settings: Any) -> dict[str, str]:
    return told(*looked_at(load_settings(**settings), *checks))


def doctor(*options: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["doctor", *options])
    return result.exit_code, result.output


def test_a_new_folder_is_well_but_for_the_server_and_nothing_is_written_into_it(company):
    """A database made by whoever asked, root perhaps, could not be written to by the worker."""
    exit_code, said = doctor()
    assert (0, True) == (exit_code, said.endswith("\nFound wrong: 0, warnings: 1\n"))
    assert "warning  prefect          no server is named" in said
    assert [] == [path.name for path in company.iterdir() if path.name != "prefect"]


def test_every_wrong_setting_is_a_line_and_the_exit_code_says_that_something_is_wrong(company):
    (company / "planerka.toml").write_text('langage = "ru"\n[source]\nkind = "tabel"\n', "utf-8")
    exit_code, said = doctor("--json")
    expected = [
        ("settings", "wrong", "source.kind: Input should be 'sample', 'table', 'amocrm' or 'odoo'"),
        ("settings", "wrong", "langage: there is no such setting: the nearest is 'language'"),
    ]
    assert 2 == exit_code
    assert sorted(expected) == sorted((one["check"], one["level"], one["message"]) for one in json.loads(said))


def test_no_secret_is_printed(monkeypatch):
    """Neither by a check that fails nor by one that does not."""
    secrets = {
        "STORE": f"postgresql://planerka:hush-hush@127.0.0.1:{free_port()}/planerka",
        "PHONE_KEY": "hush-hush",
        "DELIVERY__SMTP__HOST": "127.0.0.1",
        "DELIVERY__SMTP__PORT": str(free_port()),
        "DELIVERY__SMTP__USER": "planerka",
        "DELIVERY__SMTP__PASSWORD": "hush-hush",
    }
    for name, value in secrets.items():
        monkeypatch.setenv(f"PLANERKA_{name}", value)
    exit_code, said = doctor()
    assert (2, False) == (exit_code, "hush-hush" in said)
    assert ["database", "smtp_login"] == [line.split()[1] for line in said.splitlines() if line.startswith("wrong")]


def test_a_check_that_fails_is_a_line_and_quotes_nothing():
    """What nobody foresaw may hold a password."""

    def check(_: Settings) -> Iterator[tuple[Level, str]]:
        yield Level.OK, "so far"
        raise ValueError("hush-hush")

    assert [
        Finding("check", Level.OK, "so far"),
        Finding("check", Level.WRONG, "this check itself failed (ValueError): report it"),
    ] == list(looked_at(load_settings(), check))


def test_what_hangs_is_said_to_hang():
    """And what was found before it is kept."""
    begun, ended = threading.Event(), threading.Event()

    def part(_: Settings) -> Iterator[Finding]:
        yield Finding("first", Level.OK, "")
        begun.set()
        ended.wait()

    examination = Examination(part, load_settings())
    begun.wait()
    assert [("first", "ok"), ("part", "wrong")] == [(f.check, f.level) for f in examination.findings(time.monotonic())]
    ended.set()


@pytest.mark.parametrize(
    "apart, level", [(timedelta(seconds=-3), "ok"), (timedelta(seconds=20), "warning"), (timedelta(hours=-1), "wrong")]
)
def test_clocks_are_compared(apart, level):
    assert level == difference("its clock", clock() + apart)[0]


@pytest.mark.parametrize("key, path", [("data", "file"), ("data", "file/var"), ("out", "file")])
def test_a_file_where_a_folder_should_be_is_named(key, path, company):
    """Rights to it would not help."""
    (company / "file").write_text("")
    said = f"{key}: {company / 'file'} is a file, where a folder is needed: move it away, or correct `{key}`"
    assert {"folders": said} == of(folders, **{key: Path(path)})


def test_a_folder_that_may_not_be_written_to_is_named_with_the_command_that_opens_it(company):
    """Asked of the kernel's own folder, into which not even root writes."""
    said = of(folders, data=Path("/proc/sys/kernel"))["folders"]
    assert f"data: /proc/sys/kernel may not be written to: `chown {os.getuid()} /proc/sys/kernel`" in said


@pytest.mark.parametrize(
    "store, words",
    [
        ("postgresql://planerka@db:port/planerka", "The store's url is neither sqlite:///file nor postgresql://user@"),
        ("mysql://db/planerka", "The store's url is neither sqlite:///file nor postgresql://user@host/name"),
        (f"sqlite:///{'a' * 300}/planerka.db", "The folder of the store cannot be made: [Errno 36] File name too long"),
    ],
    ids=["no port", "another database", "no path"],
)
def test_a_store_that_cannot_be_is_refused_in_words(store, words):
    (found,) = Examination(database, load_settings(store=store)).findings(time.monotonic() + 30)
    assert ("database", Level.WRONG, True) == (found.check, found.level, words in found.message)


def test_secrets_that_others_may_read_are_named(company):
    """The file is made by hand, and by hand it is open to everybody on the machine."""
    assert {} == of(secrets)
    file = company / ".env"
    file.touch(0o644)
    assert f"may be read by others (644): `chmod 600 {file}`" in of(secrets)["secrets"]
    file.chmod(0o600)
    assert {} == of(secrets)


def test_disk_and_time_zones_are_looked_at():
    """On this machine there is room, and the rules of time are known."""
    assert {Level.OK} == {f.level for f in looked_at(load_settings(), disk, time_zones) if f.check != "disk"}


def test_a_rulebook_without_an_edition_is_refused(company):
    (company / "rules").mkdir()
    kpis = load_settings().rulebook / "kpis.yaml"
    (company / "rules" / "kpis.yaml").write_bytes(kpis.read_bytes())
    assert "holds no edition (*.yaml): correct `rulebook`" in of(rulebook, rulebook=Path("rules"))["rulebook"]


MAPPING = """
source: our-crm
currency: RUB
time_zone: Europe/Moscow
leads:
  file: leads.csv
  columns: {id: ID, created_at: Created}
events:
  calls:
    file: calls.csv
    columns: {id: Call, lead_id: ID, at: At, kind: {constant: call_out}}
"""


@pytest.mark.parametrize(
    "leads, calls, words",
    [
        ("ID,Created\n1,2026-11-02\n", "Call,ID,At\n", None),
        ("ID,Created\n1,2026-11-02\n", "Call,ID,When\n", "calls.csv lacks columns that the mapping reads"),
        ("ID,Date\n1,2026-11-02\n", "Call,ID,At\n", "'Created' is not there"),
        ("ID,Created\n1,2026-11-02\n", None, "calls.csv cannot be read"),
        (
            "ID,Created\n" + "".join(f"{n},02/11\n" for n in range(10)),
            "Call,ID,At\n",
            "'Created' can be read as a date",
        ),
    ],
)
def test_an_export_is_held_against_its_mapping(leads, calls, words, company):
    for name, text in {"mapping.yaml": MAPPING, "leads.csv": leads, "calls.csv": calls}.items():
        if text is not None:
            (company / name).write_text(text, "utf-8")
    settings = load_settings(source={"kind": "table", "mapping": "mapping.yaml"})
    (found,) = Examination(source, settings).findings(time.monotonic() + 30)
    level, said = (Level.OK, "every cell can be read") if words is None else (Level.WRONG, words)
    assert (level, True) == (found.level, said in found.message)


def smtp_settings(port: int, **changed: Any) -> dict[str, Any]:
    server = {"host": "127.0.0.1", "port": port, "security": "none", "user": "planerka", "password": "pass"}
    return {"how": "smtp", "sender": "p@lab.test", "recipients": ("a@lab.test",), "smtp": server | changed}


@pytest.mark.parametrize(
    "changed, check, words",
    [
        ({}, None, ""),
        ({"smtp": {"password": "hush"}}, "smtp_login", "correct `user` and `password` in [delivery.smtp]"),
        ({"recipients": ("a@example.com",)}, "addresses", "a@example.com is an example: correct `sender` and"),
        ({"test_to": "t@lab.test"}, "addresses", "every mail goes to t@lab.test; remove `test_to` under [delivery]"),
    ],
)
def test_the_mail_server_is_asked_to_let_us_in_and_is_sent_nothing(changed, check, words):
    def is_right(_server: Any, _session: Any, _envelope: Any, _mechanism: str, login: Any) -> AuthResult:
        return AuthResult(success=login.password == b"pass", handled=False)

    post = ScriptedPost()
    with mail_server(post, authenticator=is_right, auth_require_tls=False) as port:
        delivery = smtp_settings(port, **changed.pop("smtp", {})) | changed
        found = told(*smtp(load_settings(delivery=delivery)))
    assert [] == post.mails
    assert ({check} if check else set()) == set(found)
    assert words in found.get(check, "")


def test_servers_that_are_not_there_are_named_with_the_keys_to_correct():
    box = {"host": "127.0.0.1", "port": free_port(), "security": "none", "user": "p", "password": "x"}
    settings = load_settings(delivery=smtp_settings(free_port()) | {"mailbox": box})
    assert "correct `host`, `port` and `security` under [delivery.smtp]" in told(*smtp(settings))["smtp_login"]
    (found,) = Examination(mailbox, settings).findings(time.monotonic() + 30)
    assert ("mailbox", "wrong", True) == (found.check, found.level, "correct [delivery.mailbox]" in found.message)


def test_a_server_that_is_well_has_nothing_to_mend():
    assert {} == told(*looked_at(WELL, *SERVER_CHECKS))


@pytest.mark.parametrize(
    "illness, check, words",
    [
        ({"version": "3.7.0"}, "prefect_version", "the server is 3.7.0, this installation 3.8.8"),
        ({"zone": "Asia/Omsk"}, "schedules", "prefect.yaml has Europe/Moscow, `time_zone` is Asia/Omsk: correct one"),
        ({"pools": {}}, "work_pools", "local is not there: `prefect work-pool create local --type process`"),
        ({"pools": {"local": True}}, "work_pools", "local is paused: `prefect work-pool resume local`"),
        ({"seen_at": {}}, "workers", "none of pool local was seen yet: `systemctl start planerka-worker`"),
        ({"seen_at": {"local": AT - timedelta(hours=1)}}, "workers", "was seen since 2026-11-23 04:00 UTC"),
        ({"deployed": {}}, "deployments", "not registered: weekly_pack, weekly_cycle; `prefect --no-prompt deploy"),
        (
            {"deployed": WELL.deployed | {"old": Deployed(False, None)}},
            "deployments",
            "left over from another version: old",
        ),
        (
            {"folder": Path("/srv/other")},
            "deployments",
            "weekly_pack run in /srv/planerka, with its settings, and this is /srv/other: `prefect --no-prompt deploy",
        ),
        ({"deployed": WELL.deployed | {"weekly_pack": Deployed(True, None)}}, "next_runs", "paused: weekly_pack"),
        (
            {"deployed": WELL.deployed | {"weekly_pack": Deployed(False, None)}},
            "next_runs",
            "no run is ahead of weekly_pack",
        ),
    ],
)
def test_each_illness_of_a_server_has_its_remedy(illness, check, words):
    found = told(*looked_at(replace(WELL, **illness), *SERVER_CHECKS))
    assert {check} == set(found)
    assert words in found[check]


SET_FOLDER = "prefect.deployments.steps.set_working_directory"
CLONE = {"prefect.deployments.steps.git_clone": {"id": "clone", "repository": "https://git.example/rules"}}


@pytest.mark.parametrize(
    "pull_steps, folder",
    [
        ([], None),
        ([{SET_FOLDER: {"directory": "/srv/planerka"}}], "/srv/planerka"),
        ([{SET_FOLDER: {"directory": "/srv"}}, {SET_FOLDER: {"directory": "/srv/planerka"}}], "/srv/planerka"),
        ([CLONE], None),
        ([CLONE, {SET_FOLDER: {"directory": "{{ clone.directory }}"}}], None),
    ],
)
def test_the_folder_of_a_deployment_is_that_of_its_last_step(pull_steps, folder):
    """And unknown where it shows only at the run."""
    assert folder == folder_of(pull_steps)


def checks_in(path: Path) -> Iterator[str]:
    """The names under which a module reports: those of the checks it has looked at, and those it writes itself."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "looked_at":
            yield from map(ast.unparse, node.args[1:])
        elif (
            isinstance(node, ast.Call)
            and ast.unparse(node.func) == "Finding"
            and isinstance(node.args[0], ast.Constant)
        ):
            yield str(node.args[0].value)


def test_the_page_explains_every_check_and_no_other():
    """The names in `--json` are stable: a company's monitoring knows them."""
    page = (PROJECT / "docs" / "install.md").read_text("utf-8")
    table = page.partition("## What the doctor looks at")[2].partition("\n## ")[0]
    explained = {n for cell in re.findall(r"^\| (`.*?`) \|", table, re.MULTILINE) for n in re.findall(r"\w+", cell)}
    assert explained == {name for path in (PROJECT / "flows" / "doctor").glob("*.py") for name in checks_in(path)}
