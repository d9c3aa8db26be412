"""What the doctor says of a database, of both kinds."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
import yaml

from flows.doctor.finding import Finding, Level, safely
from flows.doctor.store import database
from planerka.regulation.editions import load
from planerka.regulation.signed import sign_edition
from planerka.settings import PROJECT, Settings, load_settings
from planerka.store.database import connect
from planerka.store.windows import Source, put_source
from tests import services

AT = datetime(2026, 11, 23, 5, tzinfo=UTC)
EXAMPLE = PROJECT / "rulebook" / "regulation" / "2024-01-01.yaml"
ROLES = ("marketing", "sales")


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A rulebook with one edition; the company is a real one, whose heads sign themselves."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(EXAMPLE.parents[1], tmp_path / "rules")
    mapping = "{source: crm, currency: RUB, time_zone: UTC, leads: {file: l.csv, columns: {id: I, created_at: C}}}"
    (tmp_path / "mapping.yaml").write_text(mapping, "utf-8")
    return tmp_path / "rules" / "regulation" / EXAMPLE.name


def settings(url: str) -> Settings:
    return load_settings(store=url, rulebook="rules", source={"kind": "table", "mapping": "mapping.yaml"})


def examined(url: str) -> dict[str, tuple[Level, str]]:
    return {one.check: (one.level, one.message) for one in safely("database", database(settings(url)))}


def signatures(url: str) -> list[tuple[Level, str]]:
    found: list[Finding] = list(database(settings(url)))
    return [(one.level, one.message) for one in found if one.check == "signatures"]


def test_a_database_without_tables_is_wrong_and_nothing_else_is_asked_of_it(store_url, rules):
    connect(store_url).connect().close()  # of SQLite, the file
    found = examined(store_url)
    assert ["database"] == list(found)
    assert (Level.WRONG, True) == (found["database"][0], found["database"][1].endswith("run `planerka db upgrade`"))


def test_a_file_that_is_not_there_is_not_made(rules, tmp_path):
    found = examined(f"sqlite:///{tmp_path}/none/planerka.db")
    assert {"database": Level.OK} == {check: level for check, (level, _) in found.items()}
    assert not (tmp_path / "none").exists()


def test_an_unsigned_edition_is_named_with_the_commands_that_sign_it(migrated_url, rules):
    unsigned, nothing = signatures(migrated_url)
    commands = [f"`planerka regulation sign rules/regulation/{EXAMPLE.name} --role {r} --name NAME`" for r in ROLES]
    assert (
        Level.WARNING,
        f"edition 2024-01-01 is not signed by marketing and sales: {', '.join(commands)}",
    ) == unsigned
    assert (Level.WRONG, True) == (nothing[0], "no signed edition is in force" in nothing[1])


@pytest.mark.parametrize("has_file", [True, False])
def test_what_one_head_signed_is_named_with_the_command_of_the_other(engine, migrated_url, rules, has_file):
    """By the file that says the same, whatever it is called; where there is none, it has to be put back."""
    sign(engine, rules, "sales")
    file = rules.rename(rules.with_name("agreed.yaml"))
    if not has_file:
        file.unlink()
    named = "rules/regulation/agreed.yaml" if has_file else "FILE"
    command = f"`planerka regulation sign {named} --role marketing --name NAME`"
    assert (Level.WARNING, f"edition 2024-01-01 is not signed by marketing: {command}") == signatures(migrated_url)[0]


@pytest.mark.parametrize("name, said", [("broken.yaml", "broken.yaml"), ("br\x1boken.yaml", "br\\x1boken.yaml'")])
def test_a_file_that_is_no_edition_is_wrong_and_named_with_the_command_that_says_why(
    engine, migrated_url, rules, name, said
):
    """It may be what was signed; that stays in force."""
    sign(engine, rules)
    rules.with_name(name).write_text("reasons: [", "utf-8")
    broken, current = signatures(migrated_url)
    assert (Level.WRONG, True) == (broken[0], f"{said}: it cannot be read as an edition: `planerka" in broken[1])
    assert (Level.OK, "edition 2024-01-01 is in force") == current


def sign(engine: sa.Engine, path: Path, *roles: str) -> None:
    for role in roles or ROLES:
        sign_edition(engine, load(path), role, "N", AT)


def test_a_signed_edition_is_in_force(engine, migrated_url, rules):
    sign(engine, rules)
    assert [(Level.OK, "edition 2024-01-01 is in force")] == signatures(migrated_url)


def test_an_altered_edition_is_wrong_and_what_was_signed_stays_in_force(engine, migrated_url, rules):
    sign(engine, rules)
    edition = yaml.safe_load(rules.read_text("utf-8"))
    edition["norms"]["neglect_days"] += 1
    rules.write_text(yaml.safe_dump(edition, allow_unicode=True, sort_keys=False), "utf-8")
    altered, current = signatures(migrated_url)
    assert (Level.WRONG, True) == (altered[0], "2024-01-01 was altered after N (marketing) signed it" in altered[1])
    assert (Level.OK, "edition 2024-01-01 is in force") == current


def test_rights_that_lack_are_named_with_the_statement_that_gives_them(postgres, migrated_database, rules):
    """A company's administrator may have made the tables under another name. A SQLite file knows no rights by table."""
    with services.postgres_database(postgres, "test_rights", migrated_database) as url:
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as admin:
            admin.execute("CREATE ROLE guest LOGIN")
            admin.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO guest")
            admin.execute("REVOKE DELETE ON lead FROM guest")
        found = examined(url.replace("planerka@", "guest@"))
    grant = "`GRANT SELECT, INSERT, UPDATE, DELETE ON lead TO guest`"
    assert (Level.WRONG, f"tables closed to guest: 1; {grant}") == found["database_rights"]
    assert Level.OK == found["database_clock"][0]


def test_a_database_of_the_sample_company_takes_no_real_one(engine, migrated_url, rules):
    with engine.begin() as connection:
        put_source(connection, Source(source="sample", lacks=frozenset(), data_until=AT))
    level, message = examined(migrated_url)["one_company"]
    assert (Level.WRONG, True) == (level, "name another folder by `data`, or another `store`" in message)
