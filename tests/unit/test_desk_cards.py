"""What stands on a card, as the desk tells it."""

from zoneinfo import ZoneInfo

import pytest

from planerka.desk.show.case import card
from planerka.desk.show.disputes import Shower
from planerka.model import ReferenceKind
from planerka.words import words_for
from tests.builders_desk import NOON

DECISIONS = [
    ("approved", "одобрено"),
    ("declined", "отказ"),
    ("Отказ {двух} банков", "Отказ {двух} банков"),  # of a CRM that holds a free text
]


@pytest.mark.parametrize("kept, told", DECISIONS)
def test_the_decision_of_the_bank_is_told_in_the_language_of_the_page(kept: str, told: str) -> None:
    names = {kind: {} for kind in ReferenceKind}
    shower = Shower(words=words_for("ru"), zone=ZoneInfo("Europe/Moscow"), now=NOON, names=names)
    assert [("Решение банка", told)] == card(shower, {"mortgage_decision": kept}, None)
