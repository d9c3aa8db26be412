"""What breaks around a cycle while it runs: it says why, and the next run comes to the end that nobody disturbed."""

import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
import pytest
import sqlalchemy as sa

from flows import wiring
from planerka.clock import Week, start_of
from planerka.errors import PlanerkaError, StoreBusyError, StoreError, StoreGoneError, UsageError
from planerka.intake.pull import Step
from planerka.regulation.signed import signed_editions
from planerka.store import bulk, database
from planerka.store.check import check
from planerka.store.database import connect, reading
from planerka.store.locks import locked
from planerka.store.tables import TABLE_OF, delivery, lead, measure, metadata, pack, pull_window
from tests import services
from tests.builders_cycle import (
    AS_OF,
    Ran,
    company_after_a_cycle,
    environment,
    files_of,
    on_day,
    open_company,
    rows_of,
    run_cycle,
)

State = tuple[dict[str, list[str]], dict[str, bytes]]

PLANERKA = str(Path(sys.executable).with_name("planerka"))
WINDOWS_N = 2
"""Windows after which the tests disturb a pull."""


@pytest.fixture(scope="module")
def undisturbed(ran_on_sqlite: Ran) -> State:
    """The rows and the files of a cycle on SQLite."""
    company = open_company(ran_on_sqlite.folder)
    return rows_of(company.engine), files_of(ran_on_sqlite.folder / "out")


@contextmanager
def full_disk(engine: sa.Engine, room_pages_n: int) -> Iterator[None]:
    """SQLite finds room for so many pages more."""
    with reading(engine) as connection:
        most_n = connection.exec_driver_sql("PRAGMA page_count").scalar_one() + room_pages_n

    def limit(driver, _record):
        driver.execute(f"PRAGMA max_page_count = {most_n}")

    engine.dispose()
    sa.event.listen(engine, "connect", limit)
    yield
    sa.event.remove(engine, "connect", limit)
    engine.dispose()


@pytest.mark.parametrize("room_pages_n", [1, 300, 1_500])
def test_a_full_disk_stops_the_cycle_and_loses_nothing(tmp_path, undisturbed, room_pages_n):
    """Whichever station it meets; once there is room again the next run goes on."""
    company = open_company(tmp_path)
    with full_disk(company.engine, room_pages_n), pytest.raises(StoreError, match=r"is full\): free some space"):
        run_cycle(company)
    run_cycle(company)
    assert undisturbed == (rows_of(company.engine), files_of(tmp_path / "out"))


def test_a_sample_company_that_is_cut_while_its_heads_sign_is_signed_by_the_next_run(store_url, tmp_path, monkeypatch):
    """With half of the signatures kept no edition would ever be in force, and nothing judged."""
    heads = wiring.SAMPLE_HEADS
    monkeypatch.setattr(wiring, "SAMPLE_HEADS", {"marketing": heads["marketing"], "nobody": "cuts it"})
    with pytest.raises(UsageError):
        open_company(tmp_path, store_url=store_url)
    monkeypatch.setattr(wiring, "SAMPLE_HEADS", heads)
    company = open_company(tmp_path, store_url=store_url)
    with reading(company.engine) as connection:
        assert signed_editions(connection)
    company.engine.dispose()


@contextmanager
def no_room_for_files(most_bytes_n: int) -> Iterator[None]:
    """No file of this process can grow longer than that."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes_n, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("store_url", ["postgres"], indirect=True)
def test_a_full_folder_for_the_packs_stops_the_cycle_and_leaves_no_half_of_a_page(store_url, tmp_path):
    """The pack is frozen by then: the next run writes its pages and its mails, and freezes nothing anew."""
    company = open_company(tmp_path, store_url=store_url)
    with no_room_for_files(10_000), pytest.raises(PlanerkaError, match=r"cannot be written \(File too large\)"):
        run_cycle(company)
    assert {} == files_of(tmp_path / "out")
    again = run_cycle(company)
    assert (False, 1) == (again.pack.is_new, again.delivered.sent_n)
    company.engine.dispose()


def test_a_database_that_another_program_holds_too_long_is_said_to_be_busy(store_url, tmp_path, monkeypatch):
    """The cycle leaves with that word, and the next one goes on from there."""
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.2)
    company = open_company(tmp_path, store_url=store_url)
    seen, other = [], connect(store_url).connect()

    def hold(step: Step) -> None:
        seen.append(step.until)
        if len(seen) == WINDOWS_N:
            other.begin()
            bulk.one_writer(other, company.crm.source)

    with pytest.raises(StoreBusyError, match="Another program has been writing"):
        run_cycle(company, hold)
    other.close()
    again = run_cycle(company)
    assert WINDOWS_N == len(seen)
    assert again.pack.is_new
    assert [] == [finding for finding in check(company.engine) if finding.wrong]
    company.engine.dispose()


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_clock_that_went_back_changes_nothing(request, tmp_path, kind):
    """Past midnight in Moscow, so that the day is yesterday's again; the day after is as if nothing had been."""
    evening_before = datetime(2026, 11, 23, 20, 30, tzinfo=UTC)
    with company_after_a_cycle(request, tmp_path, kind) as company:
        before = rows_of(company.engine), files_of(tmp_path / "out")
        back = run_cycle(on_day(company, evening_before))
        assert (0, 0, False, 0) == (back.pulled.rows_n, back.judged.judged_n, back.pack.is_new, back.delivered.sent_n)
        assert before == (rows_of(company.engine), files_of(tmp_path / "out"))
        run_cycle(on_day(company, AS_OF + timedelta(days=1)))
        assert [] == [finding for finding in check(company.engine) if finding.wrong]


