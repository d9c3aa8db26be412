"""What the shell and the log of a run say of counts."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli import app
from tasks.counts import listed


@pytest.mark.parametrize("counts, said", [({}, ""), ({"unlawful": 1, "lawful": 2}, " (2 lawful, 1 unlawful)")])
def test_counts_are_listed_in_words(counts: dict[str, int], said: str) -> None:
    """{} is Python's word for nothing, and nobody else's."""
    assert said == listed(counts)


def test_where_no_dispute_waits_none_is_to_be_ruled_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert ["No dispute waits."] == CliRunner().invoke(app, ["disputes", "list"]).output.splitlines()[-1:]
