"""The facts of a pack are frozen as JSON and read back unchanged."""

import json
import math

import pytest

from planerka.errors import PlanerkaError
from planerka.pack.facts import from_json, to_json
from tests.builders_pack import empty_facts, export_facts, figure, pack_facts


@pytest.mark.parametrize("facts", [pack_facts(), export_facts(), empty_facts()], ids=["full", "export", "empty"])
def test_facts_come_back_from_json_as_they_went(facts):
    """What the table `pack` keeps is the pack: nothing is lost on the way through JSON text."""
    assert facts == from_json(json.loads(json.dumps(to_json(facts), allow_nan=False)))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_figure_without_a_number_must_say_why(value):
    """NaN in a pack would be shown as a number: the figure refuses it by name."""
    with pytest.raises(PlanerkaError, match="figure leads_n is"):
        figure("leads_n", value)


def test_a_row_that_is_no_pack_is_refused_by_its_place():
    """A damaged row says where it is damaged and what to do."""
    plain = to_json(pack_facts())
    del plain["funnel"]["steps"][0]["now"]["kpi"]
    with pytest.raises(PlanerkaError, match=r"funnel\.steps\.0\.now\.kpi: assemble the week again"):
        from_json(plain)
