"""What is read from Odoo: leads as they stand, and what happened to them, of the fake and of a real server."""

from datetime import timedelta

import pytest

from planerka.errors import MappingError
from planerka.model import LeadStatus, Reference, Rejection
from planerka.phones import phone_hash
from tests.builders_odoo import (
    DEAR,
    NEW,
    NO_STOCK,
    PHONE_KEY,
    PROPOSITION,
    QUALIFIED,
    WON,
    Site,
    colleague,
    events_of,
    kinds_of,
    of_lead,
    read,
)
from tests.fakes.odoo.rights import Role

PHONE = "+79161234567"


def test_a_lost_lead_is_rejected_for_its_reason(site: Site):
    lead_id = site.lose(site.lead(phone=PHONE, stage_id=QUALIFIED))
    lead = of_lead(read(site), lead_id)
    expected = {
        "status": LeadStatus.REJECTED,
        "reason_id": str(DEAR),
        "stage_id": str(QUALIFIED),
        "manager_id": "2",
        "client_id": phone_hash(PHONE, PHONE_KEY),
        "phone_is_valid": True,
        "url": f"{site.url}/odoo/crm/{lead_id}",
    }
    assert expected == {name: lead[name] for name in expected}


def test_an_archived_lead_that_is_not_lost_is_open(site: Site):
    lead_id = site.lead(probability=40)
    site.on(lead_id, "write", vals={"active": False})
    assert LeadStatus.OPEN == of_lead(read(site), lead_id)["status"]


def test_a_lead_on_a_winning_stage_is_won(site: Site):
    lead_id = site.lead()
    site.on(lead_id, "write", vals={"stage_id": WON})
    assert LeadStatus.WON == of_lead(read(site), lead_id)["status"]


def test_without_a_valid_phone_the_client_is_the_contact(site: Site):
    [partner_id] = site.call("res.partner", "create", vals_list=[{"name": "Client"}])
    lead_id = site.lead(partner_id=partner_id)
    assert f"contact {partner_id}" == of_lead(read(site), lead_id)["client_id"]


def test_every_rejection_of_the_history_has_its_reason_and_its_actor(site: Site):
    """Restoring clears the reason from the card: history alone still has it."""
    lead_id = site.lose(site.lead(stage_id=QUALIFIED), DEAR)
    site.on(lead_id, "action_restore")
    site.lose(lead_id, NO_STOCK)
    rows = read(site)
    expected = [
        ("created", None, "2", "person", "2"),
        ("assigned", None, "2", "person", "2"),
        ("rejected", str(DEAR), "2", "person", "2"),
        ("reopened", None, "2", "person", "2"),
        ("rejected", str(NO_STOCK), "2", "person", "2"),
        ("qualified", None, None, "unknown", "2"),
    ]
    assert expected == events_of(rows, lead_id, "reason_id", "actor_id", "actor_kind", "manager_id")


def test_the_card_is_that_of_the_rejection_that_stands(site: Site):
    """What it said at an earlier one is not known."""
    lead_id = site.lose(site.lead(description="<p>Wants the sea</p>"))
    site.on(lead_id, "action_restore")
    site.lose(lead_id, NO_STOCK)
    rows = read(site, site.crm(leads={"rejection": {"wish": "description"}}))
    last = [key for kind, key in events_of(rows, lead_id, "id") if kind == "rejected"][-1]
    cards = rows[Rejection].loc[rows[Rejection]["lead_id"] == lead_id]
    assert [(last, "Wants the sea")] == list(cards[["id", "wish"]].itertuples(index=False, name=None))


def test_a_reason_that_was_changed_afterwards_is_no_second_rejection(site: Site):
    lead_id = site.lose(site.lead())
    site.on(lead_id, "write", vals={"lost_reason_id": NO_STOCK})
    assert ["created", "assigned", "rejected"] == kinds_of(read(site), lead_id)


def test_a_restored_lead_is_open_and_has_no_reason(site: Site):
    lead_id = site.lose(site.lead())
    site.on(lead_id, "action_restore")
    lead = of_lead(read(site), lead_id)
    assert (LeadStatus.OPEN, None) == (lead["status"], lead["reason_id"])


def test_stages_and_milestones_come_from_history(site: Site):
    lead_id = site.lead(stage_id=NEW)
    site.on(lead_id, "write", vals={"stage_id": QUALIFIED})
    site.on(lead_id, "write", vals={"stage_id": PROPOSITION})
    expected = [
        ("created", None, None),
        ("assigned", None, None),
        ("stage_changed", str(NEW), str(QUALIFIED)),
        ("qualified", None, None),
        ("stage_changed", str(QUALIFIED), str(PROPOSITION)),
        ("booked", None, None),
    ]
    assert expected == events_of(read(site), lead_id, "from_stage_id", "to_stage_id")


