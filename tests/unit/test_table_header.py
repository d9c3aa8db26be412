"""Which row is the header: names are told as they are, a client's row is not."""

import pytest

from planerka.crm.header import is_row, row_below_title, told_header

HEADERS = [
    "ID;Этап;2026 год",
    "Канал;2025;2026",
    "ID;Дата создания;Телефон 2",
    "ID;1 квартал 2026;Сумма, 1000 руб.",
    "0;ID;Stage",
    "№;Дата;Цена/м2",
    "Проект;1;2;3;4",
    "Проект;01;02;03",
    "Проект;2026 план;2026 факт",
]
ROWS = [
    "1001;Иванов Пётр;новый",
    "2045;Иванов Пётр;новый",
    "2004 123456;Иванов Пётр;новый",
    "17;5;1",
    "1;2",
    "Иванов;12,5;7 450 000",
    "Иванов;новый;+7 912 345-67-89",
    "Иванов;новый;8 (912) 345-67-89",
    "Иванов;новый;89123456789",
    "Иванов;02.03.2026;новый",
    "Иванов;2026-03-02T10:05:00+03:00;новый",
    "anna@example.com;новый;Сайт",
    "4501 123456 Иванов;новый;Сайт",
]


@pytest.mark.parametrize("written", HEADERS)
def test_a_header_is_told_as_it_is(written):
    header = written.split(";")
    assert not is_row(header)
    assert header == told_header(header)


@pytest.mark.parametrize("written", ROWS)
def test_a_row_in_the_place_of_the_header_is_seen(written):
    assert is_row(written.split(";"))


def test_words_of_a_row_are_not_told():
    assert ["1001", "aaaaaa aaaa", "aaaaa"] == told_header(["1001", "Иванов Пётр", "новый"])


FULL = (3, ["ID", "Этап", "Канал"])
TITLED = [
    ([(1, ["Отчёт"]), FULL], 3),
    ([(1, ["Отчёт", None, ""]), (2, [" "]), FULL, (4, ["1", "новый", "Сайт"])], 3),
    ([(1, ["Отчёт", None]), (2, ["Период", "ноябрь"]), FULL], 3),
    ([(1, ["ID", "Этап"]), FULL], None),
    ([(1, ["x"]), (2, ["1001", "новый", "Сайт"]), FULL], None),
    ([(1, ["ID;Этап;Цена"]), (2, ["1;новый;7", "5"])], None),
    ([(1, ["ID"]), (2, ["a"])], None),
    ([(1, ["ID", "Этап"]), (2, ["а", "новый"]), (3, ["б", "новый", "Сайт", "Петров", "да"])], None),
    ([], None),
]


@pytest.mark.parametrize("rows, expected", TITLED)
def test_the_header_below_a_title_is_the_first_row_to_name_every_column(rows, expected):
    assert expected == row_below_title(rows)
