"""Cells of an export are read wholly or not at all."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planerka.crm.cells import (
    answers,
    card_ids,
    instants,
    is_card_id,
    masked_texts,
    members,
    money,
    numbers,
    plain,
    quotable,
    seconds,
    whole_numbers,
)
from planerka.crm.chunks import cleaned
from planerka.model import Enquiry
from planerka.phones import masked, normal_phone, phone_hash
from planerka.unseen import visible

MOSCOW, SAO_PAULO, UTC_ZONE = ZoneInfo("Europe/Moscow"), ZoneInfo("America/Sao_Paulo"), ZoneInfo("UTC")


def texts(*cells: str) -> np.ndarray:
    return np.array(cells, dtype=object)


def instant_of(cell: str, zone: ZoneInfo, *formats: str) -> str | None:
    found = instants(texts(cell), formats, zone)[0]
    return None if found is pd.NaT else found.to_pydatetime().astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


@pytest.mark.parametrize(
    "cell, zone, text_format, expected",
    [
        ("05.03.2026 18:00", MOSCOW, "%d.%m.%Y %H:%M", "2026-03-05 15:00:00"),
        ("05.03.2026", MOSCOW, "%d.%m.%Y", "2026-03-04 21:00:00"),
        ("1/11/2021", UTC_ZONE, "%m/%d/%Y", "2021-01-11 00:00:00"),
        ("20210105", UTC_ZONE, "%Y%m%d", "2021-01-05 00:00:00"),
        ("2026-03-05T18:00:00+05:00", MOSCOW, "%Y-%m-%dT%H:%M:%S%z", "2026-03-05 13:00:00"),
        ("2026-03-05T18:00:00Z", MOSCOW, "%Y-%m-%dT%H:%M:%S%z", "2026-03-05 18:00:00"),
        # Clocks went forward at midnight: this day began at 01:00 local time.
        ("2017-10-15", SAO_PAULO, "%Y-%m-%d", "2017-10-15 03:00:00"),
        ("2017-10-15 00:30:00", SAO_PAULO, "%Y-%m-%d %H:%M:%S", "2017-10-15 03:00:00"),
        # Clocks went back at midnight: 23:30 came twice, and the first is meant.
        ("2018-02-17 23:30:00", SAO_PAULO, "%Y-%m-%d %H:%M:%S", "2018-02-18 01:30:00"),
        ("05.03.2026 18:00", MOSCOW, "%d.%m.%Y", None),
        ("31.02.2026", MOSCOW, "%d.%m.%Y", None),
        ("2021115", UTC_ZONE, "%Y%m%d", None),
        ("01.01.0001", MOSCOW, "%d.%m.%Y", None),
        ("31.12.9999", MOSCOW, "%d.%m.%Y", None),
        ("05.03.2026<script>", MOSCOW, "%d.%m.%Y", None),
        ("nan", MOSCOW, "%d.%m.%Y", None),
        ("now", MOSCOW, "%d.%m.%Y", None),
        ("today", MOSCOW, "%d.%m.%Y", None),
    ],
)
def test_an_instant_fits_its_format_or_is_unknown(cell, zone, text_format, expected):
    assert expected == instant_of(cell, zone, text_format)


def test_formats_are_tried_from_left_to_right():
    assert "2021-02-01 00:00:00" == instant_of("01/02/2021", UTC_ZONE, "%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y")


def test_no_cells_are_no_instants():
    assert 0 == len(instants(texts(), ("%Y-%m-%d",), MOSCOW))


@pytest.mark.parametrize(
    "cell, mark, currency, expected",
    [
        ("3558.5", ".", "USD", 355850),
        ("$200,000", ".", "USD", 20_000_000),
        ("-101.15", ".", "USD", -10115),
        ("-$5", ".", "USD", -500),
        ("R$ 10.000,50", ",", "BRL", 1_000_050),
        ("7\u00a0450\u00a0000,00 ₽", ",", "RUB", 745_000_000),
        ("12 500,50 руб.", ",", "RUB", 1_250_050),
        ("100 RUB", ",", "RUB", 10_000),
        ("1000", ".", "JPY", 1000),
        ("€100", ".", "USD", None),
        ("100 RUB", ".", "USD", None),
        ("1,5", ".", "USD", None),
        ("1.234", ",", "USD", 123_400),
        ("12,34,567", ".", "USD", None),
        ("1e5", ".", "USD", None),
        ("inf", ".", "USD", None),
        ("nan", ".", "USD", None),
        ("--5", ".", "USD", None),
        ("12abc", ".", "USD", None),
        ("٣", ".", "USD", None),
        ("€ 2.900,00", ",", "EUR", 290_000),
        ("€ 2.900,00", ".", "EUR", None),
        ("1.234", ".", "RUB", 123),
        ("R$ 100.000", ".", "USD", None),
        ("R$ 100.000", ",", "BRL", 10_000_000),
        ("#VALUE!", ".", "USD", None),
    ],
)
def test_an_amount_becomes_minor_units_of_its_own_currency_or_is_unknown(cell, mark, currency, expected):
    (found,) = money(texts(cell), mark, currency)
    assert expected == (None if np.isnan(found) else found)


@pytest.mark.parametrize(
    "cell, expected",
    [
        ("1.234", None),
        ("$1.234", None),
        ("-101.150", None),
        ("1.2345", 123),
        ("1.5", 150),
        ("1234.567", 123_457),
        ("1,234", 123_400),
        ("1,234.567", 123_457),
    ],
)
def test_where_nobody_said_what_the_dot_is_an_amount_may_be_a_thousand_times_as_much(cell, expected):
    """Then it is unknown, and told, rather than a thousandth."""
    (found,) = money(texts(cell), ".", "USD", is_mark_said=False)
    assert expected == (None if np.isnan(found) else found)


@pytest.mark.parametrize(
    "cell, expected",
    [
        ("62", 62),
        ("62.0", 62),
        ("01:02:03", 3723),
        ("0:00:30", 30),
        ("27:00:00", 97_200),
        ("4 days, 21:19:46", 422_386),
        ("99999999999:00:00", None),
        ("1 day, 0:00:01", 86_401),
        ("0:01:02.6", 63),
        ("02:03", None),
        ("1:75:00", None),
        ("4 days", None),
        ("62.5", None),
        ("#REF!", None),
        ("long", None),
    ],
)
def test_a_duration_is_in_seconds_or_as_a_clock_shows_it(cell, expected):
    """Two numbers may be hours and minutes, or minutes and seconds."""
    (found,) = seconds(texts(cell), ".")
    assert expected == (None if np.isnan(found) else found)


def test_no_cells_are_no_durations():
    assert 0 == len(seconds(texts(), "."))


@pytest.mark.parametrize(
    "cell, is_id",
    [
        ("1234567890123456789", True),
        ("007", True),
        ("ДДУ 17", True),
        ("A-1/2", True),
        ("5E10", True),
        ("12 345", False),
        ("1\u00a0234\u00a0567", False),
        ("5.8E+18", False),
        ("5,8e+18", False),
        ("6E+18", False),
        ("#REF!", False),
        ("#ССЫЛКА!", False),
        ("79161234567", False),
        ("a@mail.ru", False),
    ],
)
def test_an_id_is_what_the_crm_wrote_and_not_what_a_spreadsheet_made_of_it(cell, is_id):
    assert [cell if is_id else None] == list(card_ids(texts(cell)))


def test_a_formula_that_failed_is_no_text():
    cells = texts("#N/A", "#Н/Д", "#hash", "Select")
    expected = [None, None, "#hash", "Select"]
    assert (expected, expected) == (list(plain(cells)), list(masked_texts(cells, frozenset())))


@pytest.mark.parametrize(
    "cell, told",
    [
        ("31.02.2026", "31.02.2026"),
        ("5 млн", "5 млн"),
        ("R$ 100.000", "R$ 100.000"),
        ("Select", "Select"),
        ("не закрыта", "не закрыта"),
        ("нет данных", "нет данных"),
        ("not yet closed", "not yet closed"),
        ("не звонить ивановой", "aa aaaaaaa aaaaaaaa"),
        ("без анны", "aaa aaaa"),
        ("<не заполнено>", "<не заполнено>"),
        ("#REF!", "#REF!"),
        ("Иванова Анна", "aaaaaaa aaaa"),
        ("Smith 12", "aaaaa 12"),
        ("Ким Ева", "aaa aaa"),
        ("+7 916 123-45-67", "***"),
        ("a.b@mail.ru", "***"),
    ],
)
def test_what_stands_for_a_date_or_a_number_is_told_without_a_name(cell, told):
    """Columns slip, and then a client stands where a date should."""
    assert told == quotable(cell)


def test_a_count_is_a_whole_number():
    assert [50, 50, None] == [None if np.isnan(n) else n for n in whole_numbers(texts("50", "50.0", "50.5"), ".")]


def test_an_area_may_have_decimals():
    assert [41.5, 1234.5] == list(numbers(texts("41,5", "1 234,5"), ","))


def test_yes_and_no_in_words():
    assert [True, True, False, pd.NA] == list(answers(texts("Да", "TRUE", "0", "может быть")))
    assert [True, False] == list(answers(texts("ИСТИНА", "ЛОЖЬ")))


def test_only_listed_values_are_members():
    assert ["form", None] == list(members(texts("form", "Form"), Enquiry))


@pytest.mark.parametrize(
    "phone, expected",
    [
        ("+7 912 345-67-89", "+79123456789"),
        ("89123456789", "+79123456789"),
        ("+44 20 7946 0958", "+442079460958"),
        ("12345", None),
        ("<script>", None),
    ],
)
def test_a_phone_is_checked_against_the_numbering_plan(phone, expected):
    assert expected == normal_phone(phone, "RU")


def test_a_phone_is_known_by_a_hash_that_needs_the_key():
    assert phone_hash("+79123456789", b"key") == phone_hash("+79123456789", b"key")
    assert phone_hash("+79123456789", b"key") != phone_hash("+79123456789", b"other")


@pytest.mark.parametrize(
    "text, expected",
    [
        ("звонила по +7 912 345-67-89, просит письмо на a.b@mail.ru", "звонила по ***, просит письмо на ***"),
        ("8(912)345-67-89", "***"),
        ("пишет в t.me/ivan_petrov, просит ответ", "пишет в ***, просит ответ"),
        ("https://wa.me/79123456789?text=hi и HTTPS://T.me/+79123456789.", "*** и ***."),
        ("(telegram.me/ivan), wa.me/79123456789", "(***), ***"),
        ("сайт export.me/plan, at.me/x, в t.me не писал", "сайт export.me/plan, at.me/x, в t.me не писал"),
        ("встреча 05.03.2026 18:00, квартира 120 м², лид 1001", "встреча 05.03.2026 18:00, квартира 120 м², лид 1001"),
    ],
)
def test_phones_and_mails_are_masked_in_free_text(text, expected):
    assert expected == masked(text)


def test_an_instant_is_in_utc():
    assert datetime(2026, 3, 4, 21, tzinfo=UTC) == instants(texts("2026-03-05"), ("%Y-%m-%d",), MOSCOW)[0]


ODD = "aZ09 ~!\t\n\r\x00\x1c\x7f\x85\xa0\u200b\u3000Жé+-@."
cells_of_odd_signs = st.lists(st.text(ODD, max_size=4) | st.text(max_size=14), unique=True)


@given(cells_of_odd_signs)
def test_plain_texts_that_are_taken_as_they_stand_are_what_looking_closer_would_leave(cells: list[str]) -> None:
    blank = {"", "-"}
    expected = [None if (text := visible(cell).strip()) in blank else text for cell in cells]
    assert expected == list(cleaned(pa.array(cells, pa.string()), blank))


@given(cells_of_odd_signs | st.lists(st.text("0123456789aE+ ", min_size=1, max_size=14), unique=True))
def test_ids_too_short_for_a_phone_are_what_looking_closer_would_leave(cells: list[str]) -> None:
    assert [cell if is_card_id(cell) else None for cell in cells] == list(card_ids(texts(*cells)))