def test_a_lead_goes_from_owner_to_owner(site: Site):
    other = colleague(site)
    lead_id = site.lead(user_id=False)
    for user_id in (2, other):
        site.on(lead_id, "write", vals={"user_id": user_id})
    expected = [("created", None), ("assigned", "2"), ("owner_changed", str(other))]
    assert expected == events_of(read(site), lead_id, "manager_id")


def test_a_rejection_counts_for_who_owned_the_lead_then(site: Site):
    lead_id = site.lose(site.lead(user_id=2))
    site.on(lead_id, "write", vals={"user_id": colleague(site)})
    assert ("rejected", "2") in events_of(read(site), lead_id, "manager_id")


def test_a_load_without_tracking_is_told_by_the_dates_of_the_card(site: Site):
    vals = {"name": "Loaded", "type": "opportunity", "user_id": 2, "stage_id": QUALIFIED}
    silent = {"tracking_disable": True}
    lead_id = str(site.call("crm.lead", "create", vals_list=[vals], context=silent)[0])
    site.on(lead_id, "action_set_lost", lost_reason_id=DEAR, context=silent)
    found = events_of(read(site), lead_id, "id", "reason_id", "actor_kind")
    expected = [
        ("qualified", f"{lead_id}:qualified", None, "unknown"),
        ("rejected", f"{lead_id}:rejected", str(DEAR), "unknown"),
    ]
    assert expected == found[2:]


def test_done_calls_meetings_mails_and_tasks_are_events(site: Site):
    [client_id] = site.call("res.partner", "create", vals_list=[{"name": "Client", "email": "client@mail.example"}])
    lead_id = site.lead(partner_id=client_id)
    for kind in ("call", "meeting"):
        activity = {"act_type_xmlid": f"mail.mail_activity_data_{kind}", "user_id": 2, "date_deadline": "2026-12-01"}
        site.call("mail.activity", "action_feedback", ids=site.on(lead_id, "activity_schedule", **activity))
    said = {"body": "Hello", "subtype_xmlid": "mail.mt_comment"}
    site.on(lead_id, "message_post", message_type="comment", partner_ids=[client_id], **said)
    site.on(lead_id, "message_post", message_type="email_outgoing", partner_ids=[client_id], **said)
    site.on(lead_id, "message_post", message_type="email", author_id=client_id, **said)
    site.on(lead_id, "message_post", message_type="comment", body="A note", subtype_xmlid="mail.mt_note")
    expected = [
        ("created", "2", "person", None),
        ("assigned", "2", "person", None),
        ("call_out", "2", "person", None),
        ("meeting_held", "2", "person", None),
        ("message_out", "2", "person", None),
        ("message_out", "2", "person", None),
        ("message_in", None, "unknown", None),
        ("task_set", "2", "person", "2026-12-01 21:00:00+00:00"),
        ("task_set", "2", "person", "2026-12-01 21:00:00+00:00"),
    ]
    assert expected == events_of(read(site), lead_id, "actor_id", "actor_kind", "due_at")


def test_events_of_leads_that_the_window_has_not_bring_these_leads(site: Site):
    """A mail changes no lead: the lead is older than the window, and is there before its events all the same."""
    lead_id = site.lead()
    crm, window = site.crm(), site.window()
    since = site.call("crm.lead", "read", ids=[int(lead_id)], fields=["write_date"])[0]["write_date"]
    while site.now().strftime("%Y-%m-%d %H:%M:%S") <= since:
        site.call("res.users", "context_get")
    site.began_at = site.now()
    site.on(lead_id, "message_post", message_type="email_outgoing", body="Hello")
    nouns = [
        (batch.noun, lead_id in set(batch.rows.get("lead_id", batch.rows["id"]))) for batch in crm.read(site.window())
    ]
    assert window.since < site.began_at
    assert ["Lead", "Event", "Event"] == [
        noun.__name__ for noun, is_there in nouns if is_there and noun is not Reference
    ]


def test_a_merged_lead_is_among_the_ids_no_longer(site: Site):
    first, second = site.lead(), site.lead()
    kept = site.call("crm.lead", "merge_opportunity", ids=[int(first), int(second)])
    left = {first, second} & set(site.crm().lead_ids())
    assert {str(kept if isinstance(kept, int) else kept[0])} == left


