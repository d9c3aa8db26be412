"""What a client of the fake Odoo sees when something goes wrong, over a real connection and in-process."""

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx
import pytest

from tests.fakes.odoo.app import OdooApp
from tests.fakes.odoo.database import OdooDatabase
from tests.fakes.odoo.faults import Fault
from tests.fakes.serving import served
from tests.services import run

BEARER = {"Authorization": "bearer key-of-administrator"}
CREATE = "/json/2/crm.lead/create"
LEAD = {"vals_list": [{"name": "A"}]}

# What httpx sees, and how many leads there are after it.
SEEN = {
    Fault.CUT_BEFORE_ACTING: (httpx.RemoteProtocolError, 0),
    Fault.HANG_BEFORE_ACTING: (httpx.ReadTimeout, 0),
    Fault.TOO_MANY_REQUESTS: (429, 0),
    Fault.BAD_GATEWAY: (502, 0),
    Fault.UNAVAILABLE: (503, 0),
    Fault.GATEWAY_TIMEOUT: (504, 0),
    Fault.CUT_AFTER_ACTING: (httpx.RemoteProtocolError, 1),
    Fault.HANG_AFTER_ACTING: (httpx.ReadTimeout, 1),
    Fault.CUT_IN_BODY: (httpx.RemoteProtocolError, 1),
    Fault.RESET_IN_BODY: (httpx.ReadError, 1),
    Fault.HALF_JSON: (200, 1),
    Fault.EMPTY_BODY: (200, 1),
    Fault.BAD_GATEWAY_AFTER_ACTING: (502, 1),
    Fault.GATEWAY_TIMEOUT_AFTER_ACTING: (504, 1),
}


@pytest.fixture(scope="module")
def app() -> OdooApp:
    return OdooApp(OdooDatabase(clock=time.time))


@pytest.fixture(scope="module")
def client(app: OdooApp) -> Iterator[httpx.Client]:
    with served(app) as url, httpx.Client(base_url=url, headers=BEARER, timeout=0.3) as client:
        yield client


@pytest.fixture
def database(app: OdooApp) -> OdooDatabase:
    """A new one for each test, behind the same server."""
    app.database = OdooDatabase(clock=time.time)
    return app.database


def leads_n(database: OdooDatabase) -> int:
    return database.call("crm.lead", "search_count", domain=[])


def seen(client: httpx.Client) -> int | type[Exception]:
    try:
        return client.post(CREATE, json=LEAD).status_code
    except httpx.HTTPError as error:
        return type(error)


@pytest.mark.parametrize("fault", Fault)
def test_a_fault_looks_as_it_does_in_life_and_the_next_call_is_well(
    database: OdooDatabase, client: httpx.Client, fault: Fault
):
    expected, done_n = SEEN[fault]
    database.faults.next(answer=fault, matching="crm.lead/create")
    assert (expected, done_n) == (seen(client), leads_n(database))
    assert (200, done_n + 1) == (seen(client), leads_n(database))
    assert [(CREATE, fault)] == database.faults.struck


@pytest.mark.parametrize("fault", Fault)
def test_a_fault_looks_the_same_in_process(database: OdooDatabase, fault: Fault):
    """Without a connection the half of a body cannot be seen; the error can."""

    async def ask() -> int | type[Exception]:
        transport = httpx.ASGITransport(OdooApp(database))
        async with httpx.AsyncClient(transport=transport, base_url="http://odoo", headers=BEARER) as client:
            try:
                return (await client.post(CREATE, json=LEAD)).status_code
            except httpx.HTTPError as error:
                return type(error)

    database.faults.next(answer=fault)
    assert SEEN[fault] == (run(ask()), leads_n(database))


def test_what_is_half_or_nothing_is_no_json(database: OdooDatabase, client: httpx.Client):
    for fault in (Fault.HALF_JSON, Fault.EMPTY_BODY):
        database.faults.next(answer=fault)
        with pytest.raises(ValueError, match="Expecting value"):
            client.post(CREATE, json=LEAD).json()


def test_faults_are_counted_skipped_and_repeated(database: OdooDatabase, client: httpx.Client):
    database.faults.next(answer=Fault.BAD_GATEWAY, skip_n=1, times_n=2)
    assert [200, 502, 502, 200] == [seen(client) for _ in range(4)]
    database.faults.every(3, answer=Fault.TOO_MANY_REQUESTS)
    assert [200, 200, 429, 200, 200, 429] == [seen(client) for _ in range(6)]
    database.faults.clear()
    assert [200] * 3 == [seen(client) for _ in range(3)]


def test_a_clock_an_hour_off_shows_in_rows_and_in_the_date_of_an_answer(database: OdooDatabase, client: httpx.Client):
    database.clock_error_s = 3600
    response = client.post(CREATE, json=LEAD)
    ahead = parsedate_to_datetime(response.headers["Date"]).timestamp() - time.time()
    assert 3590 < ahead <= 3600
    row, now = database.row("crm.lead", response.json()[0]), datetime.now(UTC).replace(tzinfo=None)
    assert row is not None
    assert timedelta(minutes=59) < row["write_date"] - now < timedelta(minutes=61)


def test_latency_passes_without_holding_up_others(database: OdooDatabase, client: httpx.Client):
    """Ten calls at once take as long as one."""
    database.latency_s = 0.1

    async def ten() -> list[httpx.Response]:
        async with httpx.AsyncClient(base_url=client.base_url, headers=BEARER) as many:
            return await asyncio.gather(*(many.post(CREATE, json=LEAD) for _ in range(10)))

    began = time.perf_counter()
    answers = run(ten())
    assert ([200] * 10, True) == ([answer.status_code for answer in answers], time.perf_counter() - began < 0.9)


def test_calls_are_kept_for_a_test_to_look_at(database: OdooDatabase, client: httpx.Client):
    seen(client)
    assert [("crm.lead/create", LEAD)] == database.calls
