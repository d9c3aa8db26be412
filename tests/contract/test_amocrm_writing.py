"""What planerka writes into amoCRM: each command once, whatever is lost on the way, and nothing that is senseless."""

import re

import httpx
import pytest

from planerka.crm.amocrm.directory import stage_id
from planerka.errors import CrmError, CrmRefusalError
from planerka.model import Decision, DisputeOrigin
from tests.builders_amo import ago, command_for
from tests.fakes.amocrm.faults import Fault

WRITES = r"^(POST|PATCH) "


def rejected_lead(company, **more) -> int:
    """A lead that was met, and lost for its price."""
    with company.at(ago(days=3)):
        lead = company.add_lead(company.stage("Продажи", "Встреча"), responsible=company.user("Анна"), **more)
    with company.at(ago(days=2)):
        company.reject(lead, company.loss_reason("Дорого"))
    return lead


def written(company, lead: int) -> tuple[list[str], list[str]]:
    """The texts of a lead's notes and tasks."""
    notes = [note["params"]["text"] for note in company.notes.values() if note["entity_id"] == lead]
    return notes, [task["text"] for task in company.tasks.values() if task["entity_id"] == lead]


def stage_of(company, lead: int) -> tuple[int, int]:
    return company.leads[lead]["pipeline_id"], company.leads[lead]["status_id"]


def assert_returned(company, command, stage: str = "Встреча") -> None:
    """Once: one note, one task, and the lead where it was."""
    lead = int(command.lead_id)
    expected = ([command.note], [command.task]), company.stage("Продажи", stage)
    assert expected == (written(company, lead), stage_of(company, lead))


def test_a_return_goes_to_the_stage_the_lead_was_rejected_in(company, amo_crm):
    lead = rejected_lead(company)
    receipt = amo_crm.apply(command_for(lead))
    assert_returned(company, command_for(lead))
    task = next(iter(company.tasks.values()))
    assert (company.user("Анна"), 1893456000) == (task["responsible_user_id"], task["complete_till"])
    assert receipt.handed_over_at <= receipt.confirmed_at


def test_a_return_goes_to_the_stage_and_the_manager_that_were_ruled(company, amo_crm):
    lead = rejected_lead(company)
    stage = stage_id(*company.stage("Продажи", "Квалификация"))
    boris = company.user("Борис")
    command = command_for(lead, stage_id=stage, manager_id=str(boris))
    amo_crm.apply(command)
    assert_returned(company, command, "Квалификация")
    tasks = [task["responsible_user_id"] for task in company.tasks.values()]
    assert (boris, [boris]) == (company.leads[lead]["responsible_user_id"], tasks)


def test_a_lead_that_was_rejected_unsorted_goes_to_the_first_stage_where_people_work(company, amo_crm):
    with company.at(ago(days=3)):
        lead = company.add_unsorted(company.stage("Продажи", "Встреча")[0])
        company.reject(lead)
    amo_crm.apply(command_for(lead))
    assert_returned(company, command_for(lead), "Новая заявка")


def test_a_request_for_evidence_is_a_note_and_a_task(company, amo_crm):
    lead = rejected_lead(company)
    command = command_for(lead, Decision.REQUEST_EVIDENCE)
    amo_crm.apply(command)
    assert_returned(company, command, "Закрыто и не реализовано")


def test_a_command_that_was_carried_out_is_not_carried_out_again(company, amo_crm):
    """Not even where the lead was rejected once more afterwards."""
    lead = rejected_lead(company)
    amo_crm.apply(command_for(lead))
    company.reject(lead)
    amo_crm.apply(command_for(lead))
    assert_returned(company, command_for(lead), "Закрыто и не реализовано")


@pytest.mark.parametrize("fault", [Fault.CUT, 504, Fault.EMPTY, Fault.HALF_JSON, Fault.RESET_IN_BODY])
def test_with_every_third_answer_lost_after_the_server_acted_each_command_is_done_once(company, amo_crm, fault):
    company.faults.next(fault, every=3, times=None, after_acting=True)
    leads = [rejected_lead(company) for _ in range(5)]
    for lead in leads:
        amo_crm.apply(command_for(lead))
    for lead in leads:
        assert_returned(company, command_for(lead))


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("fault", [503, 502, Fault.CUT])
def test_a_write_that_was_not_done_is_repeated(company, amo_crm, fault, number):
    lead = rejected_lead(company)
    company.faults.next(fault, matching=WRITES, every=number)
    amo_crm.apply(command_for(lead))
    assert_returned(company, command_for(lead))


