"""When the owner hears of a run that made no pack: of a week that has none, under a schedule, and for a reason."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import pytest
from prefect.client.schemas.objects import FlowRun
from prefect.states import Failed

from flows.owner import tell_owner
from flows.weekly_pack import weekly_pack
from planerka.errors import BusyError, GateStoppedError, StoreBusyError
from planerka.pack.facts import to_json
from planerka.store import packs
from tests import services
from tests.builders_cycle import environment, open_company
from tests.builders_pack import pack_facts

WEEK = "2026-W47"
AS_OF = datetime(2026, 11, 24, 5, tzinfo=UTC)


def notes_after(folder: Path, error: Exception, *, is_deployed: bool = True) -> int:
    """How many mails the owner has once the run of that week has failed so."""
    asked: dict[str, Any] = {"week": WEEK, "as_of": AS_OF.isoformat()}
    run = FlowRun(flow_id=uuid4(), name="weekly_pack", deployment_id=uuid4() if is_deployed else None, parameters=asked)
    owner = {"PLANERKA_DELIVERY__OWNER": "ops@company.example", "PLANERKA_SOURCE__LEADS_N": "1000"}
    with patch.dict(os.environ, environment(folder, **owner), clear=True):
        services.without_event_loop(lambda: tell_owner(weekly_pack, run, Failed(data=error)))
    return len(list((folder / "out/notes").glob("*.eml")))


@pytest.mark.parametrize(
    "error, is_deployed, expected",
    [
        (GateStoppedError("the data are stale"), True, 1),
        (ZeroDivisionError("a section failed"), True, 1),
        (GateStoppedError("the data are stale"), False, 0),
        (BusyError("another run is at it"), True, 0),
        (StoreBusyError("another program is writing"), True, 1),
    ],
)
def test_the_owner_hears_of_a_week_without_a_pack(tmp_path: Path, error, is_deployed, expected):
    """Not of what the person at the keyboard reads, nor while another run works."""
    open_company(tmp_path).engine.dispose()
    assert expected == notes_after(tmp_path, error, is_deployed=is_deployed)


def test_a_week_that_has_its_pack_needs_no_notice(tmp_path: Path):
    """A correction that was stopped, or mails that did not all arrive: nobody may be told that nothing was sent."""
    company = open_company(tmp_path)
    with company.engine.begin() as connection:
        packs.put(connection, company.crm.source, WEEK, to_json(pack_facts()), AS_OF)
    assert 0 == notes_after(tmp_path, GateStoppedError("the data are stale"))
