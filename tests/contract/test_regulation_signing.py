"""Signing, and what is told of it: an edition in force, half-signed, altered, dated back, unread."""

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner, Result

from flows.cli import app
from flows.doctor.finding import Level
from flows.doctor.store import Store, signatures
from planerka.errors import RulebookError, UsageError
from planerka.model import Event, Reference, Verdict
from planerka.regulation.acknowledged import acknowledge
from planerka.regulation.editions import parse
from planerka.regulation.register import history_of
from planerka.regulation.signed import sign_edition, signed_editions
from planerka.regulation.standing import standings, unruled
from planerka.rulebook.regulation import Edition
from planerka.settings import load_settings
from planerka.store import leads, verdicts
from planerka.store.tables import edition as editions
from planerka.store.windows import Source, put_source
from tests.builders_regulation import FIRST_EDITION, MOSCOW
from tests.builders_store import frame_of

NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)
TEXT = FIRST_EDITION.read_text(encoding="utf-8")
BOTH = ("marketing", "sales")


def edition_of(day: str) -> Edition:
    return parse(TEXT.replace("2024-01-01", day), day)


def sign(engine: sa.Engine, edition: Edition, *roles: str, is_over_judged: bool = False, now: datetime = NOW) -> str:
    said = [sign_edition(engine, edition, role, f"Head of {role}", now, is_over_judged) for role in roles]
    return said[-1]


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A folder with the editions of 2024-01-01 and 2026-12-01."""
    folder = tmp_path / "rules" / "regulation"
    folder.mkdir(parents=True)
    shutil.copy(FIRST_EDITION.parents[1] / "kpis.yaml", folder.parent)
    shutil.copy(FIRST_EDITION, folder)
    (folder / "2026-12-01.yaml").write_text(TEXT.replace("2024-01-01", "2026-12-01"), encoding="utf-8")
    return folder


def states(engine: sa.Engine, folder: Path, on: str = "2026-11-24") -> list[tuple[str, str, bool]]:
    """Edition, state and whether it is refused, the files after the store."""
    with engine.connect() as connection:
        found = standings(connection, folder, date.fromisoformat(on))
    return [(one.edition, f"{one.state}{', file' if one.file else ''}", one.is_refused) for one in found]


def test_the_history_of_editions_that_nobody_or_one_head_has_signed_is_told(engine: sa.Engine, rules: Path) -> None:
    """And which files of the rulebook nobody can have signed as they are."""
    (rules / "broken.yaml").write_text("reasons: [", encoding="utf-8")
    broken = f"broken.yaml: it cannot be read as an edition: `planerka regulation check {rules}/broken.yaml` says why"
    assert ["nobody has signed an edition yet: `planerka regulation sign --help`", broken] == history_of(
        engine, rules, NOW
    )
    old = edition_of("2024-01-01")
    sign(engine, old, "sales")
    assert [
        f"2024-01-01: not in force, awaiting signatures, sha256 {old.sha256}",
        "  signed by Head of sales for sales on 2026-11-24",
        broken,
    ] == history_of(engine, rules, NOW)


def test_an_edition_stands_as_it_is_signed(engine: sa.Engine, rules: Path) -> None:
    """From two drafts to one in force and one superseded."""
    old, new = edition_of("2024-01-01"), edition_of("2026-12-01")
    drafts = [(name, "awaiting signatures, file", False) for name in ("2024-01-01", "2026-12-01")]
    assert drafts == states(engine, rules)
    sign(engine, old, *BOTH)
    assert [("2024-01-01", "in force", False), drafts[1]] == states(engine, rules)
    sign(engine, new, "sales")
    assert [("2024-01-01", "in force", False), ("2026-12-01", "awaiting signatures", True)] == states(engine, rules)
    sign(engine, new, "marketing")
    assert [("2024-01-01", "in force", False), ("2026-12-01", "to come", False)] == states(engine, rules)
    later = states(engine, rules, "2026-12-01")
    assert [("2024-01-01", "superseded", False), ("2026-12-01", "in force", False)] == later


def test_a_draft_that_a_later_edition_overtook_is_told_quietly(engine: sa.Engine, rules: Path) -> None:
    """One head signed a slip of the pen, and both another edition of that day or later."""
    sign(engine, edition_of("2024-01-01"), "sales")
    sign(engine, edition_of("2024-02-01"), *BOTH)
    assert ("2024-01-01", "superseded", False) == states(engine, rules)[0]


def test_what_a_head_signed_after_both_had_agreed_on_a_later_day_is_refused_until_both_agree_anew(
    engine: sa.Engine, rules: Path
) -> None:
    """A slip of the year: whoever signed believes that it counts. The next agreement settles it, from its day on."""
    sign(engine, edition_of("2026-11-01"), *BOTH)
    sign(engine, edition_of("2025-12-01"), "sales", now=NOW + timedelta(hours=1))
    assert [("2025-12-01", "awaiting signatures", True), ("2026-11-01", "in force", False)] == states(engine, rules)[:2]
    sign(engine, edition_of("2026-12-01"), *BOTH, now=NOW + timedelta(hours=2))
    assert ("2025-12-01", "awaiting signatures", True) == states(engine, rules)[0]
    assert ("2025-12-01", "superseded", False) == states(engine, rules, "2026-12-01")[0]


@pytest.mark.parametrize(
    "name, said",
    [
        ("Лапин\n  А. ", "signed for sales by Лапин А.;"),
        ("Лап\x1b[8mин", "U+001B, which nobody sees: write the name without it"),
        ("Лап\u200bин", "U+200B ZERO WIDTH SPACE, which nobody sees"),
        ("Лапин\u3164", "U+3164 HANGUL FILLER, which nobody sees"),
        ("\u202eнипаЛ", "U+202E RIGHT-TO-LEFT OVERRIDE, which nobody sees"),
    ],
)
def test_who_signs_is_read_as_it_is_kept(engine: sa.Engine, name: str, said: str) -> None:
    """On one line; what nobody sees is refused."""
    try:
        answer = sign_edition(engine, edition_of("2024-01-01"), "sales", name, NOW)
    except UsageError as refusal:
        answer = str(refusal)
    assert said in answer


def test_an_edition_to_come_is_not_called_in_force(engine: sa.Engine, rules: Path) -> None:
    """Until its day the one before it stays, and without one there is none."""
    old, new = edition_of("2026-11-24"), edition_of("2026-12-01")
    assert sign(engine, new, *BOTH).endswith(
        "edition 2026-12-01 is signed by both and takes effect on 2026-12-01; until then no edition is in force"
    )
    assert sign(engine, old, *BOTH).endswith(
        "edition 2026-11-24 is signed by both and in force from 2026-11-24 until 2026-12-01, not included"
    )
    assert sign(engine, new, "sales").endswith(
        "and takes effect on 2026-12-01; until then edition 2026-11-24 stays in force"
    )
    heads = [line for line in history_of(engine, rules, NOW) if not line.startswith(" ")]
    assert [
        f"2026-11-24: in force from 2026-11-24 until 2026-12-01, not included, sha256 {old.sha256}",
        f"2026-12-01: takes effect on 2026-12-01, sha256 {new.sha256}",
    ] == heads


def test_a_day_begins_where_the_company_is(engine: sa.Engine) -> None:
    """At 22 h UTC of the 23rd it is the 24th in Moscow."""
    now = datetime(2026, 11, 23, 22, tzinfo=UTC).astimezone(MOSCOW)
    assert "in force from 2026-11-24" in sign(engine, edition_of("2026-11-24"), *BOTH, now=now)


def test_what_was_altered_in_a_file_or_in_the_store_is_refused_and_the_last_signed_one_stays(
    engine: sa.Engine, rules: Path
) -> None:
    """Even where the text in the store is no edition any more."""
    old, new = edition_of("2024-01-01"), edition_of("2026-11-01")
    for edition in (old, new):
        sign(engine, edition, *BOTH)
    file = rules / "2024-01-01.yaml"
    file.write_text(TEXT.replace("at_least: 6}", "at_least: 5}"), encoding="utf-8")
    (rules / "broken.yaml").write_text("reasons: [", encoding="utf-8")
    with engine.begin() as connection:
        connection.execute(editions.update().where(editions.c.edition == new.name).values(content="{}"))
        assert (old,) == signed_editions(connection)
    assert [
        ("2024-01-01", "in force", False),
        ("2026-11-01", "altered", True),
        ("2024-01-01", "altered, file", True),
        ("2026-12-01", "awaiting signatures, file", False),
        ("broken.yaml", "unreadable, file", False),
    ] == states(engine, rules)


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["regulation", *words])


@pytest.fixture
def company(engine: sa.Engine, migrated_url: str, rules: Path, monkeypatch: pytest.MonkeyPatch) -> sa.Engine:
    """A store and a folder of rules that the commands of the shell find; two managers."""
    monkeypatch.chdir(rules.parents[1])
    monkeypatch.setenv("PLANERKA_STORE", migrated_url)
    monkeypatch.setenv("PLANERKA_RULEBOOK", "rules")
    managers = [{"kind": "manager", "id": f"m{n}", "title": f"Manager {n}"} for n in (1, 2)]
    with engine.begin() as connection:
        put_source(connection, Source(source="crm", lacks=frozenset(), data_until=NOW))
        leads.store_batch(connection, "crm", Reference, frame_of(Reference, *managers), MOSCOW)
    return engine


def test_verify_says_how_every_edition_stands_and_fails_where_one_was_altered(company: sa.Engine, rules: Path) -> None:
    sign(company, edition_of("2024-01-01"), *BOTH)
    sign(company, edition_of("2026-12-01"), "sales")
    acknowledge(company, "crm", None, ["m1"], NOW, MOSCOW)
    whole = run("verify")
    assert (0, 2) == (whole.exit_code, len(whole.stdout.splitlines()))
    first, second = whole.stdout.splitlines()
    assert first == (
        "2024-01-01, store: in force, from 2024-01-01; signed by Head of marketing (marketing), Head of sales (sales); "
        "acknowledged by 1 of 2 managers"
    )
    assert "2026-12-01 is not signed by marketing: sign it; until then what both signed before holds" in second
    (rules / "2024-01-01.yaml").write_text(TEXT.replace("Недозвон", "Не дозвонились"), encoding="utf-8")
    altered = run("verify")
    assert (2, True) == (altered.exit_code, "2024-01-01.yaml: altered" in altered.stdout)


def test_history_says_who_signed_and_who_has_read(company: sa.Engine, rules: Path) -> None:
    old, new = edition_of("2024-01-01"), edition_of("2026-11-01")
    for edition in (old, new):
        sign(company, edition, *BOTH)
    acknowledge(company, "crm", "2024-01-01", ["m2"], NOW, MOSCOW)
    assert [
        f"2024-01-01: in force from 2024-01-01 until 2026-11-01, not included, sha256 {old.sha256}",
        "  signed by Head of marketing for marketing on 2026-11-24",
        "  signed by Head of sales for sales on 2026-11-24",
        "  acknowledged by m2 Manager 2 on 2026-11-24",
        f"2026-11-01: in force from 2026-11-01, sha256 {new.sha256}",
        "  signed by Head of marketing for marketing on 2026-11-24",
        "  signed by Head of sales for sales on 2026-11-24",
    ] == history_of(company, rules, NOW)


def test_a_difference_is_read_in_both_languages(company: sa.Engine, rules: Path) -> None:
    """Of a file and of what the store keeps."""
    sign(company, edition_of("2024-01-01"), *BOTH)
    draft = rules / "2026-12-01.yaml"
    draft.write_text(draft.read_text("utf-8").replace("attempts_n, at_least: 6", "attempts_n, at_least: 5"), "utf-8")
    russian, english = (run("diff", "2024-01-01", str(draft), "--language", language).stdout for language in LINES)
    assert LINES == {"ru": russian.splitlines(), "en": english.splitlines()}
    assert "Nothing has changed.\n" == run("diff", "2024-01-01", "2024-01-01", "--language", "en").stdout


LINES = {
    "ru": [
        "Редакция",
        "  действует с",
        "    было: 2024-01-01",
        "    станет: 2026-12-01",
        "Недозвон, пункт 1.1",
        "  проверка",
        "    было: Попыток дозвона: нужно не менее 6",
        "    станет: Попыток дозвона: нужно не менее 5",
    ],
    "en": [
        "The edition",
        "  takes effect on",
        "    was: 2024-01-01",
        "    becomes: 2026-12-01",
        "No answer, clause 1.1",
        "  test",
        "    was: Outgoing call attempts: at least 6 required",
        "    becomes: Outgoing call attempts: at least 5 required",
    ],
}


def test_managers_acknowledge_what_both_heads_signed_and_nothing_else(company: sa.Engine) -> None:
    """The first time stands; an id that is no manager, or an edition half signed, keeps nothing."""
    old, new = edition_of("2024-01-01"), edition_of("2026-12-01")
    with pytest.raises(RulebookError, match="no edition is in force"):
        acknowledge(company, "crm", None, ["m1"], NOW, MOSCOW)
    sign(company, old, *BOTH)
    sign(company, new, "sales")
    assert ("2024-01-01", ("m1",)) == acknowledge(company, "crm", None, ["m1"], NOW, MOSCOW)
    assert ("2024-01-01", ("m2",)) == acknowledge(company, "crm", None, ["m1", "m2"], NOW, MOSCOW)
    with pytest.raises(RulebookError, match="2026-12-01 is not signed by both heads"):
        acknowledge(company, "crm", "2026-12-01", ["m1"], NOW, MOSCOW)
    with pytest.raises(UsageError, match="manager 'm3' is not in the source: use one of m1, m2"):
        acknowledge(company, "crm", None, ["m3"], NOW, MOSCOW)


@pytest.fixture
def judged(company: sa.Engine) -> sa.Engine:
    """Rejections of the 1st, the 2nd and the 3rd of November, and of 2023; those of 2026 are judged."""
    sign(company, edition_of("2024-01-01"), *BOTH)
    days = ("2023-11-01", "2026-11-01", "2026-11-02", "2026-11-03")
    rows = [{"kind": "rejected", "id": f"E{day}", "lead_id": "L1", "at": f"{day}T09:00Z"} for day in days]
    same = {"number": 1, "edition": "2024-01-01", "outcome": "lawful", "findings": (), "evidence": {}}
    with company.begin() as connection:
        leads.store_batch(connection, "crm", Event, frame_of(Event, *rows), MOSCOW)
        found = [Verdict(rejection_id=f"E{day}", **same) for day in days[1:]]  # type: ignore[arg-type]
        verdicts.add(connection, "crm", found, NOW)
    return company


def test_an_edition_dated_back_over_judged_rejections_is_asked_for_explicitly(judged: sa.Engine) -> None:
    """The first head is asked already; what stands is said again, and nothing is kept of a refusal."""
    back = edition_of("2026-11-02")
    for role in BOTH:
        with pytest.raises(RulebookError, match="judged: 2; their verdicts stand until `planerka rejudge`: give the"):
            sign(judged, back, role)
    said = sign(judged, back, *BOTH, is_over_judged=True)
    assert said.endswith("that other editions have judged: 2; their verdicts stand until `planerka rejudge`")
    assert "in force from 2026-11-02" in said
    sign(judged, edition_of("2026-11-04"), *BOTH)


def test_only_the_days_up_to_the_next_edition_are_dated_back_over(judged: sa.Engine) -> None:
    """What a later edition governs is not touched by one before it."""
    sign(judged, edition_of("2026-11-03"), *BOTH, is_over_judged=True)
    with pytest.raises(RulebookError, match="judged: 1;"):
        sign(judged, edition_of("2026-11-02"), "sales")


def test_a_time_without_an_edition_is_told(judged: sa.Engine, migrated_url: str) -> None:
    """By the shell and by the doctor, beside what is in force."""
    gap = "rejections before 2024-01-01, when the first edition took effect: 1; nothing judges them"
    with judged.connect() as connection:
        assert gap == unruled(connection)
    assert gap == run("verify").stdout.splitlines()[-1]
    settings = load_settings(store=migrated_url, rulebook="rules", source={"kind": "sample"})
    found = list(signatures(Store(settings, judged)))
    assert (Level.OK, f"edition 2024-01-01 is in force; {gap}") == found[-1]


def test_without_any_signature_every_rejection_lies_in_the_gap(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        put_source(connection, Source(source="crm", lacks=frozenset(), data_until=NOW))
        assert unruled(connection) is None
        row = {"kind": "rejected", "id": "E1", "lead_id": "L1", "at": "2026-11-01T09:00Z"}
        leads.store_batch(connection, "crm", Event, frame_of(Event, row), MOSCOW)
        assert "rejections with no signed edition at all: 1; nothing judges them" == unruled(connection)