@pytest.mark.parametrize("after_acting", [False, True])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_write_without_an_answer_is_looked_for_and_done_once(company, amo_crm, number, after_acting):
    lead = rejected_lead(company)
    amo_crm.client.http.client.timeout = httpx.Timeout(0.2)
    company.faults.next(Fault.TIMEOUT, matching=WRITES, every=number, after_acting=after_acting)
    amo_crm.apply(command_for(lead))
    assert_returned(company, command_for(lead))


def test_a_write_that_is_done_long_after_its_answer_was_lost_is_not_repeated(company, amo_crm):
    """A proxy gives up, amoCRM does not: the note is there after the third look."""
    lead = rejected_lead(company)
    command, looks = command_for(lead), r"GET /api/v4/leads/\d+/notes"
    company.faults.next(504, matching="POST .*/notes")

    def later() -> None:
        looked_n = sum(re.match(looks, seen.line) is not None for seen in company.seen)
        if looked_n < 5:
            company.meanwhile(looks, later)
        else:
            company.add_note(lead, "common", {"text": command.note})

    company.meanwhile(looks, later)
    amo_crm.apply(command)
    assert_returned(company, command)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_what_a_killed_run_left_undone_is_done_by_the_next(company, amo_crm, number):
    """A kill after each of the writes: the next try does what is missing, and no more."""
    lead = rejected_lead(company)
    company.faults.next(403, matching=WRITES, every=number, after_acting=True)
    with pytest.raises(CrmError, match="answers 403"):
        amo_crm.apply(command_for(lead))
    amo_crm.apply(command_for(lead))
    assert_returned(company, command_for(lead))


@pytest.mark.parametrize("write, is_nothing", [("POST .*/notes", True), ("PATCH ", False), ("POST .*/tasks", False)])
def test_a_refusal_says_that_nothing_was_done_only_before_the_first_write(company, amo_crm, write, is_nothing):
    company.faults.next(400, matching=write)
    with pytest.raises(CrmError, match="answers 400") as refused:
        amo_crm.apply(command_for(rejected_lead(company)))
    assert is_nothing == isinstance(refused.value, CrmRefusalError)


def test_a_look_that_is_refused_after_an_answer_was_lost_says_nothing_of_the_write(company, amo_crm):
    """The note is there, and nobody has seen it."""
    company.faults.next(504, matching="POST .*/notes", after_acting=True)
    company.meanwhile("POST .*/notes", lambda: company.faults.next(400, matching="GET .*/notes"))
    with pytest.raises(CrmError, match="answers 400") as refused:
        amo_crm.apply(command_for(rejected_lead(company)))
    assert not isinstance(refused.value, CrmRefusalError)


CLOSED_SINCE = {
    "is rejected in amoCRM since": "Закрыто и не реализовано",
    "rejected in amoCRM since": "Не наш клиент",
    "is won in amoCRM since": "Успешно реализовано",
}


@pytest.mark.parametrize("words", CLOSED_SINCE)
def test_a_lead_that_was_closed_after_its_return_is_not_returned_by_the_next_try(company, amo_crm, words):
    """The first try has written the note and moved the lead; only the task is missing."""
    lead = rejected_lead(company)
    company.faults.next(403, matching="POST /api/v4/tasks")
    with company.at(ago(hours=1)), pytest.raises(CrmError, match="answers 403"):
        amo_crm.apply(command_for(lead))
    company.move(lead, company.stage("Продажи", CLOSED_SINCE[words]))
    with pytest.raises(CrmError, match=words):
        amo_crm.apply(command_for(lead))
    expected = company.stage("Продажи", CLOSED_SINCE[words]), ([command_for(lead).note], [])
    assert expected == (stage_of(company, lead), written(company, lead))


def reopened(company, lead):
    company.reopen(lead, company.stage("Продажи", "Бронь"))


SENSELESS = {
    "is open in amoCRM already": reopened,
    "is won in amoCRM already": lambda company, lead: company.move(lead, (company.leads[lead]["pipeline_id"], 142)),
    "was deleted, or merged": lambda company, lead: company.delete(lead),
    "merged into another": lambda company, lead: company.merge(rejected_lead(company), lead),
    "not of sales": lambda company, lead: company.move(lead, company.stage("Ипотека", "Решение банка")),
    "Анна .* was dismissed": lambda company, lead: company.dismiss_user(company.user("Анна")),
}


