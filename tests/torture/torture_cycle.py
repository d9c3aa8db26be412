"""The weekly cycle, killed fifty times: however often it dies, it comes to the end that nobody disturbed."""

from pathlib import Path
from random import Random

import pytest

from tests.builders_cycle import files_of, open_company, rows_of, run_cycle
from tests.contract.test_cycle_killed import LEADS_N, LONG_S, run_killed, undisturbed

COMPANIES_N, KILLS_N = 10, 5


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, list[str]], dict[str, bytes]]:
    return undisturbed(tmp_path_factory.mktemp("undisturbed"))


@pytest.mark.parametrize("seed", range(COMPANIES_N))
def test_a_cycle_killed_five_times_comes_to_the_same_end(tmp_path: Path, expected, seed: int):
    """At moments drawn anew for each company, from its beginning to after its end."""
    dice = Random(seed)
    for _ in range(KILLS_N):
        run_killed(tmp_path, dice.uniform(0, LONG_S))
    company = open_company(tmp_path, leads_n=LEADS_N)
    run_cycle(company)
    assert expected == (rows_of(company.engine), files_of(tmp_path / "out"))
