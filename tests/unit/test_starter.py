"""What `planerka init` lays out: every setting with its default, every secret, and a mapping that can be read."""

import re
import subprocess
import tomllib
from collections.abc import Iterator
from datetime import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel, SecretStr

from flows import cli_setup
from flows.cli_setup import RULEBOOK, STARTER, lay_out
from planerka.crm.mapping_file import TextLoader, load_mapping
from planerka.errors import UsageError
from planerka.settings import PREFIX, PROJECT, Settings, load_settings

KEY = re.compile(r"^(?:# )?(\w+ = .*|\[[\w.]+\])$", re.MULTILINE)


def schema(model: type[BaseModel], defaults: dict[str, Any], *place: str) -> Iterator[tuple[str, Any, bool]]:
    """Every key by its full name, its default, and whether it is a secret."""
    for name, field in model.model_fields.items():
        default = defaults[name]
        if isinstance(default, BaseModel):
            yield from schema(type(default), dict(default), *place, name)
        else:
            yield ".".join((*place, name)), default, "SecretStr" in str(field.annotation)


def flat(written: dict[str, Any], *place: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in written.items():
        inner = (
            flat(value, *place, name)
            if isinstance(value, dict) and (value or not place)
            else {".".join((*place, name)): value}
        )
        found |= inner
    return found


def as_toml(default: Any) -> Any:
    if isinstance(default, time):
        return f"{default:%H:%M}"
    return list(default) if isinstance(default, tuple) else str(default) if isinstance(default, Path) else default


TEXT = (STARTER / "planerka.toml").read_text("utf-8")
ALL_KEYS = "\n".join(KEY.findall(TEXT))
SCHEMA = list(schema(Settings, {name: field.default for name, field in Settings.model_fields.items()}))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    lay_out(tmp_path)
    return tmp_path


def test_every_setting_stands_in_the_file_but_the_secrets():
    assert {name for name, _, is_secret in SCHEMA if not is_secret} == set(flat(tomllib.loads(ALL_KEYS)))


def test_every_section_stands_in_the_file():
    """Also one whose only key is a secret: the comment there says where that is written."""
    sections = {name for name, field in Settings.model_fields.items() if isinstance(field.default, BaseModel)}
    assert sections == {name for name, value in tomllib.loads(TEXT).items() if isinstance(value, dict)}


def test_every_secret_stands_in_env_example():
    named = re.findall(rf"^# {PREFIX}(\w+)='", (STARTER / ".env.example").read_text("utf-8"), re.MULTILINE)
    assert {name for name, _, is_secret in SCHEMA if is_secret} == {n.lower().replace("__", ".") for n in named}


def test_what_is_commented_out_is_the_default():
    """Where there is none, an example."""
    written = flat(tomllib.loads(ALL_KEYS))
    defaults = {n: as_toml(d) for n, d, is_secret in SCHEMA if d is not None and not is_secret and n != "rulebook"}
    assert defaults == {name: value for name, value in written.items() if name in defaults}


def test_the_file_with_every_line_switched_on_is_accepted(tmp_path, monkeypatch):
    """So no example breaks a rule; passwords come from the environment."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "planerka.toml").write_text(ALL_KEYS, "utf-8")
    for section in ("SMTP", "MAILBOX"):
        monkeypatch.setenv(f"PLANERKA_DELIVERY__{section}__PASSWORD", "x")
    monkeypatch.setenv("PLANERKA_SOURCE__OAUTH__CLIENT_SECRET", "x")
    assert "mail.company.example" == load_settings().delivery.smtp.host


def test_secrets_are_read_as_they_are_written_in_the_example(folder):
    """The quotes are for systemd and the shell."""
    example = (folder / ".env.example").read_text("utf-8")
    (folder / ".env").write_text(example.replace("# PLANERKA_PHONE_KEY", "PLANERKA_PHONE_KEY"), "utf-8")
    assert SecretStr("a long random text") == load_settings().phone_key


def test_a_folder_is_laid_out_for_the_sample_company_and_its_own_rules(folder):
    settings = load_settings()
    assert ("sample", Path("rulebook"), True) == (
        settings.source.kind,
        settings.rulebook,
        (folder / "rulebook" / "kpis.yaml").is_file(),
    )
    ours = {path.relative_to(RULEBOOK): path.read_bytes() for path in RULEBOOK.rglob("*.*")}
    assert ours == {p.relative_to(folder / "rulebook"): p.read_bytes() for p in folder.rglob("rulebook/**/*.*")}


def test_the_example_mapping_is_the_one_that_the_manual_explains(folder):
    page = (PROJECT / "docs" / "your-own-export.md").read_text("utf-8")
    explained = page.partition("```yaml mapping.yaml\n")[2].partition("```")[0]
    assert "our-crm" == load_mapping(folder / "mapping.yaml").source
    assert yaml.load(explained, TextLoader) == yaml.load((folder / "mapping.yaml").read_text("utf-8"), TextLoader)


def test_what_must_not_be_shared_is_ignored_by_git(folder):
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    asked = [".env", "var/planerka.db", "out/pack.html", ".env.example", "planerka.toml", "rulebook/kpis.yaml"]
    ignored = subprocess.run(
        ["git", "-C", folder, "check-ignore", *asked], stdout=subprocess.PIPE, text=True, check=False
    )
    assert asked[:3] == ignored.stdout.split()


def test_nothing_is_overwritten_and_then_nothing_is_written(tmp_path):
    (tmp_path / "planerka.toml").write_text('company = "Ours"\n', "utf-8")
    with pytest.raises(UsageError, match=r"planerka\.toml: already there, and not overwritten; name a new folder"):
        lay_out(tmp_path)
    assert ["planerka.toml"] == [path.name for path in tmp_path.iterdir()]


def test_a_killed_run_is_no_hindrance(folder):
    """Each file is whole or not there; what lacks is added."""
    (folder / "mapping.yaml").unlink()
    (folder / "rulebook" / "kpis.yaml").unlink()
    lay_out(folder)
    assert [True, True] == [(folder / name).is_file() for name in ("mapping.yaml", "rulebook/kpis.yaml")]


def test_the_next_commands_can_be_typed_as_they_are_printed(tmp_path, monkeypatch, capsys):
    """Also where the command is not on PATH, and the folder has a blank in its name."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("sys.argv", ["/opt/planerka/.venv/bin/planerka", "init"])
    cli_setup.print_next_commands(Path("our company"))
    assert [
        "cd 'our company'",
        "/opt/planerka/.venv/bin/planerka doctor",
        "/opt/planerka/.venv/bin/planerka weekly",
    ] == commands(capsys.readouterr().out)


def test_who_lays_out_the_folder_he_is_in_need_not_go_there(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    cli_setup.print_next_commands(Path())
    said = capsys.readouterr().out
    assert (True, ["doctor", "weekly"]) == (f"{tmp_path} is ready" in said, [c.split()[-1] for c in commands(said)])


def commands(said: str) -> list[str]:
    return [line.strip() for line in said.splitlines() if line.startswith("    ")]
