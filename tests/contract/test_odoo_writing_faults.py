"""What may go wrong while a command is carried out in Odoo: the fake fails at every step, and each is done once."""

import asyncio
from collections.abc import Iterator

import httpx
import pytest

from planerka.crm.odoo.adapter import OdooCrm
from planerka.errors import CrmClosedError, CrmError, CrmRefusalError
from tests.builders_odoo import (
    DEAR,
    PROPOSITION,
    QUALIFIED,
    Site,
    command,
    fake_site,
    lost,
    notes,
    open_on,
    restored,
    state,
    tasks,
)
from tests.fakes.odoo.faults import Fault
from tests.fakes.odoo.rights import Role
from tests.fakes.serving import served


@pytest.fixture(scope="module")
def fake() -> Iterator[Site]:
    with fake_site() as site:
        yield site


@pytest.fixture(scope="module")
def crm(fake: Site) -> OdooCrm:
    return fake.crm()


@pytest.fixture(autouse=True)
def _calm(fake: Site) -> Iterator[None]:
    yield
    fake.fake.faults.clear()


WRITES = ("message_post", "action_restore", "crm.lead/write", "activity_schedule")
LOST = (
    Fault.CUT_BEFORE_ACTING,
    Fault.CUT_AFTER_ACTING,
    Fault.CUT_IN_BODY,
    Fault.GATEWAY_TIMEOUT_AFTER_ACTING,
    Fault.EMPTY_BODY,
)


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("fault", LOST)
def test_a_write_whose_answer_is_lost_is_looked_for_before_it_is_repeated(
    fake: Site, crm: OdooCrm, write: str, fault: Fault
):
    lead_id = fake.lose(fake.lead(stage_id=QUALIFIED))
    told = command(lead_id, stage_id=str(PROPOSITION))
    fake.fake.faults.next(answer=fault, matching=write)
    crm.apply(told)
    assert open_on(lead_id, PROPOSITION) == state(fake, lead_id)
    assert (1, 1, 1) == (len(notes(fake, told)), len(tasks(fake, told)), restored(fake, lead_id))


@pytest.mark.parametrize("fault", [Fault.HANG_BEFORE_ACTING, Fault.HANG_AFTER_ACTING])
def test_a_write_that_is_not_answered_in_time_is_looked_for(fake: Site, fault: Fault):
    lead_id = fake.lose(fake.lead())
    told, crm = command(lead_id), fake.crm()
    assert crm.account
    crm.odoo.http.client.timeout = httpx.Timeout(0.3)
    fake.fake.faults.next(answer=fault, matching="message_post")
    crm.apply(told)
    assert (1, 1) == (len(notes(fake, told)), len(tasks(fake, told)))


@pytest.mark.parametrize("write", WRITES)
def test_a_kill_between_two_writes_is_healed_by_the_next_try(fake: Site, crm: OdooCrm, write: str):
    """The write refuses to be done; the next run finds what the first has left."""
    lead_id = fake.lose(fake.lead(stage_id=QUALIFIED))
    told = command(lead_id, stage_id=str(PROPOSITION))
    fake.fake.faults.next(answer=Fault.UNAVAILABLE, matching=write, times_n=100)
    with pytest.raises(CrmError):
        crm.apply(told)
    fake.fake.faults.clear()
    crm.apply(told)
    assert open_on(lead_id, PROPOSITION) == state(fake, lead_id)
    assert (1, 1, 1) == (len(notes(fake, told)), len(tasks(fake, told)), restored(fake, lead_id))


@pytest.mark.parametrize("method, is_nothing", [("message_post", True), ("action_restore", False)])
def test_a_lead_that_is_deleted_between_reading_and_writing_is_refused(fake: Site, method: str, is_nothing: bool):
    """Only before the first write does a refusal say that nothing was done."""
    lead_id = lost(fake)
    crm = fake.crm()
    assert crm.account
    crm.odoo.http.client.event_hooks = {"request": [before(method, lambda: fake.on(lead_id, "unlink"))]}
    with pytest.raises(CrmError, match="does not exist or has been deleted") as refused:
        crm.apply(command(lead_id))
    assert is_nothing == isinstance(refused.value, CrmRefusalError)


def before(method: str, act):
    """Something that people do in the moment before a request goes out."""

    async def hook(request: httpx.Request) -> None:
        if request.url.path.endswith(method):
            await asyncio.to_thread(act)

    return hook


@pytest.mark.parametrize("status", [402, 403])
def test_an_account_that_is_closed_stops_everything(fake: Site, status: int):
    async def closed(scope, receive, send) -> None:
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"text/html")]})
        await send({"type": "http.response.body", "body": b"<h1>Expired</h1>"})

    with served(closed) as url, pytest.raises(CrmClosedError, match=f"answers {status}"):
        fake.crm(url=url).apply(command(lost(fake)))


def test_a_key_that_may_not_write_changes_nothing(fake: Site):
    fake.fake.add_user("Reader", Role.EMPLOYEE, key="key-of-employee")
    lead_id = lost(fake)
    with pytest.raises(CrmRefusalError, match="not allowed"):
        fake.crm(key="key-of-employee").apply(command(lead_id))
    assert ("lost", DEAR) == (state(fake, lead_id)["won_status"], state(fake, lead_id)["lost_reason_id"])
