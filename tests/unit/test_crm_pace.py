"""A CRM is asked evenly, by all processes of a machine together."""

import asyncio
from pathlib import Path

import pytest

from planerka.crm.pace import FORGOTTEN_S, HEADROOM, Pace
from tests.virtual_time import run

PER_S = 7


async def turns(pace: Pace, turns_n: int, waiting_n: int = 3) -> list[float]:
    """When so many turns came, of as many as want one at any time."""
    at = []

    async def ask() -> None:
        while len(at) < turns_n:
            await pace.turn()
            at.append(asyncio.get_running_loop().time())

    await asyncio.gather(*(ask() for _ in range(waiting_n)))
    return at[:turns_n]


def most_in_a_second(at: list[float]) -> int:
    return max(sum(start <= t < start + 1 for t in at) for start in at)


@pytest.mark.parametrize("waiting_n", [1, 3, 50])
def test_no_second_has_more_turns_than_are_permitted_and_almost_none_is_lost(waiting_n):
    at = run(turns(Pace(PER_S), 700, waiting_n))
    assert PER_S == most_in_a_second(at)
    assert 0.97 < HEADROOM - 0.001 < 700 / (at[-1] * PER_S)


def test_what_was_not_used_is_not_made_up_for():
    """A burst after a minute of silence is one too many requests in its second."""

    async def with_a_break() -> list[float]:
        pace = Pace(PER_S)
        await turns(pace, 10)
        await asyncio.sleep(60)
        return await turns(pace, 70)

    assert PER_S == most_in_a_second(run(with_a_break()))


def test_two_who_know_nothing_of_each_other_share_what_is_permitted(tmp_path):
    """A pull and the commands of rulings run in processes of their own."""

    async def two() -> list[float]:
        both = await asyncio.gather(*(turns(Pace(PER_S, tmp_path / "var" / "pace"), 100) for _ in range(2)))
        return sorted([*both[0], *both[1]])

    assert PER_S == most_in_a_second(run(two()))


def test_during_a_pause_nobody_asks_and_after_it_not_all_at_once():
    async def paused() -> tuple[float, list[float]]:
        pace = Pace(PER_S)
        await turns(pace, 5)
        asked = asyncio.create_task(turns(pace, 20, waiting_n=20))
        await asyncio.sleep(0)
        pace.pause(30)
        return asyncio.get_running_loop().time(), await asked

    began_at, at = run(paused())
    assert began_at + 30 <= at[0]
    assert PER_S == most_in_a_second(at)


def test_a_turn_written_before_the_machine_was_started_anew_is_forgotten(tmp_path):
    """Its clock began again at nought: to wait for that turn could take years."""
    path: Path = tmp_path / "pace"
    path.write_text(f"{FORGOTTEN_S * 1000:020.6f}")
    assert [0.0] == run(turns(Pace(PER_S, path), 1))
