"""The sample's journal: commands are carried out once, and their leads live on."""

import json
from datetime import datetime, timedelta

import pytest

from planerka.crm.base import Window
from planerka.crm.sample.story import ANALYST_ID
from planerka.errors import CrmError
from planerka.model import Command, Decision, DisputeOrigin, Event, Lead
from tests.builders_sample import AS_OF_ON, latest_leads, midnight, read, sample

TOMORROW_ON = AS_OF_ON + timedelta(days=1)
MUCH_LATER_ON = AS_OF_ON + timedelta(days=120)
DUE_AT = midnight(TOMORROW_ON) + timedelta(hours=15)


def command(lead_id: str, **asked: object) -> Command:
    """A return to work with the manager and stage kept, unless asked otherwise."""
    usual = {"marker": f"planerka-{lead_id}", "origin": DisputeOrigin.UNLAWFUL, "kind": Decision.RETURN_TO_WORK}
    usual |= {"manager_id": None, "stage_id": None}
    texts = {"note": "Пункт 1.1: сделана 1 попытка из 6", "task": "Позвонить клиенту"}
    return Command(lead_id=lead_id, due_at=DUE_AT, **{**usual, **texts, **asked})


def a_lead(crm, status: str = "rejected") -> str:
    """The newest lead of this status: an old one would be no surprise."""
    leads = latest_leads(lately(crm))
    return leads.index[leads["status"] == status][-1]


def lately(crm):
    """What the last weeks before the as-of day brought."""
    return read(crm, [Window(since=midnight(AS_OF_ON - timedelta(days=40)), until=midnight(AS_OF_ON))])


def pull(crm, since_on=AS_OF_ON, until_on=TOMORROW_ON):
    return read(crm, [Window(since=midnight(since_on), until=midnight(until_on))])


def test_a_returned_lead_is_open_in_the_next_pull(tmp_path):
    """Reopened by the analyst, with the stage, manager and due time of the command."""
    crm = sample(tmp_path)
    lead_id = a_lead(crm)
    receipt = crm.apply(command(lead_id, manager_id="M7", stage_id="S2"))
    assert receipt.confirmed_at is not None
    frames = pull(crm)
    events = frames[Event][frames[Event]["lead_id"] == lead_id].set_index("kind")
    assert (ANALYST_ID, "person", "M7", "S2") == tuple(
        events.loc["reopened", ["actor_id", "actor_kind", "manager_id", "to_stage_id"]]
    )
    assert DUE_AT == events.query("actor_id == @ANALYST_ID").loc["task_set", "due_at"]
    assert ("open", "M7") == tuple(latest_leads(frames).loc[lead_id, ["status", "manager_id"]])


def test_what_a_command_leaves_open_stays_as_it_was(tmp_path):
    """No manager and no stage given: both kept."""
    crm = sample(tmp_path)
    lead_id = a_lead(crm)
    before = latest_leads(lately(crm)).loc[lead_id]
    crm.apply(command(lead_id))
    reopened = pull(crm)[Event].query("lead_id == @lead_id and kind == 'reopened'").iloc[0]
    assert (before["manager_id"], before["stage_id"]) == (reopened["manager_id"], reopened["to_stage_id"])


def test_a_marker_is_carried_out_once(tmp_path):
    """The second try, a day later and in another process, gets the receipt of the first."""
    crm = sample(tmp_path)
    lead_id = a_lead(crm)
    first = crm.apply(command(lead_id))
    again = sample(tmp_path, as_of_on=TOMORROW_ON)
    assert first == again.apply(command(lead_id, note="другой текст"))
    kinds = pull(again, until_on=MUCH_LATER_ON)[Event].query("lead_id == @lead_id")["kind"]
    assert 1 == (kinds == "reopened").sum()


def test_a_dry_run_shows_what_would_be_written_into_the_journal(tmp_path):
    """And nothing once it is there, nor for a lead that there is none of."""
    crm = sample(tmp_path)
    told = command(a_lead(crm))
    [line] = crm.rehearse(told)
    crm.apply(told)
    [entry] = crm._journal.entries()
    place, _, content = line.partition(" ")
    assert (str(crm._journal.path), told, []) == (place, entry.command, crm.rehearse(told))
    assert (told.marker, told.note) == (json.loads(content)["marker"], json.loads(content)["note"])
    with pytest.raises(CrmError, match="the sample has no lead"):
        crm.rehearse(command("L9999999"))


def test_a_returned_lead_is_worked(tmp_path):
    """The simulated future calls it, and something becomes of it."""
    crm = sample(tmp_path)
    lead_id = a_lead(crm)
    crm.apply(command(lead_id))
    frames = pull(crm, until_on=MUCH_LATER_ON)
    kinds = frames[Event].query("lead_id == @lead_id")["kind"].tolist()
    assert ["reopened", "task_set", "call_out"] == kinds[:3]
    assert latest_leads(frames).loc[lead_id, "status"] in ("won", "rejected")


def test_a_command_changes_nothing_that_was_pulled_before(tmp_path):
    """Windows that closed before it read the same rows."""
    crm = sample(tmp_path)
    before = lately(crm)
    crm.apply(command(a_lead(crm)))
    after = lately(crm)
    assert all(rows.equals(after[noun]) for noun, rows in before.items())