CHANGES = """
    zone             | monday     | week_hours
    -----------------+------------+-----------
    Europe/Berlin    | 2026-03-30 | 167
    Europe/Berlin    | 2026-10-26 | 169
    Asia/Beirut      | 2026-03-30 | 167
"""
"""In Beirut the day of the change has no midnight."""


@pytest.mark.parametrize("zone, monday, hours_n", [row.split("|") for row in CHANGES.strip().splitlines()[2:]])
def test_a_week_that_lost_or_won_an_hour_has_every_lead_once(tmp_path, monkeypatch, zone, monday, hours_n):
    """And its pack is frozen and sent once, also when the next run comes an hour earlier or later."""
    zone, at = ZoneInfo(zone.strip()), datetime.fromisoformat(f"{monday.strip()}T06:00Z")
    monkeypatch.chdir(tmp_path)
    Path("planerka.toml").write_text(f'time_zone = "{zone}"')
    company = open_company(tmp_path, at)
    for hour in (0, 1, -1):
        cycle = run_cycle(on_day(company, at + timedelta(hours=hour)))
    since, until = (start_of(day, zone) for day in (cycle.pack.week.monday, Week.of(at.date()).monday))
    assert timedelta(hours=int(hours_n)) == until - since
    with reading(company.engine) as connection:
        leads = connection.execute(sa.select(lead.c.created_at, lead.c.created_on)).all()
        days = connection.execute(
            sa.select(measure.c.day_on, measure.c.value).where(measure.c.measure == "leads_n")
        ).all()
        packs_n = connection.scalar(sa.select(sa.func.count()).select_from(pack))
        deliveries_n = connection.scalar(sa.select(sa.func.count()).select_from(delivery))
    assert all(created_at.astimezone(zone).date() == created_on for created_at, created_on in leads)
    assert len(leads) == sum(n for _, n in days)
    week_n = sum(n for day_on, n in days if Week.of(day_on) == cycle.pack.week)
    assert week_n == sum(since <= created_at < until for created_at, _ in leads) > 0
    assert (1, 1) == (packs_n, deliveries_n)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Path]:
    """The folder of a cluster whose server a test starts and stops."""
    binaries = services.find_postgres() or services.missing("PostgreSQL (initdb)", "postgresql")
    with services.postgres_folder(binaries) as folder:
        yield folder


@contextmanager
def served(cluster: Path) -> Iterator[None]:
    """The server as companies have it: what it has committed survives when it dies."""
    with services.postgres_server(services.find_postgres(), cluster, synchronous_commit="on"):
        yield


