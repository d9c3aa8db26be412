"""How the answers of amoCRM are read: its errors, its seconds, the fields of its cards."""

import re
from datetime import datetime
from pathlib import Path

import pytest

from planerka.crm.amocrm.cards import KNOWN, OWN, text_of
from planerka.crm.amocrm.client import DIALECT, Span, words
from planerka.crm.amocrm.happenings import outcome_of
from planerka.crm.base import Window
from planerka.crm.cards import Cards
from planerka.crm.http import Then
from planerka.crm.mapping import AccountMapping
from planerka.crm.mapping_file import load

PAGE = (Path(__file__).parents[2] / "docs" / "amocrm.md").read_text("utf-8")

INVALID = {"code": "NotSupportedChoice", "path": "status_id", "detail": "The value you selected is not a valid choice."}

REFUSALS = [
    (
        {"validation-errors": [{"request_id": "0", "errors": [INVALID]}], "detail": "Request validation failed"},
        ("NotSupportedChoice", "status_id: The value you selected is not a valid choice."),
    ),
    (
        {"errors": {"11062353": "Loss reason can be specified only for lost lead"}, "detail": "Invalid request body"},
        ("problem", "Loss reason can be specified only for lost lead"),
    ),
    ({"title": "Unauthorized", "status": 401, "detail": "Неверный логин"}, ("problem", "Неверный логин")),
    ({"title": "Bad Request"}, ("problem", "Bad Request")),
    ([], ("problem", "")),
]


@pytest.mark.parametrize("answer, expected", REFUSALS)
def test_an_error_is_told_in_one_of_two_forms(answer, expected):
    said = words(answer)
    assert expected == (said.code, said.text)


MISSING = [("problem", Then.REFUSED), (None, Then.MOVED)]


@pytest.mark.parametrize("code, then", MISSING)
def test_only_a_404_that_amocrm_wrote_is_of_a_record(code, then):
    assert then == DIALECT.then(404, code, False)


SPANS = [
    ("00:00:00", "00:00:10", (0, 9)),
    ("00:00:00.5", "00:00:10", (1, 9)),
    ("00:00:00", "00:00:10.5", (0, 10)),
    ("00:00:00.2", "00:00:00.8", (1, 0)),
]


@pytest.mark.parametrize("since, until, expected", SPANS)
def test_a_window_is_its_whole_seconds_without_its_end(since, until, expected):
    """The filters of amoCRM hold both of their ends: of two windows in a row, each second is in one."""
    first, end = (datetime.fromisoformat(f"1970-01-01T{text}+00:00") for text in (since, until))
    span = Span.of(Window(since=first, until=end))
    assert expected == (span.first, span.last)


FIELDS = [
    ("text", ["Сочи"], "Сочи"),
    ("numeric", [4500000], "4500000"),
    ("checkbox", [True], "yes"),
    ("multiselect", ["Рассрочка", "Ипотека"], "Рассрочка, Ипотека"),
    ("date", [1767225600], "2026-01-01T00:00:00+0000"),
    ("date", ["2026-01-01"], "2026-01-01"),
    ("text", [""], None),
    ("text", [], None),
]


@pytest.mark.parametrize("kind, values, expected", FIELDS)
def test_a_field_of_a_card_is_a_text(kind, values, expected):
    assert expected == text_of({"field_type": kind, "values": [{"value": value} for value in values]})


OUTCOMES = [(4, 60, "answered"), ("4", 0, "answered"), (6, 0, "no_answer"), (None, 60, "answered")]
OUTCOMES += [(None, 0, "no_answer"), (None, None, None), ("talked", 5, "answered"), (99, 0, "no_answer")]


@pytest.mark.parametrize("status, duration_s, expected", OUTCOMES)
def test_a_call_without_a_known_status_was_answered_if_it_has_a_length(status, duration_s, expected):
    assert expected == outcome_of(status, duration_s)


def test_the_mapping_of_the_manual_is_one(tmp_path):
    """It reads fields of the account's own by their numbers, and no column that there is not."""
    (example,) = re.findall(r"```yaml amocrm.yaml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "amocrm.yaml").write_text(example, "utf-8")
    cards = Cards(load(tmp_path / "amocrm.yaml", AccountMapping), KNOWN, b"key")
    assert ["548213", "548215", "548217", "548219", "548221"] == sorted(cards.columns - set(OWN))


def test_the_manual_names_every_column_that_an_account_has():
    known = set(OWN) - {"id", "stage", "url", "phone", "contact"}
    assert set() == {name for name in known if f"`{name}`" not in PAGE}
