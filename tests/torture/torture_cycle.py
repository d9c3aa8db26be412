"""The weekly cycle, killed hundreds of times: however often it dies, it comes to the end that nobody disturbed."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from random import Random
from signal import SIGKILL

import pytest

from tests.builders_cycle import child, files_of, open_company, rows_of, run_company
from tests.contract.test_cycle_killed import LEADS_N, State, run_killed, undisturbed
from tests.contract.test_faults import cycle_with_the_database_gone
from tests.services import find_postgres, missing, postgres_cluster, postgres_database, postgres_folder

KILLS_N = {"sqlite": 200, "postgres": 50}


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """A PostgreSQL cluster, as the folder of its socket."""
    binaries = find_postgres() or missing("PostgreSQL (initdb)", "postgresql")
    with postgres_cluster(binaries) as socket_folder:
        yield socket_folder


@contextmanager
def empty_store(kind: str, folder: Path, cluster: str) -> Iterator[str]:
    """A folder for a company, and the URL of its database."""
    folder.mkdir()
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'store.db'}"
    else:
        with postgres_database(cluster, f"company_{folder.name}") as url:
            yield url


def killed_to_its_end(folder: Path, store_url: str, dice: Random, most_s: float) -> int:
    """Kill the cycle, within so many seconds of its beginning, until one is faster; how many were killed."""
    codes = iter(lambda: run_killed(folder, dice.uniform(0, most_s), store_url), 0)
    return sum(code == -SIGKILL for code in codes)


def state_of(folder: Path, store_url: str) -> State:
    """Every row and every file of a company, but those hidden ones that a kill leaves beside what it was writing."""
    company = open_company(folder, store_url=store_url, leads_n=LEADS_N)
    rows = rows_of(company.engine)
    company.engine.dispose()
    return rows, {name: found for name, found in files_of(folder / "out").items() if "/." not in name}


def differences(expected: State, found: State) -> list[tuple[str, object, object]]:
    """What differs, by table or file: as it should be, and as it is."""
    pairs = [
        (name, these.get(name), those.get(name))
        for these, those in zip(expected, found, strict=True)
        for name in these | those
    ]
    return [pair for pair in pairs if pair[1] != pair[2]]


@pytest.mark.parametrize("kind", KILLS_N)
def test_cycles_killed_at_random_moments_all_come_to_the_same_end(tmp_path: Path, cluster: str, kind: str):
    """From its beginning to after its end; every company is killed until one of its runs gets away."""
    began_s, dice, killed_n = time.monotonic(), Random(2026), 0
    with empty_store(kind, tmp_path / "undisturbed", cluster) as url:
        expected, lasts_s = undisturbed(run_company(tmp_path / "undisturbed", url), url)
    for number in count():
        with empty_store(kind, tmp_path / str(number), cluster) as url:
            killed_n += killed_to_its_end(tmp_path / str(number), url, dice, lasts_s)
            assert [] == differences(expected, state_of(tmp_path / str(number), url))
        print(f"{kind}: {killed_n} kills, {number + 1} companies, {time.monotonic() - began_s:.0f} s")
        if killed_n >= KILLS_N[kind]:
            return


@pytest.mark.parametrize("kind", KILLS_N)
def test_of_cycles_started_together_one_works_and_the_others_say_who(tmp_path: Path, cluster: str, kind: str):
    """Started within one moment, ten times: what is in the store is what one of them would have left alone."""
    with empty_store(kind, tmp_path / "undisturbed", cluster) as url:
        expected, _ = undisturbed(run_company(tmp_path / "undisturbed", url), url)
    for number in range(10):
        with empty_store(kind, tmp_path / str(number), cluster) as url:
            said = [run.communicate()[0] for run in [child(tmp_path / str(number), LEADS_N, url) for _ in range(3)]]
            assert 1 == said.count("begins\n")
            assert 2 == sum("BusyError cycle of sample is held by" in words for words in said)
            assert [] == differences(expected, state_of(tmp_path / str(number), url))


@pytest.mark.parametrize("after_s", [0, 2, 4, 6])
def test_a_cycle_outlives_a_database_that_is_gone_for_a_minute(tmp_path: Path, after_s: float):
    """Its server killed so long after the first window, and started again on the same files."""
    binaries = find_postgres() or missing("PostgreSQL (initdb)", "postgresql")
    with postgres_folder(binaries) as folder:
        code, found, expected = cycle_with_the_database_gone(folder, tmp_path, gone_s=60, after_s=after_s)
    assert 0 == code
    assert expected == found
