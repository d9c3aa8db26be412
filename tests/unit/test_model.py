"""Rules that the nouns themselves keep."""

from datetime import UTC, datetime

import pytest

from planerka.model import Command, Decision, DisputeOrigin

RETURNABLE = {
    DisputeOrigin.UNLAWFUL: {"rejected"},
    DisputeOrigin.UNPROVABLE: {"rejected"},
    DisputeOrigin.NEGLECT: {"open", "rejected"},
    DisputeOrigin.RAISED: {"rejected"},
}


@pytest.mark.parametrize("origin", DisputeOrigin)
def test_a_ruling_returns_only_a_lead_that_is_where_such_a_dispute_finds_it(origin):
    """Nobody returns a buyer, and nobody but of neglect a lead that is in work."""
    assert RETURNABLE[origin] == set(origin.returnable)


def test_a_ruling_that_upholds_a_rejection_is_no_command():
    with pytest.raises(ValueError, match="planerka-1 upholds a rejection: there is nothing to write"):
        Command(
            marker="planerka-1",
            lead_id="L1",
            origin=DisputeOrigin.UNLAWFUL,
            kind=Decision.UPHOLD,
            manager_id=None,
            stage_id=None,
            note="",
            task="",
            due_at=datetime(2026, 3, 11, tzinfo=UTC),
        )
