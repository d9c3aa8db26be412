"""Which editions may be used: what a file must say, who must sign it, and which is in force on a day."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from planerka.errors import RulebookError
from planerka.regulation.difference import difference
from planerka.regulation.editions import ROLES, Signature, in_force, load, load_all, parse, places_in_force, refusal
from planerka.regulation.signed import sign_edition, signed_editions
from planerka.rulebook.regulation import Edition
from planerka.store import database
from planerka.store.editions import all_signatures
from planerka.words import words_for
from tests.builders_regulation import EDITION, FIRST_EDITION

SIGNED_AT = datetime(2023, 12, 20, tzinfo=UTC)
TEXT = FIRST_EDITION.read_text(encoding="utf-8")


def test_the_hash_is_of_the_meaning_and_not_of_the_layout() -> None:
    """Comments, quotes and line breaks may change after signing; a word or a number may not."""
    lines = "\n".join(line.partition("  #")[0] for line in TEXT.splitlines())
    assert EDITION.sha256 == parse(lines.replace("ru: Недозвон", 'ru:   "Недозвон"'), "same").sha256
    assert EDITION.sha256 != parse(TEXT.replace("at_least: 6}", "at_least: 5}"), "softer").sha256
    assert EDITION.sha256 != parse(TEXT.replace("ru: Недозвон", "ru: Не дозвонились"), "reworded").sha256


def test_the_canonical_content_reads_as_the_same_edition() -> None:
    """The store keeps only the content; an old rejection is judged from it years later."""
    assert EDITION == parse(EDITION.content, "store")


LATER_NORMS = ("appeal_hours: 16", "on_expiry: uphold", "blind_sample_percent: 5")


def test_an_edition_from_before_a_norm_keeps_its_hash_and_has_the_usual_value() -> None:
    """What both heads signed stays signed when planerka learns a norm."""
    text = TEXT
    for norm in LATER_NORMS:
        text = text.replace(f"  {norm}", f"  # {norm}")
    old = parse(text, "old")
    assert EDITION.norms == old.norms
    assert [] == [norm for norm in LATER_NORMS if norm.partition(":")[0] in old.content]


def test_a_norm_that_was_not_written_is_told_by_its_usual_value_when_it_changes() -> None:
    text = TEXT.replace("appeal_hours: 16", "appeal_hours: 8").replace("on_expiry: uphold", "on_expiry: return_to_work")
    unwritten = parse(TEXT.replace("  on_expiry: uphold", "  # on_expiry: uphold"), "old")
    found = difference(unwritten, parse(text, "new"), words_for("ru"))
    assert [
        ("сколько рабочих часов можно подавать апелляцию на решение", "16", "8"),
        ("спор, по которому решения к сроку нет", "отказ остаётся в силе", "лид возвращают в работу"),
    ] == [(change.what, change.was, change.now) for change in found]


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


@pytest.fixture
def store(tmp_path: Path) -> Iterator[sa.Engine]:
    engine = database.open_store(f"sqlite:///{tmp_path / 'store.db'}")
    yield engine
    engine.dispose()


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
    store: sa.Engine, on: str, signed: tuple[Edition, ...], expected: Edition | None
) -> None:
    """One that only one head signed is passed over, and the one before it stays in force."""
    for edition in (OLD, NEW):
        for role in ROLES if edition in signed else ROLES[:1]:
            sign_edition(store, edition, role, "А. Иванова", SIGNED_AT)
    with database.reading(store) as connection:
        assert expected == in_force(signed_editions(connection), date.fromisoformat(on))


def test_the_editions_of_many_days_are_found_at_once() -> None:
    """By their places: before the first there is none, and without any edition never."""
    days = np.array(["2023-12-31", "2024-01-01", "2026-05-31", "2026-06-01", "2030-01-01"], "datetime64[D]")
    assert [-1, 0, 0, 1, 1] == places_in_force((OLD, NEW), days).tolist()
    assert [-1] * 5 == places_in_force((), days).tolist()


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
