"""Pulls everything of a fake amoCRM into a store, as a process that may be killed; says how much memory it took.

python -m tests.torture.crm_child URL TOKEN MAPPING STORE UNTIL
"""

import sys
from datetime import datetime
from pathlib import Path

from planerka.crm.amocrm.adapter import AmoCrm
from planerka.crm.amocrm.client import DIALECT
from planerka.crm.http import Http, KeyLogin
from planerka.crm.mapping import AccountMapping
from planerka.crm.pace import Pace
from planerka.intake.pull import Step, pull
from planerka.store.database import open_store
from tests.builders_store import MOSCOW


def peak_mb() -> float:
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) / 1024


def told(step: Step) -> None:
    print(f"{step.until:%Y-%m-%d} {step.rows_n} rows, {peak_mb():.0f} MB", flush=True)


if __name__ == "__main__":
    url, token, mapping_path, store, until = sys.argv[1:]
    mapping = AccountMapping.model_validate_json(Path(mapping_path).read_text())
    at = datetime.fromisoformat(until)
    http = Http(url, pace=Pace(1000), login=KeyLogin(token), dialect=DIALECT)
    report = pull(
        open_store(store), AmoCrm(mapping, http, folder=Path(), now=lambda: at, phone_key=None), MOSCOW, at, told
    )
    print(f"whole: {report.rows_n} rows, {report.quarantined_n} held back, {peak_mb():.0f} MB", flush=True)
