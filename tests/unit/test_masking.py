"""What is masked in whatever is written down, and what must stay readable there."""

import io
import logging
import subprocess
import sys
from pathlib import Path

import pytest

from flows.masking import MaskedRecord
from planerka.errors import CrmError, DeliveryError, SettingsError
from planerka.phones import is_contact, masked, masked_colleague

PROJECT = Path(__file__).parents[2]
PHONE = "+79161234567"


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()]


SPELLINGS = lines("""
    +79161234567
    89161234567
    9161234567
    4951234567
    8 (916) 123-45-67
    8-916-123-45-67
    +7 916 123–45–67
    7.916.123.45.67
    916 123 4567
    +998 90 123 45 67
    ivan.petrov@mail.ru
    иван@почта.рф
""")

STAY = lines("""
    2026-11-24T06:00:00+00:00
    24.11.2026 10:15
    2026-W47 version 2
    1 234 567 890 ₽
    12 345 678 901 ₽
    500 000 – 700 000 ₽
    98.7 % of 1234 (95 %: 97.1–99.2)
    0.9161234567
    0.4166666666666667
    1234567890
    revenue_minor 3312345600 of 9100000000, planned 75000000000
    1732431600
    lead 29451234567
    550e8400-e29b-41d4-a716-446655440000
    planerka-12-return_to_work-20261124060000123456
    sha256:0123456789abcdef
    192.168.10.20:5432
    http://192.168.10.20:4200/api
    postgresql+psycopg://planerka:***@db.company.example/planerka
    postgresql://planerka@db.company.example/planerka
    https://crm.company.example/leads/detail/89161234567
    pulled up to 2026-11-24: 350 000 rows, 100 changed
    {'unlawful': 120, 'lawful': 3456}
    /srv/planerka/out/2026-W47-v1/pack.ru.html
""")


COLLEAGUES = [
    ("Иванова Анна", "Иванова Анна"),
    ("anna@example.com", "anna@example.com"),
    ("7701234567", "7701234567"),
    ("ООО «Ключ», ИНН 7701234567", "ООО «Ключ», ИНН 7701234567"),
    ("Иванова, 8 916 123-45-67", "Иванова, ***"),
    ("89161234567", "***"),
    ("+79161234567", "***"),
    ("t.me/anna", "***"),
]


@pytest.mark.parametrize("text, expected", COLLEAGUES)
def test_of_a_colleague_a_phone_is_masked_and_nothing_by_which_companies_tell_them_apart(text, expected):
    assert expected == masked_colleague(text)


@pytest.mark.parametrize("text", SPELLINGS)
@pytest.mark.parametrize("around", ["{}", "тел. {}, вечером", "({})", "{},{}", "{}/{}", "дозвон: {}."])
def test_a_phone_is_masked_however_it_is_written(text, around):
    assert around.format("***", "***") == masked(around.format(text, text))


def test_a_sign_before_a_phone_does_not_hide_it():
    assert "тел_*** №*** tel=***" == masked("тел_89161234567 №89161234567 tel=79161234567")


@pytest.mark.parametrize("text", STAY)
def test_dates_ids_counts_figures_and_addresses_of_machines_stay(text):
    assert text == masked(text)


CONTACTS = """
    79161234567 | 8 (916) 123-45-67 | +7 916 123-45-67 | call-79161234567-1732431600 | 79161234567_17
    a@b.ru | t.me/ivan
"""
IDS = """
    007 | L-17 | 9876543210 | deal-9876543210 | 29451234567 | 80000012345 | 550e8400-e29b-41d4-a716-446655440000
"""


@pytest.mark.parametrize("line, expected", [(CONTACTS, True), (IDS, False)])
def test_an_id_is_a_contact_only_where_no_crm_would_count_so_far(line, expected):
    ids = [id_.strip() for row in lines(line) for id_ in row.split("|")]
    assert [] == [id_ for id_ in ids if is_contact(id_) != expected]


def written(*arguments: object, **options: object) -> str:
    """What a handler writes of a record."""
    file = io.StringIO()
    handler = logging.StreamHandler(file)
    record = MaskedRecord("planerka.x", logging.INFO, "x.py", 1, *arguments, **options)
    handler.handle(record)
    return file.getvalue()


def test_a_record_is_masked_with_its_arguments():
    """Whatever they are: a dictionary is masked as the text that is made of it."""
    assert "client *** of {'id': '***'}, 12 rows\n" == written(
        "client %s of %s, %d rows", ("+79161234567", {"id": "a@mail.ru"}, 12), None
    )
    record = MaskedRecord("x", logging.INFO, "x.py", 1, "a@mail.ru: %s", ("89161234567",), None)
    assert ("***: %s", ("***",)) == (record.msg, record.args)


def test_the_traceback_of_a_record_is_masked():
    try:
        raise ValueError("no such key: +79161234567")
    except ValueError:
        said = written("failed", (), sys.exc_info())
    assert "ValueError: no such key: ***" in said
    assert "9161234567" not in said


def test_a_record_that_cannot_be_formatted_harms_nobody(capsys):
    """The logging library says so on the error output, and the run goes on."""
    assert "" == written("%d rows of %s", (PHONE,), None)
    assert PHONE not in capsys.readouterr().err


def test_an_error_of_ours_quotes_no_client_but_may_quote_a_colleague():
    """A state in Prefect's database is made of the error itself, past every log."""
    assert "deals.csv: ID '***' twice" == str(CrmError("deals.csv: ID '89161234567' twice"))
    for kind in (SettingsError, DeliveryError):
        assert "director@company.ru refused" == str(kind("director@company.ru refused"))


def test_an_error_nobody_expected_is_printed_masked():
    code = "from flows.masking import mask_what_is_written as mask; mask(); raise KeyError('+79161234567')"
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (1, "KeyError: '***'") == (answer.returncode, answer.stderr.splitlines()[-1])
    assert "9161234567" not in answer.stderr
