"""What goes wrong between a client and the fake amoCRM looks as it does on a real network; and it can be large."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx
import pytest

from tests.builders_amocrm import embedded, ids
from tests.fakes.amocrm.account import AmoAccount
from tests.fakes.amocrm.app import AmoApp
from tests.fakes.amocrm.bulk import bulk_account
from tests.fakes.amocrm.bulk_leads import FIRST_LEAD
from tests.fakes.amocrm.faults import Fault
from tests.services import run

LEADS = "/api/v4/leads"

ERRORS = [
    (Fault.CUT, httpx.RemoteProtocolError),
    (Fault.CUT_IN_BODY, httpx.RemoteProtocolError),
    (Fault.RESET_IN_BODY, httpx.ReadError),
    (Fault.TIMEOUT, httpx.ReadTimeout),
]


@pytest.mark.parametrize("fault, error", ERRORS)
def test_a_broken_connection_is_seen_over_http(
    fault: Fault, error: type[Exception], account: AmoAccount, amo: httpx.Client
) -> None:
    account.faults.next(fault)
    with pytest.raises(error):
        amo.get(LEADS, timeout=0.2)
    assert 5 == len(embedded(amo.get(LEADS)))


@pytest.mark.parametrize("fault, error", ERRORS)
def test_a_broken_connection_is_seen_in_process(fault: Fault, error: type[Exception], account: AmoAccount) -> None:
    account.faults.next(fault)

    async def ask() -> None:
        transport = httpx.ASGITransport(AmoApp(account))
        async with httpx.AsyncClient(transport=transport, base_url="https://romashka.amocrm.ru") as client:
            await client.get(LEADS, headers={"Authorization": f"Bearer {account.token}"})

    with pytest.raises(error):
        run(ask())


@pytest.mark.parametrize("after_acting, tasks_n", [(False, 0), (True, 1)])
@pytest.mark.parametrize("answer", [Fault.CUT, Fault.TIMEOUT, 502])
def test_an_answer_is_lost_before_or_after_the_server_acted(
    answer: Fault | int, after_acting: bool, tasks_n: int, account: AmoAccount, amo: httpx.Client
) -> None:
    account.faults.next(answer, matching="POST /api/v4/tasks", after_acting=after_acting)
    task = {"text": "x", "complete_till": 1, "entity_id": ids(account)[0], "entity_type": "leads"}
    with suppress(httpx.RemoteProtocolError, httpx.ReadTimeout):
        assert 502 == amo.post("/api/v4/tasks", json=[task], timeout=0.2).status_code
    assert tasks_n == len(account.tasks)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_trouble_of_the_server_comes_as_html(status: int, account: AmoAccount, amo: httpx.Client) -> None:
    account.faults.next(status)
    answer = amo.get(LEADS)
    assert (status, True) == (answer.status_code, answer.text.startswith("<html>"))


BODIES: list[tuple[Fault, Callable[[bytes], bool]]] = [
    (Fault.EMPTY, lambda body: body == b""),
    (Fault.HALF_JSON, lambda body: body.startswith(b'{"_page":1') and not body.endswith(b"}")),
]


@pytest.mark.parametrize("fault, is_so", BODIES)
def test_a_whole_answer_may_hold_half_a_page_or_nothing(
    fault: Fault, is_so: Callable[[bytes], bool], account: AmoAccount, amo: httpx.Client
) -> None:
    account.faults.next(fault)
    answer = amo.get(LEADS)
    assert (200, True) == (answer.status_code, is_so(answer.content))


def test_a_token_expires_in_the_middle_of_a_walk(account: AmoAccount, amo: httpx.Client) -> None:
    account.faults.next(Fault.TOKEN_EXPIRES, matching="page=2")
    pages = [amo.get(LEADS, params={"page": n, "limit": 1}).status_code for n in (1, 2, 3)]
    assert [200, 401, 401] == pages


def test_every_third_request_fails_until_it_has_twice_and_all_are_remembered(
    account: AmoAccount, amo: httpx.Client
) -> None:
    account.faults.next(502, matching=f"GET {LEADS}", every=3, times=2)
    account.faults.next(429, matching="POST")
    statuses = [amo.get(f"{LEADS}?limit=1").status_code for _ in range(9)]
    assert [200, 200, 502, 200, 200, 502, 200, 200, 200] == statuses
    assert [(f"GET {LEADS}?limit=1", status) for status in statuses] == [(s.line, s.status) for s in account.seen]


def test_an_answer_may_take_its_time(account: AmoAccount, amo: httpx.Client) -> None:
    account.latency_s = 0.2
    with pytest.raises(httpx.ReadTimeout):
        amo.get(LEADS, timeout=0.05)
    assert 200 == amo.get(LEADS).status_code


def test_the_clock_of_the_account_may_be_wrong(account: AmoAccount) -> None:
    account.clock_skew_s = 3600
    contact = account.contacts[account.add_contact()]
    assert 3600 == pytest.approx(contact["created_at"] - account.clock(), abs=2)


@pytest.fixture(scope="module")
def bulk() -> AmoAccount:
    return bulk_account(20_000, 5, clock=lambda: 1_760_000_000.0)


@pytest.fixture
def large(bulk: AmoAccount, amo_app: AmoApp, amo_client: httpx.Client) -> httpx.Client:
    """A client of an account with 20,000 leads."""
    bulk.limiter.is_on = False
    amo_app.account = bulk
    amo_client.headers["Authorization"] = f"Bearer {bulk.token}"
    return amo_client


def walk(client: httpx.Client, path: str, name: str) -> list[dict[str, Any]]:
    """Every row of a list, page by page."""
    rows: list[dict[str, Any]] = []
    while path:
        page = client.get(path)
        rows += embedded(page, name)
        path = page.json()["_links"].get("next", {}).get("href", "")
    return rows


def test_a_walk_over_a_large_account_meets_every_lead_once(large: httpx.Client) -> None:
    leads = walk(large, f"{LEADS}?limit=250&order[id]=asc", "leads")
    assert list(range(FIRST_LEAD, FIRST_LEAD + 20_000)) == [lead["id"] for lead in leads]


def test_windows_of_a_large_account_have_what_the_whole_has_there(large: httpx.Client) -> None:
    """Thousands of its leads were changed in one second: more than any page holds."""
    leads = walk(large, f"{LEADS}?limit=500&order[updated_at]=asc", "leads")
    times = [lead["updated_at"] for lead in leads]
    assert times == sorted(times)
    ((tied, tied_n),) = Counter(times).most_common(1)
    assert 5_000 <= tied_n
    window = walk(large, f"{LEADS}?limit=500&filter[updated_at][from]={tied}&filter[updated_at][to]={tied}", "leads")
    assert {lead["id"] for lead in leads if lead["updated_at"] == tied} == {lead["id"] for lead in window}


def test_the_records_of_a_large_account_agree_with_each_other(large: httpx.Client) -> None:
    lead = large.get(f"{LEADS}/{FIRST_LEAD + 7}?with=contacts").json()
    asked = f"filter[entity]=lead&filter[entity_id][]={lead['id']}"
    events = walk(large, f"/api/v4/events?{asked}", "events")
    assert 5 == len(events)
    assert lead["updated_at"] == max(event["created_at"] for event in events)
    (last,) = [e for e in events if e["type"] == "lead_status_changed" and e["created_at"] == lead["updated_at"]]
    assert lead["status_id"] == last["value_after"][0]["lead_status"]["id"]
    (call,) = walk(large, f"{LEADS}/{lead['id']}/notes", "notes")
    (told,) = [event for event in events if event["type"] == "outgoing_call"]
    assert [{"note": {"id": call["id"]}}] == told["value_after"]
    contact = large.get(f"/api/v4/contacts/{lead['_embedded']['contacts'][0]['id']}?with=leads").json()
    assert {"id": lead["id"]} in contact["_embedded"]["leads"]


def test_events_of_a_large_account_are_found_by_type_and_id(large: httpx.Client) -> None:
    kind = "filter[type]=lead_status_changed,outgoing_call"
    first = embedded(large.get(f"/api/v4/events?{kind}&limit=100"), "events")
    assert {"lead_status_changed", "outgoing_call"} >= {event["type"] for event in first}
    (again,) = embedded(large.get(f"/api/v4/events?filter[id]={first[3]['id']}"), "events")
    assert first[3]["id"] == again["id"]