def test_history_older_than_the_lead_is_of_a_lead_that_was_merged_into_it(site: Site):
    """Odoo moves the messages of both under the one that is left."""
    old = site.lose(site.lead(type="lead"))
    site.on(old, "action_restore")
    restored_at = site.row(old, "write_date")["write_date"]
    while site.now().strftime("%Y-%m-%d %H:%M:%S") <= restored_at:
        site.call("res.users", "context_get")
    new = site.lead(stage_id=PROPOSITION)
    site.call("crm.lead", "merge_opportunity", ids=[int(old), int(new)])
    assert ["created", "assigned", "booked"] == kinds_of(read(site), new)


def test_nothing_that_is_read_says_who_the_client_is(site: Site):
    [partner_id] = site.call("res.partner", "create", vals_list=[{"name": "Wolfgang Quint"}])
    said = "<p>Wolfram@mail.example, +7 916 765-43-21, wants the sea</p>"
    known = {"partner_id": partner_id, "phone": PHONE, "email_from": "quint@mail.example", "description": said}
    site.lose(site.lead(name="Wolfgang Quint", contact_name="Wolfgang Quint", **known))
    rows = read(site, site.crm(leads={"rejection": {"comment": "description"}}))
    text = " ".join(frame.to_csv() for frame in rows.values())
    assert "wants the sea" in text
    assert [] == [name for name in ("Quint", "Wolfgang", "916", "mail.example", "quint@") if name in text]


def test_a_portal_user_is_a_client_whom_nobody_names(fake: Site):
    client_id = fake.fake.add_user("Wolfgang Quint", Role.EMPLOYEE, share=True)
    lead_id = fake.lead()
    fake.fake.call("crm.lead", "message_post", [int(lead_id)], user_id=client_id, body="Hello", message_type="email")
    rows = read(fake)
    assert ("message_in", None, "unknown") in events_of(rows, lead_id, "actor_id", "actor_kind")
    assert "Wolfgang Quint" not in set(rows[Reference]["title"])


def test_ids_are_called_by_the_mapping_or_by_odoo(site: Site):
    [source_id] = site.call("utm.source", "create", vals_list=[{"name": f"Portal {site.now()}"}])
    site.lead(source_id=source_id)
    site.references["stage"][str(NEW)]["title"] = "First touch"
    named = {(row.kind, row.id): row.title for row in read(site)[Reference].itertuples()}
    title = site.call("utm.source", "read", ids=[source_id], fields=["display_name"])[0]["display_name"]
    found = (named["stage", str(NEW)], named["reason", str(DEAR)], named["channel", str(source_id)])
    assert ("First touch", "Too expensive", title) == found


def test_a_field_of_the_company_is_read_by_its_technical_name(site: Site):
    if site.fake:
        site.fake.add_field("x_budget_kind", "char", "Budget kind")
    elif "x_kind" not in site.call("crm.lead", "fields_get", attributes=["type"]):
        pytest.skip("the real Odoo has no field x_kind of its own")
    name = "x_budget_kind" if site.fake else "x_kind"
    column = {"column": name, "values": {"наличные": "full_price", "a": "full_price"}}
    word = "наличные" if site.fake else "a"
    lead_id = site.lose(site.lead(expected_revenue=7_500_000.5, **{name: word}))
    crm = site.crm(leads={"rejection": {"budget_kind": column, "budget_minor": "expected_revenue"}})
    card = read(site, crm)[Rejection].set_index("lead_id").loc[lead_id]
    assert (750_000_050, "full_price") == (card["budget_minor"], card["budget_kind"])


def test_a_field_that_is_not_there_is_told_with_the_nearest(site: Site):
    crm = site.crm(leads={"rejection": {"comment": "descripton"}})
    with pytest.raises(MappingError, match="has no field 'descripton': the nearest is 'description'"):
        read(site, crm)


def test_another_currency_is_refused(site: Site):
    with pytest.raises(MappingError, match="correct `currency`"):
        site.crm(currency="EUR").check_access()


def test_access_is_told_in_words(site: Site):
    said = site.crm().check_access()
    assert "history can be read; returns to work can be written" in said


def test_a_stage_without_a_code_is_named(site: Site):
    del site.references["stage"][str(PROPOSITION)]
    with pytest.raises(MappingError, match=rf"no code in the mapping for .*stage {PROPOSITION} \(Proposition\)"):
        site.crm().check_access()


def test_history_goes_back_to_the_first_lead(site: Site):
    site.lead()
    crm = site.crm()
    windows = crm.history(site.now() + timedelta(weeks=3))
    starts = [window.since for window in windows]
    assert (None, True) == (starts[-1], starts[:-1] == sorted(starts[:-1], reverse=True))


def test_the_data_are_complete_up_to_a_few_seconds_ago(site: Site):
    until = site.crm().data_until(site.now())
    assert timedelta(seconds=4) < site.now() - until < timedelta(seconds=12)