def test_what_was_drawn_for_a_returned_lead_is_cut_off(tmp_path):
    """A lead in work that is returned goes on from there, not from what would have happened."""
    crm = sample(tmp_path)
    lead_id = a_lead(crm, status="open")
    crm.apply(command(lead_id, origin=DisputeOrigin.NEGLECT))
    events = pull(crm, until_on=MUCH_LATER_ON)[Event].query("lead_id == @lead_id").sort_values("at")
    returned_at = events.query("actor_id == @ANALYST_ID")["at"].min()
    assert events.loc[events["at"] > returned_at, "id"].str[8:10].eq("02").all()


def test_a_lead_can_be_returned_twice(tmp_path):
    """The second return starts where the first had led."""
    crm = sample(tmp_path)
    lead_id = a_lead(crm)
    crm.apply(command(lead_id, marker="first"))
    later = sample(tmp_path, as_of_on=MUCH_LATER_ON)
    later.apply(command(lead_id, marker="second"))
    last_on = MUCH_LATER_ON + timedelta(days=1)
    events = pull(later, until_on=last_on)[Event].query("lead_id == @lead_id")
    assert events["id"].is_unique
    assert 2 == (events["kind"] == "reopened").sum()


def test_a_request_for_evidence_is_a_task_and_no_return(tmp_path):
    """The lead stays rejected; the manager has a task."""
    crm = sample(tmp_path)
    lead_id = a_lead(crm)
    crm.apply(command(lead_id, kind=Decision.REQUEST_EVIDENCE))
    frames = pull(crm)
    assert ["task_set"] == frames[Event].query("lead_id == @lead_id and actor_id == @ANALYST_ID")["kind"].tolist()
    assert Lead not in frames or lead_id not in set(frames[Lead]["id"])


def test_a_command_for_an_old_lead_reaches_it(tmp_path):
    """A lead that no window would look at any more."""
    crm = sample(tmp_path)
    crm.apply(command("L0000007"))
    assert "L0000007" in set(pull(crm)[Lead]["id"])


@pytest.mark.parametrize("lead_id", ["L0999999", "L7", "", "X0000001", "L٠٠٠٠٠٠١", "L0000001; drop"])
def test_a_lead_that_does_not_exist_is_refused_by_name(tmp_path, lead_id):
    """And nothing is written."""
    crm = sample(tmp_path)
    with pytest.raises(CrmError, match="the sample has no lead"):
        crm.apply(command(lead_id))


@pytest.mark.parametrize("manager_id", [None, "M2"])
def test_a_neglected_lead_is_worked_on_again_and_not_reopened(tmp_path, manager_id):
    """It was open all the time: only a new manager shows."""
    crm = sample(tmp_path)
    lead_id = a_lead(crm, "open")
    before = latest_leads(lately(crm)).loc[lead_id]
    assert before["manager_id"] != "M2"
    crm.apply(command(lead_id, origin=DisputeOrigin.NEGLECT, manager_id=manager_id))
    frames = pull(crm)
    by_analyst = frames[Event].query("lead_id == @lead_id and actor_id == @ANALYST_ID")
    given = ["owner_changed"] if manager_id else []
    assert [*given, "task_set"] == by_analyst.sort_values("at")["kind"].tolist()
    after = latest_leads(pull(crm, AS_OF_ON - timedelta(days=40))).loc[lead_id]
    assert ("open", manager_id or before["manager_id"]) == (after["status"], after["manager_id"])


@pytest.mark.parametrize("asked", [{"seed": 7}, {"leads_n": 2_000}])
def test_a_journal_of_another_company_is_refused(tmp_path, asked):
    """Named with what it keeps."""
    sample(tmp_path)
    with pytest.raises(CrmError, match="ask for the same company, or name another journal"):
        sample(tmp_path, **asked)


WHOLE = {"seed": 2026, "leads_n": 1_000, "anchor_on": "2026-11-23", "entries": []}
SPOILT = [{"anchor_on": None}, {"anchor_on": "Monday"}, {"entries": 1}, {"entries": ["x"]}, {"entries": [{}]}]


@pytest.mark.parametrize(
    "content",
    [
        *("", "{", "[]", "{}", '"seed"', '{"seed": 2026}'),
        *(json.dumps({name: WHOLE[name] for name in WHOLE if name != missing}) for missing in WHOLE),
        *(json.dumps({**WHOLE, **spoilt}) for spoilt in SPOILT),
    ],
)
def test_a_file_that_is_no_journal_is_refused(tmp_path, content):
    """Rather than overwritten."""
    (tmp_path / "journal.json").write_text(content)
    with pytest.raises(CrmError, match=r"is not the journal of a sample company: put back a copy, or name another"):
        sample(tmp_path)
    assert content == (tmp_path / "journal.json").read_text()


def test_a_journal_that_cannot_be_kept_is_named(tmp_path):
    """Its folder belongs to somebody else, or is none."""
    (tmp_path / "var").write_text("a file where a folder should be")
    with pytest.raises(CrmError, match=r"var/journal.json cannot be kept .*: give yourself rights to it"):
        sample(tmp_path / "var")


def test_commands_are_dated_in_order_even_if_the_day_moves_back(tmp_path):
    """A journal never goes back in time."""
    first = sample(tmp_path, as_of_on=TOMORROW_ON).apply(command("L0000001"))
    second = sample(tmp_path).apply(command("L0000002"))
    assert isinstance(first.handed_over_at, datetime)
    assert first.handed_over_at == second.handed_over_at
