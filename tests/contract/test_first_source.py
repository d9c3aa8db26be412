"""With which company a database is filled first: only SQLite takes the sample without being told."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli import app
from flows.doctor.finding import Level
from flows.doctor.store import database
from flows.wiring import SAMPLE_HEADS, wire, wire_to_judge
from planerka.errors import SettingsError
from planerka.settings import load_settings
from planerka.store.database import connect, reading
from planerka.store.editions import all_signatures

REFUSAL = "source.kind is not written, and a company's database is not filled with the made-up sample by default"


@pytest.fixture
def settings_file(migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of a company with a new database, of which nothing else is written, as `planerka init` leaves it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PLANERKA_STORE", migrated_url)
    file = tmp_path / "planerka.toml"
    file.write_text("[source]\n", "utf-8")
    return file


@pytest.mark.parametrize("migrated_url", ["postgres"], indirect=True)
@pytest.mark.parametrize("written", ["", "[source]\n", "[source]\nleads_n = 1000\n"])
def test_a_postgresql_does_not_take_the_sample_unless_somebody_wrote_so(settings_file, migrated_url, written):
    """Nothing is signed either, and the doctor says the same."""
    settings_file.write_text(written, "utf-8")
    with pytest.raises(SettingsError, match=REFUSAL) as refusal:
        wire()
    found = {one.check: (one.level, one.message) for one in database(load_settings())}
    with reading(connect(migrated_url)) as connection:
        assert [] == list(all_signatures(connection))
    assert (Level.WRONG, str(refusal.value)) == found["one_company"]


@pytest.mark.parametrize("migrated_url", ["postgres"], indirect=True)
def test_a_sample_that_was_asked_for_is_taken(settings_file):
    settings_file.write_text('[source]\nkind = "sample"\n', "utf-8")
    company = wire()
    assert "sample" == company.crm.source
    company.engine.dispose()


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
def test_a_file_takes_the_sample_without_being_told(settings_file):
    """A first look needs no settings, and the file is easily thrown away."""
    company = wire()
    assert "sample" == company.crm.source
    company.engine.dispose()


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "words",
    [
        ("regulation", "acknowledge", "--manager", "m1"),
        ("rejudge", "--why", "to see"),
        ("regulation", "coverage"),
        ("regulation", "verify"),
        ("disputes", "list"),
    ],
    ids=" ".join,
)
def test_a_verb_that_judges_nothing_anew_signs_nothing_for_the_sample(settings_file, migrated_url, words):
    """Whoever asks how the rules stand must not be the one who puts them in force."""
    settings_file.write_text('[source]\nkind = "sample"\n', "utf-8")
    CliRunner().invoke(app, list(words))
    assert set() == signed_for(migrated_url)
    wire_to_judge().engine.dispose()
    assert set(SAMPLE_HEADS) == signed_for(migrated_url)


def signed_for(url: str) -> set[str]:
    engine = connect(url)
    with reading(engine) as connection:
        roles = {one.role for one in all_signatures(connection)}
    engine.dispose()
    return roles
