"""Commands of rulings in Odoo, of the fake and of a real server: each done once, whatever is cut off on the way."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from planerka.crm.odoo.adapter import OdooCrm
from planerka.errors import CrmBusyError, CrmError, CrmLostAnswerError
from planerka.model import Command, Decision, DisputeOrigin
from tests.builders_odoo import (
    PROPOSITION,
    QUALIFIED,
    WON,
    Site,
    colleague,
    command,
    lost,
    notes,
    open_on,
    restored,
    state,
    tasks,
)
from tests.fakes.serving import served


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


def test_a_lead_that_was_won_after_its_return_is_not_returned_again(site: Site):
    """The task was lost, the rest done; then the client bought."""
    lead_id = site.lose(site.lead(stage_id=QUALIFIED))
    told = command(lead_id)
    site.crm().apply(told)
    site.call("mail.activity", "unlink", ids=[task["id"] for task in site.under("mail.activity", lead_id)])
    site.on(lead_id, "action_set_won")
    site.crm().apply(told)
    assert ("won", WON) == (state(site, lead_id)["won_status"], state(site, lead_id)["stage_id"])
    assert (1, 0) == (len(notes(site, told)), len(tasks(site, told)))


@pytest.mark.parametrize("is_given", [False, True])
def test_a_neglected_lead_stays_in_its_stage_and_its_manager_gets_a_note_and_a_task(site: Site, is_given: bool):
    """It is not restored: Odoo would forget a probability that was set by hand."""
    manager = colleague(site) if is_given else 2
    lead_id = site.lead(stage_id=QUALIFIED)
    told = command(lead_id, origin=DisputeOrigin.NEGLECT, manager_id=str(manager))
    for _ in range(2):
        receipt = site.crm().apply(told)
    assert (open_on(lead_id, QUALIFIED, manager), 0) == (state(site, lead_id), restored(site, lead_id))
    assert (1, [("Call the client", "2026-12-02", manager)]) == (len(notes(site, told)), tasks(site, told))
    assert (told.marker, True) == (receipt.marker, receipt.confirmed_at is not None)


def test_a_neglected_lead_that_was_put_aside_is_shown_again(site: Site):
    """Archived, and not lost: it is open, and nobody sees it."""
    lead_id = site.lead(stage_id=QUALIFIED)
    site.on(lead_id, "action_archive")
    assert ("pending", False) == (state(site, lead_id)["won_status"], state(site, lead_id)["active"])
    site.crm().apply(command(lead_id, origin=DisputeOrigin.NEGLECT))
    assert open_on(lead_id, QUALIFIED) == state(site, lead_id)


def test_a_neglected_lead_that_was_rejected_meanwhile_is_returned(site: Site):
    lead_id = site.lose(site.lead(stage_id=QUALIFIED))
    site.crm().apply(command(lead_id, origin=DisputeOrigin.NEGLECT))
    assert (open_on(lead_id, QUALIFIED), 1) == (state(site, lead_id), restored(site, lead_id))


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


def deleted(site: Site) -> str:
    lead_id = lost(site)
    site.on(lead_id, "unlink")
    return lead_id


def merged_away(site: Site) -> str:
    pair = [int(lost(site)), int(site.lead())]
    kept = site.call("crm.lead", "merge_opportunity", ids=pair)
    [gone] = set(pair) - {kept if isinstance(kept, int) else kept[0]}
    return str(gone)


NEGLECT = {"origin": DisputeOrigin.NEGLECT}

SENSELESS = {
    "a lead that is open": (lambda site: site.lead(), {}, "is open in Odoo: there is nothing to return"),
    "a lead that is won": (lambda site: site.lead(stage_id=WON), {}, "is won in Odoo"),
    "a neglected lead that is won": (lambda site: site.lead(stage_id=WON), NEGLECT, "is won in Odoo"),
    "a lead that was deleted": (deleted, {}, "it was deleted, or merged"),
    "a lead that was merged": (merged_away, {}, "it was deleted, or merged"),
    "a stage that is not there": (lost, {"stage_id": "99999"}, "Odoo has no stage 99999"),
    "a stage that wins": (lost, {"stage_id": str(WON)}, f"stage {WON} of Odoo is not open"),
    "a manager who is not there": (lost, {"manager_id": "99999"}, "manager 99999 no longer works"),
}


@pytest.mark.parametrize("what", SENSELESS)
def test_a_command_that_has_no_sense_is_refused_before_anything_is_written(site: Site, what: str):
    made, parts, words = SENSELESS[what]
    told = command(made(site), **parts)
    with pytest.raises(CrmError, match=words):
        site.crm().apply(told)
    assert ([], []) == (notes(site, told), tasks(site, told))


def test_a_lead_is_not_returned_to_a_stage_that_the_mapping_calls_a_rejection(site: Site):
    site.references["stage"][str(PROPOSITION)] = {"code": "rejected"}
    with pytest.raises(CrmError, match=f"stage {PROPOSITION} of Odoo is not open"):
        site.crm().apply(command(lost(site), stage_id=str(PROPOSITION)))


def test_a_manager_who_was_dismissed_gets_no_lead(fake: Site):
    dismissed = fake.fake.add_user("Left", active=False)
    with pytest.raises(CrmError, match="no longer works in Odoo: rule again"):
        fake.crm().apply(command(lost(fake), manager_id=str(dismissed)))