def new_database(cluster: Path, name: str) -> str:
    with psycopg.connect(host=str(cluster), user="planerka", dbname="postgres", autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
    return f"postgresql+psycopg://planerka@/{name}?host={cluster}"


def test_a_server_that_was_restarted_is_met_by_a_new_connection(cluster):
    """And a lock that died with it is let go of without a word."""
    with served(cluster):
        engine = connect(new_database(cluster, "restarted"))
        database.upgrade(engine)
        holding = locked(engine, "cycle", "a run", datetime(2026, 11, 24, tzinfo=UTC))
        holding.__enter__()
    with pytest.raises(StoreGoneError, match="check that it is there, and repeat"):
        database.version_of(engine)
    with served(cluster):
        assert database.head_version() == database.version_of(engine)
        holding.__exit__(None, None, None)
    engine.dispose()


@pytest.mark.parametrize("migrated_url", ["postgres"], indirect=True)
def test_a_connection_that_dies_in_the_middle_of_a_copy_is_a_database_gone(engine):
    """COPY goes past SQLAlchemy, and its errors are said, and tried again, like all others."""

    def rows_until_killed(connection: sa.Connection) -> Iterator[tuple[str]]:
        yield from [("x" * 100,)] * 1_000
        other.execute(sa.select(sa.func.pg_terminate_backend(connection.connection.driver_connection.info.backend_pid)))
        yield from [("x" * 100,)] * 100_000

    table = sa.Table("many", sa.MetaData(), sa.Column("words", sa.Text))
    table.create(engine)
    with engine.connect() as other, engine.connect() as connection, pytest.raises(StoreGoneError):
        bulk.fill(connection, table, ["words"], rows_until_killed(connection))


def has_pulled(engine: sa.Engine) -> bool:
    with reading(engine) as connection:
        return connection.execute(sa.select(pull_window.c.until).limit(1)).first() is not None


def cycle_with_the_database_gone(cluster: Path, folder: Path, gone_s: float, after_s: float = 0):
    """A cycle by Prefect whose server dies so long after its first window and is back that much later.

    Returns the exit code, what the source has brought by then, and what an undisturbed company has.
    """
    with served(cluster):
        urls = [new_database(cluster, f"{name}_{folder.name}") for name in ("gone", "there")]
        engine = connect(urls[0])
        database.upgrade(engine)
        services.prefect_home(folder / "var" / "prefect")
        env = environment(folder, PLANERKA_SOURCE__LEADS_N="1000", PLANERKA_STORE=urls[0])
        run = subprocess.Popen([PLANERKA, "weekly"], cwd=folder, env=env, stdout=subprocess.DEVNULL)
        while run.poll() is None and not has_pulled(engine):
            time.sleep(0.05)
        time.sleep(after_s)
    time.sleep(gone_s)
    with served(cluster):
        code = run.wait(300)
        found = rows_of(engine)
        company = open_company(folder / "there", datetime.now(UTC), urls[1])
        run_cycle(company)
        expected = rows_of(company.engine)
        engine.dispose()
        company.engine.dispose()
    names = [str(table) for table in (*TABLE_OF.values(), measure, metadata.tables["touched_day"])]
    return code, {name: found[name] for name in names}, {name: expected[name] for name in names}


def test_a_database_that_goes_away_and_comes_back_is_waited_for(cluster, tmp_path):
    """The task that met it is tried again, and goes on where its last transaction ended."""
    code, found, expected = cycle_with_the_database_gone(cluster, tmp_path, gone_s=2)
    assert 0 == code
    assert expected == found


KPIS_BY_PREFECT = """
from pathlib import Path
from flows.quiet import prefect_api
with prefect_api(Path("prefect")) as api:
    from flows.compute_kpis import compute_kpis
    print("days measured:", api.run(compute_kpis))
"""


def test_a_run_that_begins_while_the_database_is_away_waits_for_it(cluster, tmp_path):
    """On Monday at eight the server may just be restarted, and nobody begins the run again."""
    with served(cluster):
        url = new_database(cluster, "not_yet_there")
        database.upgrade(connect(url))
    services.prefect_home(tmp_path / "prefect")
    env = environment(tmp_path, PLANERKA_STORE=url, PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL="INFO")
    command, pipe = [sys.executable, "-c", KPIS_BY_PREFECT], subprocess.PIPE
    with subprocess.Popen(command, cwd=tmp_path, env=env, stdout=pipe, stderr=subprocess.STDOUT, text=True) as run:
        retries = (line for line in run.stdout if "Retry 1/4 will start" in line)
        assert "StoreGoneError" in next(retries)
        with served(cluster):
            said = run.stdout.read()
    assert (0, "days measured: 0") == (run.returncode, said.splitlines()[-1])


def test_tasks_wait_for_a_database_for_more_than_a_minute():
    """A server that is restarted after a crash recovers first."""
    from tasks import policies

    for policy in (policies.DATABASE, policies.SOURCE, policies.SOURCE_WRITES, policies.FILES, policies.DELIVERY):
        assert policy["retries"] == len(policy["retry_delay_seconds"])
        assert 60 < sum(policy["retry_delay_seconds"][:-1]) + policy["retry_delay_seconds"][-1]


def test_a_database_that_stays_away_is_one_sentence(tmp_path):
    """On any verb: exit code 1, no traceback, no password."""
    env = environment(tmp_path, PLANERKA_STORE="postgresql://boss:secret@127.0.0.1:1/planerka")
    said = subprocess.run([PLANERKA, "db", "check"], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60)
    assert (1, "") == (said.returncode, said.stdout)
    assert 1 == len(said.stderr.splitlines())
    assert "secret" not in said.stderr
