"""A first pull of a large account, killed ten times: it comes to the store of one that nobody disturbed.

`PLANERKA_TORTURE_LEADS_N=1000000 make torture ONLY=crm` is two years of the account of a large developer; a tenth of
its leads, in a tenth of that time, by default.
"""

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
import sqlalchemy as sa

from planerka.store.database import connect, reading
from planerka.store.tables import event, lead, reference, rejection
from tests.builders_amo import mapping_of, settled
from tests.fakes.amocrm.app import AmoApp
from tests.fakes.amocrm.bulk import bulk_account
from tests.fakes.serving import served

LEADS_N = int(os.environ.get("PLANERKA_TORTURE_LEADS_N", "100000"))
KILLS_N = 10
MOST_MB = 400
A_DAY_N = 1_370


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str, str]]:
    """The address of an account that nothing limits, its token, and the file of its mapping."""
    account = settled(bulk_account(leads_n=LEADS_N, days=LEADS_N // A_DAY_N))
    mapping = tmp_path_factory.mktemp("site") / "mapping.json"
    mapping.write_text(mapping_of(account).model_dump_json(exclude_unset=True, by_alias=True))
    with served(AmoApp(account)) as url:
        yield url, account.token, str(mapping)


def begun(site: tuple[str, str, str], store: Path, until: datetime) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.torture.crm_child", *site, f"sqlite:///{store}", until.isoformat()]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def state_of(store: Path) -> dict[str, tuple[int, str]]:
    """How many rows each table has, and the digest of all of them in the order of their keys."""
    engine, found = connect(f"sqlite:///{store}"), {}
    with reading(engine) as connection:
        for table in (lead, event, rejection, reference):
            digest, rows_n = hashlib.sha256(), 0
            for row in connection.execute(sa.select(table).order_by(*table.primary_key)):
                digest.update(repr(tuple(row)).encode())
                rows_n += 1
            found[table.name] = rows_n, digest.hexdigest()
    engine.dispose()
    return found


def test_a_pull_that_is_killed_comes_to_the_same_store_in_little_memory(site, tmp_path):
    until = datetime.now(UTC).replace(microsecond=0)
    whole = begun(site, tmp_path / "whole.db", until)
    started = time.monotonic()
    lines = list(whole.stdout)
    took_s = time.monotonic() - started
    assert 0 == whole.wait()
    print(f"{LEADS_N} leads in {took_s:.0f} s; {lines[0].strip()}; {lines[-1].strip()}")
    dice = Random(7)
    for _ in range(KILLS_N):
        child = begun(site, tmp_path / "killed.db", until)
        time.sleep(dice.uniform(3, max(4.0, took_s / KILLS_N)))  # nothing to wait for: a kill comes when it comes
        child.send_signal(signal.SIGKILL)
        child.wait()
    last = begun(site, tmp_path / "killed.db", until)
    tail = list(last.stdout)
    assert 0 == last.wait()
    assert state_of(tmp_path / "whole.db") == state_of(tmp_path / "killed.db")
    for said in (lines[-1], tail[-1]):
        assert float(said.rsplit(", ", 1)[1].removesuffix(" MB\n")) < MOST_MB
