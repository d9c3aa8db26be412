"""What a verdict saw on a card goes back into the evidence as it came out of it."""

import pandas as pd
import pytest

from planerka.model import Outcome, Rejection, Verdict
from planerka.regulation.evidence import card_facts
from planerka.regulation.fields import FIELDS, FieldKind
from planerka.regulation.findings import plain_values
from planerka.regulation.rejudging import as_seen
from tests.builders_regulation import frame_of

ON_CARD = {
    FieldKind.COUNT: [0, 3],
    FieldKind.MONTHS: [6, 120],
    FieldKind.MONEY: [0, 12_345_678_900],
    FieldKind.YES_NO: [False, True],
    FieldKind.TEXT: ["Южный берег", "   "],
    FieldKind.CODE: ["full_price", "monthly_payment"],
}
OF_CARD = [field for field in FIELDS if field.is_of_card]


@pytest.mark.parametrize("field", OF_CARD, ids=lambda field: field.name)
def test_a_card_that_was_changed_since_says_what_the_verdict_saw(field):
    """Also where it said nothing; a field that no clause read is today's."""
    ids = [f"R{n}" for n in range(3)]
    values = [*ON_CARD[field.kind], None]
    then = frame_of(Rejection, [{"id": id_, field.name: value} for id_, value in zip(ids, values, strict=True)])
    facts = card_facts(then)[field.name]
    array = facts if field.kind != FieldKind.CODE else pd.Series(facts).fillna(-1).astype(int).to_numpy()
    seen = [{field.name: value} for value in plain_values(field, array)]
    known = {
        id_: Verdict(rejection_id=id_, number=1, edition="e", outcome=Outcome.LAWFUL, findings=(), evidence=snapshot)
        for id_, snapshot in zip(ids, seen, strict=True)
    }
    now = frame_of(Rejection, [{"id": id_, field.name: ON_CARD[field.kind][0], "offer": "Скидка"} for id_ in ids])
    put_back = card_facts(as_seen(now, known))
    pd.testing.assert_series_equal(pd.Series(facts), pd.Series(put_back[field.name]))
    assert field.name == "offer" or [1.0, 1.0, 1.0] == put_back["offer"].tolist()


def test_facts_of_cards_are_those_that_no_event_dates():
    """What the other facts are made of happened at a moment, or stands on a price list of a day."""
    of_card = {field.name for field in OF_CARD}
    assert set() == of_card & {
        "attempts_n",
        "stage_reached",
        "original_state",
        "phone_is_valid",
        "cheapest_price_minor",
    }
    assert {"competitor", "comment", "duplicate_of_id", "budget_kind", "asked_not_to_call"} <= of_card
