"""The weekly cycle as plain services, without Prefect: a company opened in a folder, and its stations in order.

    python -m tests.builders_cycle FOLDER LEADS_N [STORE_URL]

runs it in a process of its own, which a test may kill.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

import pytest
import sqlalchemy as sa

from flows.sources import source_of
from flows.wiring import clock, holder, week_of, wire_to_judge
from planerka.delivery.order import Order
from planerka.delivery.sending import DeliveryReport, deliver
from planerka.disputes.applying import ApplyReport, apply_commands
from planerka.disputes.expiry import expire_overdue
from planerka.disputes.opening import OpenReport, open_disputes
from planerka.disputes.stake import weigh_disputes
from planerka.errors import PlanerkaError
from planerka.intake.pull import Progress, PullReport, Step, pull
from planerka.kpis.measuring import measure_touched_days
from planerka.model import GateReport
from planerka.pack.freeze import FrozenPack, freeze
from planerka.pack.write import write_pack
from planerka.processes.neglect import find_neglects
from planerka.regulation.judging import JudgeReport, judge_new_rejections
from planerka.store import database
from planerka.store.deliveries import Channel
from planerka.store.locks import locked
from planerka.store.tables import metadata
from tasks.company import Company
from tests import services

PROJECT = Path(__file__).parents[1]
AS_OF = datetime(2026, 11, 24, 6, tzinfo=UTC)
RAN = "ran"
"""The database of PostgreSQL that companies after a cycle are copied from."""
NOT_COMPARED = {"gate_report", "run_lock"}
"""Who looked at a gate, and who ran last: other than all else, not what is so, but that somebody was there."""


@dataclass(frozen=True, kw_only=True)
class Cycle:
    """What each station reported."""

    pulled: PullReport
    judged: JudgeReport
    neglected_n: int
    opened: OpenReport
    applied: ApplyReport
    pack: FrozenPack
    delivered: DeliveryReport


def environment(folder: Path, **settings: str) -> dict[str, str]:
    """The variables of a sample company that lives in the folder and nowhere else."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PLANERKA_", "PREFECT_"))}
    sample = {"DATA": str(folder / "var"), "OUT": str(folder / "out"), "SOURCE__KIND": "sample"}
    return inherited | {f"PLANERKA_{name}": value for name, value in sample.items()} | settings


def open_company(folder: Path, as_of: datetime = AS_OF, store_url: str | None = None, leads_n: int = 1_000) -> Company:
    """The company of that folder on that day; a database that is empty yet is set up."""
    settings = {"PLANERKA_SOURCE__LEADS_N": str(leads_n)}
    if store_url:
        settings["PLANERKA_STORE"] = store_url
        engine = database.connect(store_url)
        database.upgrade(engine)
        engine.dispose()
    variables = patch.dict(os.environ, environment(folder, **settings), clear=True)
    with variables, patch("flows.wiring.clock", lambda: as_of):
        return wire_to_judge()


@dataclass(frozen=True)
class Ran:
    """A company that ran one cycle at AS_OF and is not touched again, and what that cycle reported."""

    folder: Path
    cycle: Cycle
    lasted_s: float


def run_company(folder: Path, store_url: str | None = None) -> Ran:
    company = open_company(folder, store_url=store_url)
    began_s = time.monotonic()
    cycle = run_cycle(company)
    lasted_s = time.monotonic() - began_s
    company.engine.dispose()
    return Ran(folder, cycle, lasted_s)


@contextmanager
def company_after_a_cycle(
    request: pytest.FixtureRequest, folder: Path, kind: str, as_of: datetime = AS_OF
) -> Iterator[Company]:
    """A company at the end of its first cycle, on a database of that kind: a copy, for the cycle takes ten seconds."""
    ran: Ran = request.getfixturevalue(f"ran_on_{kind}")
    shutil.copytree(ran.folder, folder, dirs_exist_ok=True)
    with ExitStack() as opened:
        url = None
        if kind == "postgres":
            name = re.sub(r"\W", "_", folder.name)
            url = opened.enter_context(services.postgres_database(request.getfixturevalue("postgres"), name, RAN))
        company = open_company(folder, as_of, url)
        opened.callback(company.engine.dispose)
        yield company


def on_day(company: Company, now: datetime) -> Company:
    """The same company at another moment."""
    return replace(company, now=now, crm=source_of(company.settings, now))


def nothing_to_say(_step: Step) -> None:
    pass


def open_gate(*_: object) -> GateReport:
    """Lets everything through: the real gates have tests of their own, and their library takes seconds to import."""
    return GateReport(suite="open", checks=())


def run_cycle(company: Company, progress: Progress = nothing_to_say) -> Cycle:
    """The cycle under its lock: two at once are none."""
    with locked(company.engine, f"cycle of {company.crm.source}", holder(), clock()):
        return run_stations(company, progress)


def run_stations(company: Company, progress: Progress) -> Cycle:
    """In the order of flows.weekly_cycle."""
    engine, source, office, now = company.engine, company.crm.source, company.office, company.now
    pulled = pull(engine, company.crm, company.settings.zone, now, progress)
    judged = judge_new_rejections(engine, source, office, open_gate, now)
    neglected_n = find_neglects(engine, source, office)
    expire_overdue(company.docket, now)
    opened = open_disputes(engine, source, company.review, now)
    applied = apply_commands(engine, company.crm, holder(), now)
    measure_touched_days(engine, source, office, company.analyst_ids)
    weigh_disputes(engine, source, company.settings.zone)
    week, analyst_ids = week_of(company, None), company.analyst_ids
    pack = freeze(engine, source, week, company.settings, analyst_ids, now, "test", open_gate, holder())
    write_pack(pack, company.settings.out)
    delivered = deliver(engine, pack, company.settings, Order(channel=Channel.OUTBOX), lambda: now, holder())
    return Cycle(
        pulled=pulled,
        judged=judged,
        neglected_n=neglected_n,
        opened=opened,
        applied=applied,
        pack=pack,
        delivered=delivered,
    )


def rows_of(engine: sa.Engine, *without: str) -> dict[str, list[str]]:
    """Every row of every table, sorted, as plain SQL reads it.

    Without the numbers that the database gives: PostgreSQL does not give those again that a killed transaction had.
    """
    tables = [table for name, table in sorted(metadata.tables.items()) if name not in {*NOT_COMPARED, *without}]
    with engine.connect() as connection:
        rows = {table.name: connection.exec_driver_sql(select_all(table)).all() for table in tables}
    # A row of SQLAlchemy cuts long values in its repr, and takes ten times longer for it than a tuple.
    return {name: sorted(repr(tuple(row)) for row in found) for name, found in rows.items()}


def select_all(table: sa.Table) -> str:
    names = [f'"{column.name}"' for column in table.c if column is not table.autoincrement_column]
    return f'SELECT {", ".join(names)} FROM "{table.name}"'


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file under the folder, by its path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def child(folder: Path, leads_n: int, *store_url: str) -> subprocess.Popen[str]:
    """The cycle in a process of its own; its output is both streams."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.builders_cycle", str(folder), str(leads_n), *store_url]
    return subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def main(folder: str, leads_n: str, store_url: str | None = None) -> None:
    """Say that everything is imported and the cycle begins, and what refused it."""
    print("begins", flush=True)
    try:
        run_cycle(open_company(Path(folder), store_url=store_url, leads_n=int(leads_n)))
    except PlanerkaError as error:
        print(type(error).__name__, error)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main(*sys.argv[1:])
