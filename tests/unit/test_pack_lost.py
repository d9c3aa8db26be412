"""Which figures of the last pack are lost in this one: those that close the gate."""

import pytest

from planerka.kpis.kpi import State
from planerka.pack.assembly.appendix import lost
from planerka.pack.facts import Figure
from tests.builders_pack import figure
from tests.builders_pack import lost as not_computable

HAD = (figure("cost_per_lead", 1000.0),)
NOW = {
    "the source has no spend any more": (not_computable("cost_per_lead", "spend"), ["cost_per_lead"]),
    "nothing was spent in these days": (not_computable("cost_per_lead", "spend.spent_on"), []),
    "there is no lead to divide by": (figure("cost_per_lead", None, state=State.NO_DATA), []),
    "it had no value before either": (not_computable("contract_share", "event.booked"), []),
}


@pytest.mark.parametrize("now, expected", NOW.values(), ids=NOW.keys())
def test_a_figure_is_lost_for_want_of_a_field_and_not_for_want_of_events(now: Figure, expected: list[str]) -> None:
    assert expected == list(lost((now,), HAD))
