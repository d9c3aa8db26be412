"""Rulings killed on their way to the CRM, and taken back at the moment at which they leave: `make torture` does it a
hundred times."""

from collections.abc import Iterator
from random import Random

import pytest
import sqlalchemy as sa

from tests.torture.rulings_lab import A_RUN_N, Review, account_of, kill_rulings, race_undo, review_of, wrong

KILLS_N = 3
RACES_N = 15
KINDS = {"sqlite": "amocrm", "postgresql": "odoo"}
"""By database: each of both once."""


@pytest.fixture
def review(engine: sa.Engine) -> Iterator[Review]:
    with account_of(KINDS[engine.dialect.name]) as account:
        yield review_of(engine, account, 4 * (KILLS_N + 1) * A_RUN_N)


def test_rulings_killed_on_their_way_are_kept_and_carried_out_once(review: Review) -> None:
    """Though every third answer of the CRM is cut off."""
    kill_rulings(review, KILLS_N, Random(2026))
    assert [] == wrong(review)


def test_a_ruling_is_undone_or_handed_over_and_never_both(review: Review) -> None:
    assert {"undone", "handed over"} >= set(race_undo(review, RACES_N, Random(2026)))
    assert [] == wrong(review)
