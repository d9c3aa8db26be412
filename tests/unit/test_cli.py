"""What the command line says of itself is true: every verb is explained, and the README names them all."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from flows.cli import app, print_gate
from flows.cli_setup import say_if_made_up
from planerka.errors import PlanerkaError
from planerka.intake.frame_tests import FRESH, MET, USUAL_DAYS
from planerka.intake.spec import Tally
from planerka.model import GateReport
from planerka.settings import load_settings

PROJECT = Path(__file__).parents[2]
README = (PROJECT / "README.md").read_text(encoding="utf-8")


def verbs(group, *names: str) -> Iterator[tuple[str, object]]:
    """Every verb by its full name, as `disputes list`."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from verbs(command, *names, name)
        else:
            yield " ".join((*names, name)), command


VERBS = dict(verbs(get_command(app)))


def named_in_readme() -> set[str]:
    """The verbs of the table of commands: `planerka a`, `b` in one cell, and `planerka group c|d`."""
    cells = [row.partition(" | ")[0] for row in README.splitlines() if row.startswith("| `planerka ")]
    quoted = [said for cell in cells for said in re.findall(r"`([^`]*)`", cell)]
    plain = [re.sub(r"\s*\[.*", "", said.removeprefix("planerka ")).replace("\\|", "|") for said in quoted]
    return {
        " ".join((*words[:-1], name)) for said in plain for words in [said.split()] for name in words[-1].split("|")
    }


def test_the_readme_names_every_verb_and_no_other():
    assert set(VERBS) == named_in_readme()


@pytest.mark.parametrize("name", VERBS)
def test_a_verb_says_in_one_sentence_what_it_does_and_explains_what_it_asks(name):
    """Nobody should have to read the code to learn what an option means."""
    command = VERBS[name]
    assert re.fullmatch(r"[A-Z].*\.", command.help)
    asked = [parameter for parameter in command.params if parameter.name != "help"]
    assert [] == [parameter.name for parameter in asked if not parameter.help]


AUTHORS = {
    "rule": "Who decides.",
    "answer": "Who answers.",
    "raise": "Who doubts what was decided.",
    "appeal": "Who doubts what was decided.",
    "decide": "Who decides.",
}


@pytest.mark.parametrize("verb", AUTHORS)
def test_who_acts_on_a_dispute_is_named_by_what_they_do(verb):
    (author,) = (asked for asked in VERBS[f"disputes {verb}"].params if asked.name == "author")
    assert AUTHORS[verb] == author.help


def test_an_appeal_is_offered_no_decision_that_it_refuses():
    asked = ["disputes", "decide", "1", "--decision", "request_evidence", "--comment", "Why", "--author", "Who"]
    assert "Invalid value for '--decision'" in CliRunner().invoke(app, asked).output


def test_without_settings_it_is_said_that_the_company_is_made_up(tmp_path, monkeypatch, capsys):
    """Nobody should look for their own leads in it. Where it was asked for, nothing need be said."""
    monkeypatch.chdir(tmp_path)
    say_if_made_up(load_settings())
    assert f"There is no planerka.toml in {tmp_path}: what follows is the made-up sample" in capsys.readouterr().out
    Path("planerka.toml").write_text('company = "Северный берег"', "utf-8")
    say_if_made_up(load_settings())
    assert "" == capsys.readouterr().out


def test_the_readme_names_every_exit_code():
    """The codes of the error tree, with 0 for done."""

    def codes(error: type[PlanerkaError]) -> set[int]:
        return {error.exit_code}.union(*map(codes, error.__subclasses__()))

    said = README.partition("Exit codes:")[2].partition(".")[0]
    assert {0, *codes(PlanerkaError)} == {int(code) for code in re.findall(r"\d", said)}


def test_the_main_job_names_what_the_gate_warns_of(capsys):
    """A line a warning, with the ids that fail it; what passed is counted and not listed."""
    strays = MET["spend", "channel_id"].check(Tally(rows_n=4, failed_n=1))
    checks = (
        FRESH.check(Tally(rows_n=1)),
        USUAL_DAYS.check(Tally(rows_n=7, failed_n=2)),
        replace(strays, examples=("Яндекс.Директ",)),
    )
    print_gate(GateReport(suite="intake", checks=checks))
    assert [
        "Gate      open: 3 checks, 2 warnings",
        "          Pull: each day has about as many leads as is usual for that weekday: 2 of 7 do not fit",
        "          Pull: every channel of the spend has leads or contracts: 1 of 4 do not fit: Яндекс.Директ",
    ] == capsys.readouterr().out.splitlines()