@pytest.mark.parametrize("words", SENSELESS)
def test_a_return_that_has_lost_its_sense_is_refused_and_nothing_written(company, amo_crm, words):
    lead = rejected_lead(company)
    SENSELESS[words](company, lead)
    with pytest.raises(CrmError, match=words):
        amo_crm.apply(command_for(lead))
    assert ([], []) == written(company, lead)


@pytest.mark.parametrize("matching", ["GET /api/v4/leads\\?", "POST /api/v4/leads", "PATCH "])
def test_a_lead_that_is_deleted_between_reading_and_writing_is_told_of(company, amo_crm, matching):
    lead = rejected_lead(company)
    company.meanwhile(matching, lambda: company.delete(lead))
    with pytest.raises(CrmError, match="was deleted, or merged"):
        amo_crm.apply(command_for(lead))


def test_a_stage_that_is_not_open_is_refused(company, amo_crm):
    lead = rejected_lead(company)
    with pytest.raises(CrmError, match="no open stage of sales"):
        amo_crm.apply(command_for(lead, stage_id=stage_id(*company.stage("Продажи", "Не наш клиент"))))


def neglected_lead(company) -> int:
    """A lead that was met, and that nobody has worked on since."""
    with company.at(ago(days=30)):
        return company.add_lead(company.stage("Продажи", "Встреча"), responsible=company.user("Анна"))


@pytest.mark.parametrize("name", ["Анна", "Борис"])
def test_a_neglected_lead_stays_in_its_stage_and_its_manager_gets_a_note_and_a_task(company, amo_crm, name):
    """Nothing but another manager changes the lead."""
    lead, manager = neglected_lead(company), company.user(name)
    command = command_for(lead, origin=DisputeOrigin.NEGLECT, manager_id=str(manager))
    for _ in range(2):
        receipt = amo_crm.apply(command)
    assert_returned(company, command)
    tasks = [task["responsible_user_id"] for task in company.tasks.values()]
    assert (manager, [manager]) == (company.leads[lead]["responsible_user_id"], tasks)
    changes = [seen.line for seen in company.seen if seen.line.startswith("PATCH")]
    assert ([f"PATCH /api/v4/leads/{lead}"] if name == "Борис" else []) == changes
    assert (command.marker, True) == (receipt.marker, receipt.confirmed_at is not None)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_what_a_killed_run_left_undone_of_a_neglected_lead_is_done_by_the_next(company, amo_crm, number):
    lead = neglected_lead(company)
    command = command_for(lead, origin=DisputeOrigin.NEGLECT, manager_id=str(company.user("Борис")))
    company.faults.next(403, matching=WRITES, every=number, after_acting=True)
    with pytest.raises(CrmError, match="answers 403"):
        amo_crm.apply(command)
    amo_crm.apply(command)
    assert_returned(company, command)


def test_a_neglected_lead_that_nobody_has_accepted_stays_unsorted(company, amo_crm):
    with company.at(ago(days=30)):
        lead = company.add_unsorted(company.stage("Продажи", "Встреча")[0])
    command = command_for(lead, origin=DisputeOrigin.NEGLECT)
    amo_crm.apply(command)
    assert_returned(company, command, "Неразобранное")


def test_a_neglected_lead_that_was_rejected_meanwhile_is_returned_to_its_stage(company, amo_crm):
    lead = neglected_lead(company)
    company.reject(lead, company.loss_reason("Дорого"))
    command = command_for(lead, origin=DisputeOrigin.NEGLECT)
    amo_crm.apply(command)
    assert_returned(company, command)


def test_a_neglected_lead_that_was_won_meanwhile_is_left_alone(company, amo_crm):
    lead = neglected_lead(company)
    company.move(lead, company.stage("Продажи", "Успешно реализовано"))
    with pytest.raises(CrmError, match="is won in amoCRM already"):
        amo_crm.apply(command_for(lead, origin=DisputeOrigin.NEGLECT))
    assert ([], []) == written(company, lead)


def test_the_reason_of_a_reopened_lead_is_never_sent(company, amo_crm):
    """amoCRM would refuse the whole change; the lead goes on showing it, and is open all the same."""
    lead = rejected_lead(company)
    amo_crm.apply(command_for(lead))
    assert company.loss_reason("Дорого") == company.leads[lead]["loss_reason_id"]
    assert [] == [seen.line for seen in company.seen if seen.status == 400]
