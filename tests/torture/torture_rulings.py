"""Rulings killed a hundred times on their way to the CRM, whose every third answer is cut off, and undone at the moment
at which they leave: each is kept, each command is in the CRM once, and none is there that was taken back.

PLANERKA_TORTURE_RULING_KILLS_N sets how many kills there are, of each kind of CRM on each database.
"""

import os
import time
from collections.abc import Iterator
from random import Random

import pytest
import sqlalchemy as sa

from tests.torture.rulings_lab import A_RUN_N, Review, account_of, kill_rulings, race_undo, review_of, wrong

KILLS_N = int(os.environ.get("PLANERKA_TORTURE_RULING_KILLS_N", "100"))
RACES_N = 200


@pytest.fixture(params=["amocrm", "odoo"])
def review(request: pytest.FixtureRequest, engine: sa.Engine) -> Iterator[Review]:
    with account_of(request.param) as account:
        yield review_of(engine, account, max(RACES_N, 2 * (KILLS_N + 4) * A_RUN_N))


def test_rulings_killed_on_their_way_are_kept_and_carried_out_once(review: Review) -> None:
    began_s = time.monotonic()
    kill_rulings(review, KILLS_N, Random(2026))
    print(f"{KILLS_N} kills, {len(review.acknowledged)} rulings acknowledged, {time.monotonic() - began_s:.0f} s")
    assert [] == wrong(review)


def test_a_ruling_is_undone_or_handed_over_and_never_both(review: Review) -> None:
    found = race_undo(review, RACES_N, Random(2026))
    print(dict(found))
    assert {"undone", "handed over"} == set(found)
    assert [] == wrong(review)
