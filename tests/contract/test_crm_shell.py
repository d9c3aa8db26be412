"""A real CRM from the shell: draft its mapping, ask the doctor, pull; the key is nowhere to be read."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli import app


@pytest.fixture
def site(tmp_path: Path, amo_url: str, company, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the settings of an account; its mapping is not written yet."""
    monkeypatch.chdir(tmp_path)
    source = f'[source]\nkind = "amocrm"\nurl = "{amo_url}"\nmapping = "mapping.yaml"\nrequests_per_s = 1000\n'
    Path("planerka.toml").write_text(source, "utf-8")
    Path(".env").write_text(f"PLANERKA_SOURCE__KEY='{company.token}'\nPLANERKA_PHONE_KEY='any long text'\n", "utf-8")
    return tmp_path


def ran(*words: str) -> tuple[int, str]:
    """Exit code and what was said."""
    ended = CliRunner().invoke(app, words)
    code = getattr(ended.exception, "exit_code", ended.exit_code)
    return code, f"{ended.output}{ended.exception or ''}"


def test_from_an_account_to_its_leads(site, company):
    code, said = ran("crm", "discover")
    assert (0, True) == (code, "Then: planerka doctor" in said)
    code, said = ran("doctor")
    assert (2, True) == (code, "must give a `code`" in said)
    text = Path("mapping.yaml").read_text("utf-8")
    stages, reasons = text.split("  reason:")
    Path("mapping.yaml").write_text(
        stages.replace(": {} ", ": {code: contact} ") + "  reason:" + reasons.replace(": {} ", ": {code: no_answer} "),
        "utf-8",
    )
    _, said = ran("doctor")
    assert [] == re.findall("^wrong +(?:source|database).*", said, re.MULTILINE)
    code, said = ran("pull")
    assert (0, True) == (code, bool(re.search(r"Pulled \d+ rows: .*, 0 quarantined", said)))
    assert company.token not in said
