"""What a verdict saw on a card goes back into the evidence as it came out of it."""

import numpy as np
import pandas as pd
import pytest

from planerka.regulation.fields import CATALOGUE, FieldKind
from planerka.regulation.findings import plain_values
from planerka.regulation.rejudging import column_of

OF_CARD = [field.name for field in CATALOGUE.values() if field.is_of_card]
VALUES = {
    FieldKind.COUNT: [0.0, 3.0],
    FieldKind.MONTHS: [6.0, 120.0],
    FieldKind.MONEY: [0.0, 12_345_678_900.0],
    FieldKind.DAYS: [0.5, 400.0],
    FieldKind.YES_NO: [0.0, 1.0],
    FieldKind.TEXT: [1.0, 1.0],
}


@pytest.mark.parametrize("name", OF_CARD)
def test_a_value_of_a_card_comes_back_from_the_snapshot_as_it_was(name):
    """Also one that is not known."""
    field = CATALOGUE[name]
    if field.kind == FieldKind.CODE:
        evidence = pd.Series(pd.Categorical([*field.codes, None], list(field.codes)))
        arrays = evidence.cat.codes.to_numpy()
    else:
        evidence = pd.Series([*VALUES[field.kind], np.nan])
        arrays = evidence.to_numpy()
    pd.testing.assert_series_equal(evidence, column_of(field, plain_values(field, arrays)))


def test_facts_of_cards_are_those_that_no_event_dates():
    """What the other facts are made of happened at a moment, or stands on a price list of a day."""
    dated = [
        "attempts_n",
        "first_response_min",
        "longest_talk_s",
        "stage_reached",
        "reopened_n",
        "cheapest_price_minor",
    ]
    assert [] == [name for name in dated if CATALOGUE[name].is_of_card]
    assert {"competitor", "comment", "phone_is_valid", "original_state", "asked_not_to_call"} <= set(OF_CARD)
