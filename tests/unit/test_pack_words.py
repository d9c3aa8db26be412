"""Words and numbers in both languages."""

import re
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from planerka import words
from planerka.errors import UsageError
from planerka.words import words_for

PROJECT = Path(__file__).parents[2]
RU, EN = words_for("ru"), words_for("en")


def used() -> set[str | tuple[str, str]]:
    """Every text that the code and the pages of the desk say."""
    keywords = {"say": None, "_": None, "count": (1, 2)}
    methods = [(f"{package}/**.py", "python") for package in ("planerka", "tasks", "flows")]
    methods.append(("planerka/desk/templates/**.j2", "jinja2"))
    return {found[2] for found in extract_from_dir(PROJECT, methods, keywords=keywords)}


def translated() -> dict[str | tuple[str, str], tuple[str, ...]]:
    with (words.CATALOGUES / "ru.po").open("rb") as file:
        catalogue = read_po(file)
    said = ((m.id, m.string) for m in catalogue if m.id)
    return {id_: string if isinstance(string, tuple) else (string,) for id_, string in said}


def test_every_text_has_a_russian_one_and_none_is_left_over():
    """A text that the code no longer says goes out of the catalogue with it."""
    assert used() == set(translated())


def test_no_translation_is_empty_and_each_keeps_its_placeholders():
    """A lost placeholder would lose a number."""
    for msgid, strings in translated().items():
        expected = set(re.findall(r"\{\w+\}", msgid[-1] if isinstance(msgid, tuple) else msgid))
        for string in strings:
            assert (msgid, expected) == (msgid, set(re.findall(r"\{\w+\}", string)))
            assert string.strip()


@pytest.mark.parametrize(
    "n, expected",
    [
        (0, "0 проверок"),
        (1, "1 проверка"),
        (2, "2 проверки"),
        (5, "5 проверок"),
        (11, "11 проверок"),
        (12, "12 проверок"),
        (21, "21 проверка"),
        (22, "22 проверки"),
        (111, "111 проверок"),
        (1001, "1\u00a0001 проверка"),
    ],
)
def test_russian_counts_agree_with_their_number(n, expected):
    """One договор, two договора, five договоров."""
    assert f"Всего {expected}." == RU.count("{n} check in all.", "{n} checks in all.", n)


@pytest.mark.parametrize(
    "share, ru, en",
    [
        (0.345, "35\u00a0%", "35%"),
        (0.0349, "3,5\u00a0%", "3.5%"),
        (0.0, "0\u00a0%", "0%"),
        (1.0, "100\u00a0%", "100%"),
        (0.0003, "0,03\u00a0%", "0.03%"),
    ],
)
def test_shares_are_shown_as_precisely_as_a_week_bears(share, ru, en):
    """Whole per cents, one decimal under ten."""
    assert (ru, en) == (RU.percent(share), EN.percent(share))


@pytest.mark.parametrize(
    "amount_minor, currency, ru, en",
    [
        (24_834_000_000, "RUB", "248,3\u00a0млн\u00a0₽", "RUB\u00a0248.3M"),
        (0, "RUB", "0\u00a0₽", "RUB\u00a00"),
        (123_456_789, "USD", "1,2\u00a0млн\u00a0$", "US$1.2M"),
        (-5_000_000, "JPY", "−5\u00a0млн\u00a0¥", "−JP¥5M"),
        (99_900, "ZZZ", "999\u00a0ZZZ", "ZZZ\u00a0999"),
    ],
)
def test_money_knows_its_currency_and_its_minor_units(amount_minor, currency, ru, en):
    """A yen has no minor unit; an unknown currency is shown by its code."""
    assert (ru, en) == (RU.money(amount_minor, currency), EN.money(amount_minor, currency))


@pytest.mark.parametrize("value, expected", [(595.25, "595.3"), (16.75, "16.8"), (-2.25, "−2.3"), (7.0, "7")])
def test_a_half_is_rounded_away_from_zero(value, expected):
    """To the nearest even digit, one price would be rounded down and the next one up."""
    assert (expected, f"US${expected}K") == (
        EN.number(value, 1),
        EN.money(value * 100_000, "USD").replace("−US$", "US$−"),
    )


def test_a_week_over_new_year_names_both_years():
    """The stretch of a week is short where it can be."""
    assert "28 дек. 2026\u202fг. – 3 янв. 2027\u202fг." == RU.days(date(2026, 12, 28), date(2027, 1, 3))
    assert "16–22 нояб. 2026\u202fг." == RU.days(date(2026, 11, 16), date(2026, 11, 22))


def test_instants_are_shown_in_the_zone_of_the_company():
    """The end of the sample's day is midnight in Moscow, whatever the day is in UTC."""
    moscow = ZoneInfo("Europe/Moscow")
    assert "23 ноября 2026, 00:00" == RU.instant(datetime(2026, 11, 22, 21, tzinfo=UTC), moscow)


def test_a_language_without_words_is_refused():
    """The remedy names those there are."""
    with pytest.raises(UsageError, match="'de' has no words: use one of ru, en"):
        words_for("de")
