"""`planerka desk` from the shell: it serves, says where, tells no link to a log, and ends when it is told to."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from flows.desk import SAMPLE_PEOPLE
from planerka.settings import PROJECT
from tests.builders_desk import LINK, form_token
from tests.builders_mail import free_port

COMMAND = [sys.executable, "-c", "from flows.cli import main; main()", "desk"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The sample company in a folder of its own, its desk on a free port."""
    return {**os.environ, "PLANERKA_DESK__PORT": str(free_port()), "PYTHONPATH": str(PROJECT)}


def planerka_desk(folder: Path, environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


@contextmanager
def serving(folder: Path, environment: dict[str, str]) -> Iterator[tuple["subprocess.Popen[str]", list[str]]]:
    """The process, and what it says until it takes connections."""
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen(COMMAND, cwd=folder, env=environment, text=True, **streams) as process:
        said: list[str] = []
        assert process.stdout
        for line in process.stdout:
            said.append(line)
            if line.startswith("The desk is at"):
                break
        try:
            yield process, said
        finally:
            process.kill()


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_the_sample_companys_people_enter_by_what_is_printed(
    tmp_path: Path, environment: dict[str, str], stop: signal.Signals
) -> None:
    """And of what they do then nothing is printed: their links and sessions would stand there."""
    with serving(tmp_path, environment) as (process, said):
        links = LINK.findall("".join(said))
        with httpx.Client() as browser:
            page = browser.get(links[-1])
            answers = [
                page,
                browser.post(links[-1], data={"form_token": form_token(page.text)}),
                browser.get(links[-1]),
            ]
            answers.append(browser.get(f"http://127.0.0.1:{environment['PLANERKA_DESK__PORT']}/audit"))
        process.send_signal(stop)
        rest, _ = process.communicate(timeout=30)
    assert (6, 6, [200, 303, 410, 200], "", 0) == (
        len(links),
        sum(f"{person.email}: http" in "".join(said) for person in SAMPLE_PEOPLE),
        [answer.status_code for answer in answers],
        rest,
        process.returncode,
    )
    assert "ссылка выдана из командной строки" in answers[-1].text


def test_a_link_is_printed_for_whom_no_mail_reaches(tmp_path: Path, environment: dict[str, str]) -> None:
    known = planerka_desk(tmp_path, environment, "--link", "Irina.Sokolova@example.com")
    assert (0, True) == (known.returncode, bool(LINK.fullmatch(known.stdout.strip())))


def test_a_link_for_nobody_names_the_sample_companys_people(tmp_path: Path, environment: dict[str, str]) -> None:
    """Its settings name none, and are not to be written for a look around."""
    ended = planerka_desk(tmp_path, environment, "--link", "nobody@example.com")
    assert (2, [], False) == (
        ended.returncode,
        [person.email for person in SAMPLE_PEOPLE if person.email not in ended.stderr],
        "desk.people" in ended.stderr,
    )


def test_a_link_for_nobody_of_a_company_says_where_people_are_written(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "planerka.toml").write_text(
        '[desk]\npeople = [{email = "anna@company.example", name = "Анна", roles = ["analyst"]}]\n', "utf-8"
    )
    ended = planerka_desk(tmp_path, environment, "--link", "nobody@example.com")
    assert (2, True) == (ended.returncode, "nobody of desk.people: add the address there" in ended.stderr)


def test_a_company_says_who_may_enter(tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "planerka.toml").write_text('[source]\nkind = "table"\nmapping = "mapping.yaml"\n', "utf-8")
    (tmp_path / "mapping.yaml").write_bytes((PROJECT / "starter" / "mapping.yaml").read_bytes())
    ended = planerka_desk(tmp_path, environment)
    assert (2, True) == (ended.returncode, "desk.people is empty, and nobody may enter" in ended.stderr)


def test_a_port_that_is_taken_is_named(tmp_path: Path, environment: dict[str, str]) -> None:
    """And no link is given out to a desk that is not there."""
    with serving(tmp_path, environment):
        second = planerka_desk(tmp_path, environment)
    assert (2, "") == (second.returncode, second.stdout)
    assert re.search(r"cannot listen on 127\.0\.0\.1 port \d+ \(Address already in use\): stop what", second.stderr)
