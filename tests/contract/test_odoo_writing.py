"""Commands of rulings in Odoo, of the fake and of a real server: each done once, whatever is cut off on the way."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count

import httpx
import pytest

from planerka.crm.odoo.adapter import OdooCrm
from planerka.errors import CrmBusyError, CrmClosedError, CrmError, CrmLostAnswerError, CrmRefusalError
from planerka.model import Command, Decision
from tests.builders_odoo import DEAR, PROPOSITION, QUALIFIED, WON, Site, colleague
from tests.fakes.odoo.faults import Fault
from tests.fakes.odoo.rights import Role
from tests.fakes.serving import served

NUMBERS = count(1)


def command(lead_id: str, kind: Decision = Decision.RETURN_TO_WORK, **parts: object) -> Command:
    marker = f"planerka-{next(NUMBERS)}-{kind}-{datetime.now(UTC):%Y%m%d%H%M%S%f}"
    told = {
        "marker": marker,
        "lead_id": lead_id,
        "kind": kind,
        "manager_id": None,
        "stage_id": None,
        "note": f"Returned by 3.1: <b>two</b> attempts & no more [{marker}]",
        "task": f"Call the client [{marker}]",
        "due_at": datetime(2026, 12, 1, 22, tzinfo=UTC),
    }
    return Command(**{**told, **parts})


def notes(site: Site, told: Command) -> list[str]:
    comments = site.under("mail.message", told.lead_id, ["message_type", "=", "comment"])
    return [message["body"] for message in comments if told.marker in message["body"]]


def tasks(site: Site, told: Command) -> list[tuple[str, str, int]]:
    found = site.under("mail.activity", told.lead_id)
    mine = [task for task in found if told.marker in (task["note"] or "")]
    return [(task["summary"], task["date_deadline"], task["user_id"]) for task in mine]


def state(site: Site, lead_id: str) -> dict[str, object]:
    return site.row(lead_id, "won_status", "active", "stage_id", "user_id", "lost_reason_id")


def open_on(lead_id: str, stage_id: int, user_id: int = 2) -> dict[str, object]:
    known = {"id": int(lead_id), "won_status": "pending", "active": True, "lost_reason_id": False}
    return known | {"stage_id": stage_id, "user_id": user_id}


def test_a_return_opens_the_lead_where_it_was_with_a_note_and_a_task(site: Site):
    lead_id = site.lose(site.lead(stage_id=QUALIFIED))
    told = command(lead_id)
    receipt = site.crm().apply(told)
    assert (told.marker, True) == (receipt.marker, receipt.confirmed_at is not None)
    assert open_on(lead_id, QUALIFIED) == state(site, lead_id)
    assert [f"<p>Returned by 3.1: &lt;b&gt;two&lt;/b&gt; attempts &amp; no more [{told.marker}]</p>"] == notes(
        site, told
    )
    assert [("Call the client", "2026-12-02", 2)] == tasks(site, told)


def test_a_return_goes_to_the_stage_and_the_manager_of_the_ruling(site: Site):
    other = colleague(site)
    lead_id = site.lose(site.lead())
    told = command(lead_id, stage_id=str(PROPOSITION), manager_id=str(other))
    site.crm().apply(told)
    assert open_on(lead_id, PROPOSITION, other) == state(site, lead_id)
    assert [("Call the client", "2026-12-02", other)] == tasks(site, told)


def test_a_lead_lost_by_its_stage_goes_back_to_the_stage_before(site: Site):
    """Where the mapping says that a stage is a rejection."""
    site.references["stage"][str(PROPOSITION)] = {"code": "rejected"}
    lead_id = site.lead(stage_id=QUALIFIED)
    site.on(lead_id, "write", vals={"stage_id": PROPOSITION})
    site.crm().apply(command(lead_id))
    assert open_on(lead_id, QUALIFIED) == state(site, lead_id)


def test_a_request_for_evidence_is_a_note_and_a_task_alone(site: Site):
    lead_id = site.lose(site.lead(stage_id=QUALIFIED))
    told = command(lead_id, Decision.REQUEST_EVIDENCE)
    before = state(site, lead_id)
    site.crm().apply(told)
    assert (before, 1, 1) == (state(site, lead_id), len(notes(site, told)), len(tasks(site, told)))


def test_a_command_that_is_done_is_not_done_again(site: Site):
    lead_id = site.lose(site.lead())
    told, crm = command(lead_id), site.crm()
    for _ in range(2):
        crm.apply(told)
    assert (1, 1) == (len(notes(site, told)), len(tasks(site, told)))


def test_a_lead_that_was_rejected_anew_is_not_returned_again(site: Site):
    """The task was lost, the rest done; then a manager rejected the lead: that is another rejection, to be judged."""
    lead_id = site.lose(site.lead())
    told = command(lead_id)
    site.crm().apply(told)
    activity_ids = [task["id"] for task in site.under("mail.activity", lead_id)]
    site.call("mail.activity", "unlink", ids=activity_ids)
    noted_at = max(message["create_date"] for message in site.under("mail.message", lead_id))
    while site.now().strftime("%Y-%m-%d %H:%M:%S") <= noted_at:
        site.call("res.users", "context_get")
    site.lose(lead_id)
    site.crm().apply(told)
    assert ("lost", 1, 0) == (state(site, lead_id)["won_status"], len(notes(site, told)), len(tasks(site, told)))


class Cut:
    """A proxy that loses every third answer, after the server acted."""

    def __init__(self, url: str) -> None:
        self.client, self.answers_n = httpx.AsyncClient(base_url=url, timeout=60), 0

    async def __call__(self, scope, receive, send) -> None:
        body, more = b"", True
        while more:
            part = await receive()
            body, more = body + part.get("body", b""), part.get("more_body", False)
        kept = {k: v for k, v in scope["headers"] if k not in (b"host", b"connection", b"accept-encoding")}
        answer = await self.client.request(scope["method"], scope["path"], content=body, headers=list(kept.items()))
        self.answers_n += 1
        if self.answers_n % 3 == 0:
            send.__self__.transport.close()
            return
        headers = [(b"content-type", answer.headers["content-type"].encode())]
        await send({"type": "http.response.start", "status": answer.status_code, "headers": headers})
        await send({"type": "http.response.body", "body": answer.content})


@contextmanager
def cutting(site: Site) -> Iterator[OdooCrm]:
    with served(Cut(site.url)) as url:
        yield site.crm(url=url)


def test_every_third_answer_lost_and_each_command_done_once(site: Site):
    commands = [command(site.lose(site.lead(stage_id=QUALIFIED))) for _ in range(8 if site.fake else 3)]
    with cutting(site) as crm:
        for told in commands:
            applied(crm, told)
    done = [
        (len(notes(site, told)), len(tasks(site, told)), state(site, told.lead_id)["won_status"]) for told in commands
    ]
    assert [(1, 1, "pending")] * len(commands) == done
    assert [1] * len(commands) == [restored(site, told.lead_id) for told in commands]


def applied(crm: OdooCrm, told: Command) -> None:
    """As a flow does: what was refused stays pending, and is tried again in the next run."""
    for _ in range(5):
        try:
            crm.apply(told)
        except (CrmLostAnswerError, CrmBusyError):
            continue
        return
    raise AssertionError(f"{told.marker} is never done")


def restored(site: Site, lead_id: str) -> int:
    """How often a lead was returned to work."""
    found = site.under("mail.message", lead_id, ["subtype_id.name", "=", "Opportunity Restored"])
    return len(found)


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
def test_a_write_whose_answer_is_lost_is_looked_for_before_it_is_repeated(fake: Site, write: str, fault: Fault):
    lead_id = fake.lose(fake.lead(stage_id=QUALIFIED))
    told = command(lead_id, stage_id=str(PROPOSITION))
    fake.fake.faults.next(answer=fault, matching=write)
    fake.crm().apply(told)
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
def test_a_kill_between_two_writes_is_healed_by_the_next_try(fake: Site, write: str):
    """The write refuses to be done; the next run finds what the first has left."""
    lead_id = fake.lose(fake.lead(stage_id=QUALIFIED))
    told = command(lead_id, stage_id=str(PROPOSITION))
    fake.fake.faults.next(answer=Fault.UNAVAILABLE, matching=write, times_n=100)
    with pytest.raises(CrmError):
        fake.crm().apply(told)
    fake.fake.faults.clear()
    fake.crm().apply(told)
    assert open_on(lead_id, PROPOSITION) == state(fake, lead_id)
    assert (1, 1, 1) == (len(notes(fake, told)), len(tasks(fake, told)), restored(fake, lead_id))


def lost(site: Site) -> str:
    return site.lose(site.lead())


def deleted(site: Site) -> str:
    lead_id = lost(site)
    site.on(lead_id, "unlink")
    return lead_id


def merged_away(site: Site) -> str:
    pair = [int(lost(site)), int(site.lead())]
    kept = site.call("crm.lead", "merge_opportunity", ids=pair)
    [gone] = set(pair) - {kept if isinstance(kept, int) else kept[0]}
    return str(gone)


SENSELESS = {
    "a lead that is open": (lambda site: site.lead(), {}, "is open in Odoo: there is nothing to return"),
    "a lead that is won": (lambda site: site.lead(stage_id=WON), {}, "is won in Odoo"),
    "a lead that was deleted": (deleted, {}, "it was deleted, or merged"),
    "a lead that was merged": (merged_away, {}, "it was deleted, or merged"),
    "a stage that is not there": (lost, {"stage_id": "99999"}, "Odoo has no stage 99999"),
    "a manager who is not there": (lost, {"manager_id": "99999"}, "manager 99999 no longer works"),
}


@pytest.mark.parametrize("what", SENSELESS)
def test_a_command_that_has_no_sense_is_refused_before_anything_is_written(site: Site, what: str):
    made, parts, words = SENSELESS[what]
    told = command(made(site), **parts)
    with pytest.raises(CrmError, match=words):
        site.crm().apply(told)
    assert ([], []) == (notes(site, told), tasks(site, told))


def test_a_manager_who_was_dismissed_gets_no_lead(fake: Site):
    dismissed = fake.fake.add_user("Left", active=False)
    with pytest.raises(CrmError, match="no longer works in Odoo: rule again"):
        fake.crm().apply(command(lost(fake), manager_id=str(dismissed)))


def test_an_upheld_rejection_is_nothing_to_write(fake: Site):
    with pytest.raises(CrmError, match="there is nothing to write"):
        fake.crm().apply(command(lost(fake), Decision.UPHOLD))


def test_a_lead_that_is_deleted_between_reading_and_writing_is_refused(fake: Site):
    lead_id = lost(fake)
    crm = fake.crm()
    assert crm.account
    crm.odoo.http.client.event_hooks = {"request": [before("message_post", lambda: fake.on(lead_id, "unlink"))]}
    with pytest.raises(CrmRefusalError, match="does not exist or has been deleted"):
        crm.apply(command(lead_id))


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
