"""Which editions may be used: what a file must say, who must sign it, and which is in force on a day."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from planerka.errors import RulebookError
from planerka.regulation.editions import Signature, check, in_force, load, load_all, parse, refusal
from planerka.regulation.signed import sign_edition, signed_editions
from planerka.rulebook.regulation import Edition
from planerka.store import database
from planerka.store.editions import all_signatures
from tests.builders_regulation import EDITION, FIRST_EDITION

SIGNED_AT = datetime(2023, 12, 20, tzinfo=UTC)
TEXT = FIRST_EDITION.read_text(encoding="utf-8")

BAD = [
    # what is written, what an author writes by mistake, what is said of it
    ("field: attempts_n", "field: attempt_n", "field 'attempt_n' is not in the catalogue: did you mean 'attempts_n'?"),
    ("at_least: 6}", "at_lest: 6}", "clause 1.1: unknown key 'at_lest': did you mean 'at_least'?"),
    ("at_least: 6}", "at_least: six}", "clause 1.1: expected a number, not six: write it as 15 or 0.2"),
    ("at_least: 6}", "at_least: true}", "clause 1.1: expected a number, not true: write it as 15 or 0.2"),
    ("at_least: 6}", "at_least: .nan}", "clause 1.1: expected a number, not .nan: write it as 15 or 0.2"),
    ("at_least: 6}", "at_least: 6, at_most: 9}", "clause 1.1: a test asks one thing"),
    ('number: "1.1"', "number: 1.1", 'clause 1.1: number it as "1.1", in quotes'),
    ('number: "1.2"', 'number: "1.1"', "clause 1.1: the number is taken: number on within the reason"),
    ('number: "2.1"', 'number: "1.9"', "clause 1.9: the number is taken: number on within the reason"),
    ("consequence: fault", "consequence: fine", "'fine' is not one of void, fault"),
    ("code: duplicate", "code: no_answer", "reason no_answer stands here twice: give each its own code"),
    ("legal: true", "legal: maybe", "expected true or false, not maybe: write one of them"),
    ("legal: true", "legal: false", "a legal reason has clauses and no other has: correct `legal`"),
    ("effective_on: 2024-01-01", "effective_on: 01.01.2024", "'01.01.2024' is not a date: write it as 2024-01-31"),
    ('edition: "2024-01-01"', "edition: 2024-01-01", "expected a text, not 2024-01-01: put it in quotes"),
    ("neglect_days: 5", "neglect_days: 0", "expected a whole number from 1, not 0: correct it"),
    ("neglect_days: 5", "neglect_days: 2.5", "expected a whole number from 1, not 2.5: correct it"),
    ("  neglect_days: 5", "  # neglect_days: 5", "'neglect_days' is missing: add it"),
    ("  returns_max: 2", "  returns_max: 2\n  returns_max: 9", "the key 'returns_max' stands here twice"),
    ("is: open}", "is: opened}", "clause 2.4: original_state cannot be 'opened': did you mean 'open'?"),
    ("original_exists, is: true", "original_exists, is: open", "is yes/no and cannot be 'open': use true or false"),
    ("has_met, is: false", "has_met, at_least: 1", "clause 3.2: has_met is yes/no, not a number"),
    ("wanted_area, present: true", "wanted_area, is: true", "clause 4.1: wanted_area is text: ask it with `present`"),
    ("wanted_area, present: true", "wanted_area, present: false", "what nobody recorded cannot be asked for"),
    (
        "{field: cheapest_payment_minor}",
        "{field: longest_talk_s}",
        "(minor units) cannot be compared with longest_talk_s (seconds)",
    ),
    ("field: has_met, is: true", "field: has_meet, is: true", "qualified: field 'has_meet' is not in the catalogue"),
    ("test: {field: attempts_n, at_least: 6}", "test: 6", "clause 1.1: expected the keys field"),
    ("test: {field: attempts_n, at_least: 6}", "test: {all: []}", "clause 1.1: expected a list of one or more"),
    ("then: {field: budget_minor, less_than: {field: cheapest_pay", "else: {f: {x: ", "5.2: unknown key 'else'"),
    ("ru: Недозвон", "ru: !!python/name:os.system", "python/name:os.system is not plain data: remove it"),
    ("reasons:", "reasons: [", "not YAML"),
]


def line_of(words: str) -> int:
    return TEXT[: TEXT.index(words)].count("\n") + 1


@pytest.mark.parametrize("written, mistake, said", BAD)
def test_a_mistake_in_an_edition_is_refused_with_its_line_and_the_remedy(written: str, mistake: str, said: str) -> None:
    """The author of a rule is no programmer: the message must say where, what and what to do."""
    problems = check(TEXT.replace(written, mistake, 1), "draft.yaml")
    line = line_of(written)
    # A missing or repeated key is reported where its block begins or at the second of the two.
    assert any(said in problem and abs(int(problem.split(":")[1]) - line) <= 7 for problem in problems), problems


def test_every_problem_is_reported_at_once() -> None:
    """Otherwise an author mends a file one run at a time."""
    text = (
        TEXT.replace("at_least: 6}", "at_least: six}")
        .replace("is: open}", "is: opened}")
        .replace("legal: true", "legal: 1", 1)
    )
    assert 2 == len(check(text, "draft.yaml"))
    with pytest.raises(RulebookError, match=r"draft\.yaml:\d+: clause 2\.4"):
        parse(text, "draft.yaml")


@pytest.mark.parametrize(
    "text", ["", "# nothing", "[]", "just words", "{{{", "\x00", "- &a [*a]", "[" * 100_000, "\ud800"]
)
def test_a_file_that_is_no_edition_is_refused(text: str) -> None:
    """Whatever is uploaded, the answer is a sentence, not a traceback."""
    assert 1 == len(check(text, "draft.yaml"))


def test_an_alias_is_refused() -> None:
    """A reader of the signed text must see every word of it where it counts."""
    text = TEXT.replace("ru: Недозвон", "ru: &name Недозвон", 1).replace("ru: Дубль", "ru: *name", 1)
    assert ["draft.yaml"] == [problem.split(":")[0] for problem in check(text, "draft.yaml") if "alias" in problem]


def test_the_hash_is_of_the_meaning_and_not_of_the_layout() -> None:
    """Comments, quotes and line breaks may change after signing; a word or a number may not."""
    lines = "\n".join(line.partition("  #")[0] for line in TEXT.splitlines())
    assert EDITION.sha256 == parse(lines.replace("ru: Недозвон", 'ru:   "Недозвон"'), "same").sha256
    assert EDITION.sha256 != parse(TEXT.replace("at_least: 6}", "at_least: 5}"), "softer").sha256
    assert EDITION.sha256 != parse(TEXT.replace("ru: Недозвон", "ru: Не дозвонились"), "reworded").sha256


def test_the_canonical_content_reads_as_the_same_edition() -> None:
    """The store keeps only the content; an old rejection is judged from it years later."""
    assert EDITION == parse(EDITION.content, "store")


def signatures_under(edition: Edition, roles: str = "marketing sales", sha256: str | None = None) -> list[Signature]:
    return [
        Signature(
            edition=edition.name, role=role, name="А. Иванова", sha256=sha256 or edition.sha256, signed_at=SIGNED_AT
        )
        for role in roles.split()
    ]


def edition_of(day: str) -> Edition:
    return parse(TEXT.replace("2024-01-01", day), day)


OLD, NEW = edition_of("2024-01-01"), edition_of("2026-06-01")


@pytest.mark.parametrize(
    "roles, sha256, why",
    [
        ("marketing sales", None, None),
        ("sales marketing director", None, None),
        ("marketing", None, "is not signed by sales"),
        ("sales director", None, "is not signed by marketing"),
        ("", None, "is not signed by marketing"),
        ("marketing sales", "0" * 64, "was altered after А. Иванова (marketing) signed it (00000000, now "),
    ],
)
def test_an_edition_needs_both_signatures_under_what_it_says_now(
    roles: str, sha256: str | None, why: str | None
) -> None:
    """An agreement that one side did not sign, or that was changed after signing, is none."""
    said = refusal(OLD, signatures_under(OLD, roles, sha256))
    assert said is None if why is None else why in str(said)


@pytest.mark.parametrize(
    "on, signed, expected",
    [
        ("2023-12-31", (OLD, NEW), None),
        ("2024-01-01", (OLD, NEW), OLD),
        ("2026-05-31", (OLD, NEW), OLD),
        ("2026-06-01", (OLD, NEW), NEW),
        ("2026-06-01", (OLD,), OLD),
        ("2026-06-01", (), None),
    ],
)
def test_the_last_signed_edition_of_a_day_is_in_force(
    on: str, signed: tuple[Edition, ...], expected: Edition | None
) -> None:
    """An unsigned edition is passed over, and the one before it stays in force."""
    signatures = [signature for edition in signed for signature in signatures_under(edition)]
    assert expected == in_force((NEW, OLD), signatures, date.fromisoformat(on))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[sa.Engine]:
    engine = database.open_store(f"sqlite:///{tmp_path / 'store.db'}")
    yield engine
    engine.dispose()


def test_a_second_name_for_one_role_is_told_whose_signature_stands(store: sa.Engine) -> None:
    """Whoever signs must not believe that their name was kept."""
    sign_edition(store, OLD, "sales", "А. Лапин", SIGNED_AT)
    sign_edition(store, OLD, "marketing", "Е. Громова", SIGNED_AT)
    said = sign_edition(store, OLD, "sales", "Другой", SIGNED_AT + timedelta(days=9))
    assert said.startswith(
        "А. Лапин already signed for sales on 2023-12-20: nothing has changed; edition 2024-01-01 is"
    )
    with database.reading(store) as connection:
        assert {"А. Лапин", "Е. Громова"} == {signature.name for signature in all_signatures(connection)}


def test_a_second_edition_of_one_day_cannot_be_signed_by_both(store: sa.Engine) -> None:
    """Which of the two is in force nobody could say; the signature that would do it is not kept."""
    other = parse(TEXT.replace('edition: "2024-01-01"', 'edition: "other"'), "other")
    for edition in (OLD, other):
        sign_edition(store, edition, "sales", "А. Лапин", SIGNED_AT)
    sign_edition(store, OLD, "marketing", "Е. Громова", SIGNED_AT)
    with pytest.raises(
        RulebookError, match=r"other takes effect on 2024-01-01, and so does 2024-01-01, .* another day"
    ):
        sign_edition(store, other, "marketing", "Е. Громова", SIGNED_AT)
    with database.reading(store) as connection:
        assert (OLD,) == signed_editions(connection)


def test_a_folder_of_editions_is_read_oldest_first(tmp_path: Path) -> None:
    """Files may have any names; what counts is the day they take effect."""
    (tmp_path / "a.yaml").write_text(TEXT.replace("2024-01-01", "2026-06-01"), encoding="utf-8")
    (tmp_path / "b.yaml").write_text(TEXT, encoding="utf-8")
    assert (OLD, NEW) == load_all(tmp_path)


def test_two_editions_of_one_day_are_refused(tmp_path: Path) -> None:
    """Which of them is in force nobody could say."""
    (tmp_path / "a.yaml").write_text(TEXT, encoding="utf-8")
    (tmp_path / "b.yaml").write_text(TEXT.replace('edition: "2024-01-01"', 'edition: "other"'), encoding="utf-8")
    with pytest.raises(RulebookError, match="both take effect on 2024-01-01: move one"):
        load_all(tmp_path)


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00", TEXT.encode("cp1251", "ignore")])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    """A missing file, or one saved in another encoding."""
    path = tmp_path / "draft.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RulebookError, match="draft"):
        load(path)
