"""Reading amoCRM: what of an company becomes leads, events and cards, over real HTTP."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from planerka.crm.amocrm import lists
from planerka.crm.amocrm.adapter import AmoCrm
from planerka.crm.amocrm.client import Span
from planerka.crm.amocrm.directory import WON, stage_id
from planerka.errors import CrmAnswerError, MappingError
from planerka.model import Contract, Event, Lead, Reference, Rejection
from planerka.phones import phone_hash
from tests.builders_amo import KEY, ago, connected, frame, mapping_of, read


def events_of(amo_crm: AmoCrm, lead_id: int, *names: str) -> list[tuple]:
    """The events of a lead but for its coming, by time."""
    events = frame(read(amo_crm), Event)
    own = events[(events["lead_id"] == str(lead_id)) & (events["kind"] != "created")].sort_values(["at", "id"])
    own = own.astype(object).where(own.notna(), None)
    return list(own[["kind", *names]].itertuples(index=False, name=None))


def lead_of(amo_crm: AmoCrm, lead_id: int) -> dict:
    leads = frame(read(amo_crm), Lead).set_index("id")
    row = leads.loc[str(lead_id)]
    return row.where(row.notna(), None).to_dict()


def test_two_enquiries_of_one_client_have_one_client(company, amo_crm):
    """One contact may have many leads, and one phone many contacts."""
    with company.at(ago(days=3)):
        again = company.add_contact("8 (916) 123-45-67")
        contacts = [company.add_contact("+79161234567"), again, company.add_contact("+79031234567")]
        leads = [company.add_lead(company.stage("Продажи", "Встреча"), contacts=[one]) for one in contacts]
    clients = frame(read(amo_crm), Lead).set_index("id")["client_id"]
    same = phone_hash("+79161234567", KEY)
    assert [same, same, phone_hash("+79031234567", KEY)] == [clients[str(lead)] for lead in leads]


PHONES = [
    ([], None, "contact"),
    (["+7 900 000"], False, "contact"),
    (["+7 900 000", "+79161234567"], True, "phone"),
]


@pytest.mark.parametrize("phones, is_valid, client", PHONES)
def test_a_client_is_the_first_phone_that_exists_and_else_the_contact(company, amo_crm, phones, is_valid, client):
    with company.at(ago(days=3)):
        contact = company.add_contact(*phones)
        lead = company.add_lead(company.stage("Продажи", "Встреча"), contacts=[contact])
    read_lead = lead_of(amo_crm, lead)
    expected = phone_hash("+79161234567", KEY) if client == "phone" else f"contact {contact}"
    assert (is_valid, expected) == (read_lead["phone_is_valid"], read_lead["client_id"])


def test_without_a_key_no_contact_is_asked_for(amo_url, company):
    with company.at(ago(days=3)):
        lead = company.add_lead(company.stage("Продажи", "Встреча"), contacts=[company.add_contact("+79161234567")])
    with connected(amo_url, company, phone_key=None) as amo_crm:
        assert lead_of(amo_crm, lead)["client_id"].startswith("contact ")
        assert "lead.phone_is_valid" in amo_crm.lacks()
    assert [] == [seen.line for seen in company.seen if "/contacts?" in seen.line]


def test_a_card_says_what_the_mapping_reads_of_it(company, amo_crm):
    meeting = company.stage("Продажи", "Встреча")
    with company.at(ago(days=3)):
        lead = company.add_lead(
            meeting, responsible=company.user("Анна"), fields={company.field("Проект"): "Южный берег"}
        )
    expected = {"project_id": "Южный берег", "stage_id": stage_id(*meeting), "manager_id": str(company.user("Анна"))}
    assert expected | {"status": "open"} == {
        name: value for name, value in lead_of(amo_crm, lead).items() if name in (*expected, "status")
    }


def test_a_rejection_in_a_stage_of_its_own_is_one_too(company, amo_crm):
    reject = company.stage("Продажи", "Не наш клиент")
    with company.at(ago(days=3)):
        lead = company.add_lead(company.stage("Продажи", "Встреча"))
    with company.at(ago(days=2)):
        company.change_lead(lead, stage=reject, loss_reason=company.loss_reason("Спам"), by=company.user("Анна"))
    events = events_of(amo_crm, lead, "reason_id", "actor_id")
    anna = str(company.user("Анна"))
    assert [
        ("stage_changed", None, anna),
        ("rejected", str(company.loss_reason("Спам")), anna),
    ] == events
    assert "rejected" == lead_of(amo_crm, lead)["status"]


def test_the_card_of_a_rejection_is_kept_with_it(company, amo_crm):
    fields = {company.field("Бюджет"): 4_500_000, company.field("Комментарий отказа"): "Звонить +7 916 123-45-67"}
    with company.at(ago(days=3)):
        lead = company.add_lead(company.stage("Продажи", "Встреча"), fields=fields)
    with company.at(ago(days=2)):
        company.reject(lead, company.loss_reason("Дорого"))
    batches = read(amo_crm)
    (card,) = frame(batches, Rejection).to_dict("records")
    rejected = frame(batches, Event).query("kind == 'rejected'")["id"].tolist()
    assert ([card["id"]], 450_000_000, "Звонить ***") == (rejected, card["budget_minor"], card["comment"])


def test_of_many_rejections_only_the_last_has_a_card_to_be_judged_by(company, amo_crm):
    """What the first one was for nobody knows any more: it is a change of stage."""
    meeting = company.stage("Продажи", "Встреча")
    with company.at(ago(days=5)):
        lead = company.add_lead(meeting)
    for days, change in ((4, "Спам"), (3, None), (2, "Дорого")):
        with company.at(ago(days=days)):
            company.reject(lead, company.loss_reason(change)) if change else company.reopen(lead, meeting)
    kinds = [kind for (kind,) in events_of(amo_crm, lead)]
    assert ["stage_changed", "stage_changed", "reopened", "stage_changed", "rejected"] == kinds
    events = frame(read(amo_crm), Event).set_index("kind")
    assert str(company.loss_reason("Дорого")) == events.at["rejected", "reason_id"]


def test_a_rejection_of_an_earlier_window_keeps_its_reason_while_nothing_followed_it(company, amo_crm):
    """In either kind of stage, though the card was changed since."""
    for stage in ("Закрыто и не реализовано", "Не наш клиент"):
        with company.at(ago(days=20)):
            lead = company.add_lead(company.stage("Продажи", "Встреча"))
        with company.at(ago(days=18)):
            company.change_lead(lead, stage=company.stage("Продажи", stage), loss_reason=company.loss_reason("Спам"))
        with company.at(ago(days=1)):
            company.change_lead(lead, price=5)
    rejected = frame(read(amo_crm, days=25), Event).query("kind == 'rejected'")
    assert [str(company.loss_reason("Спам"))] * 2 == rejected["reason_id"].tolist()


def test_other_pipelines_are_passed_over_with_all_that_happens_there(company, amo_crm):
    with company.at(ago(days=3)):
        applicant = company.add_lead(company.stage("Подбор персонала", "Отклик"))
        company.add_call(applicant, "call_out", duration_s=60)
        buyer = company.add_lead(company.stage("Продажи", "Встреча"))
    with company.at(ago(days=2)):
        company.reject(applicant, company.loss_reason("Спам"))
        company.move(company.add_lead(company.stage("Продажи", "Встреча")), company.stage("Ипотека", "Решение банка"))
    batches = read(amo_crm)
    assert ([str(buyer)], {str(buyer)}) == (frame(batches, Lead)["id"].tolist(), {*frame(batches, Event)["lead_id"]})


def test_a_lead_that_was_moved_out_of_sales_has_not_vanished(company, amo_crm):
    with company.at(ago(days=3)):
        lead = company.add_lead(company.stage("Ипотека", "Решение банка"))
    assert [str(lead)] == list(amo_crm.lead_ids())


def test_deleted_and_merged_leads_are_neither_read_nor_listed(company, amo_crm):
    with company.at(ago(days=3)):
        kept, merged, deleted = (company.add_lead(company.stage("Продажи", "Встреча")) for _ in range(3))
    with company.at(ago(days=2)):
        company.merge(kept, merged)
        company.delete(deleted)
    assert ([str(kept)], [str(kept)]) == (frame(read(amo_crm), Lead)["id"].tolist(), list(amo_crm.lead_ids()))


def test_an_unsorted_lead_is_new(company, amo_crm):
    with company.at(ago(days=3)):
        lead = company.add_unsorted(company.stage("Продажи", "Встреча")[0])
    batches = read(amo_crm)
    stage = frame(batches, Lead).set_index("id").at[str(lead), "stage_id"]
    references = frame(batches, Reference).set_index("id")
    assert ("Неразобранное", "new") == tuple(references.loc[stage, ["title", "code"]])


def test_a_way_through_the_funnel(company, amo_crm):
    """Who did it, and who owned the lead when it was done."""
    anna, boris = company.user("Анна"), company.user("Борис")
    with company.at(ago(days=9)):
        lead = company.add_lead(company.stage("Продажи", "Новая заявка"), responsible=anna)
    with company.at(ago(days=8)):
        company.move(lead, company.stage("Продажи", "Квалификация"), by=anna)
    with company.at(ago(days=7)):
        company.change_lead(lead, responsible=boris)
    with company.at(ago(days=6)):
        company.move(lead, company.stage("Продажи", "Встреча"), by=boris)
    with company.at(ago(days=5)):
        company.move(lead, company.stage("Продажи", "Бронь"), by=boris)
    a, b = str(anna), str(boris)
    assert [
        ("stage_changed", a, "person", a),
        ("qualified", a, "person", a),
        ("owner_changed", b, "robot", None),
        ("stage_changed", b, "person", b),
        ("meeting_held", b, "person", b),
        ("stage_changed", b, "person", b),
        ("booked", b, "person", b),
    ] == events_of(amo_crm, lead, "manager_id", "actor_kind", "actor_id")


def test_messages_and_tasks(company, amo_crm):
    anna, due = company.user("Анна"), ago(days=-1)
    with company.at(ago(days=3)):
        lead = company.add_lead(company.stage("Продажи", "Встреча"), responsible=anna)
    for days, kind, by in ((2.9, "incoming", 0), (2.8, "outgoing", anna), (2.7, "outgoing", 0)):
        with company.at(ago(days=days)):
            company.add_message(lead, kind, by=by)
    with company.at(ago(days=2)):
        company.add_task(lead, "Перезвонить", complete_till=due, by=anna)
    told = events_of(amo_crm, lead, "actor_kind", "due_at")
    assert [
        ("message_in", "unknown", None),
        ("message_out", "person", None),
        ("message_out", "robot", None),
        ("task_set", "person", datetime.fromtimestamp(due, UTC)),
    ] == told


def test_a_task_that_is_done_covers_its_lead_no_longer(company, amo_crm):
    anna, done_at = company.user("Анна"), ago(days=1)
    with company.at(ago(days=2)):
        lead = company.add_lead(company.stage("Продажи", "Встреча"), responsible=anna)
        task = company.add_task(lead, "Перезвонить", complete_till=ago(days=-30), by=anna)
    with company.at(done_at):
        company.complete_task(task, by=anna)
    assert [("task_set", datetime.fromtimestamp(done_at, UTC))] == events_of(amo_crm, lead, "due_at")


FAR_AWAY_S = 99_999_999_999_999
"""Of the year 3,170,843."""


def test_a_date_of_no_year_that_there_is_stops_no_pull(company, amo_url):
    """Whether the mapping reads the field or not; a task that is due then is due nobody knows when."""
    read_one, other = company.add_field("Визит", "date"), company.add_field("Сдача", "date")
    with company.at(ago(days=2)):
        fields = {read_one: FAR_AWAY_S, other: -FAR_AWAY_S}
        lead = company.add_lead(company.stage("Продажи", "Встреча"), fields=fields)
        company.add_task(lead, "Перезвонить", complete_till=FAR_AWAY_S)
    mapping = mapping_of(company, leads={"columns": {"project_id": str(read_one)}})
    with connected(amo_url, company, mapping=mapping) as crm:
        assert (str(FAR_AWAY_S), [("task_set", None)]) == (
            lead_of(crm, lead)["project_id"],
            events_of(crm, lead, "due_at"),
        )


STRAYS = {
    "tasks": (lists.tasks_of, {"entity_type": "contacts"}),
    "notes": (lambda span: lists.calls_of("leads", span), {"note_type": "common"}),
}


@pytest.mark.parametrize("name", STRAYS)
def test_a_record_of_another_type_than_was_asked_for_fits_no_list(name):
    asked_for, other_type = STRAYS[name]
    record = {"updated_at": 5, "entity_type": "leads", "note_type": "call_in"}
    assert (True, False) == (asked_for(Span(1, 9)).fits(record), asked_for(Span(1, 9)).fits(record | other_type))


def test_a_price_that_nobody_has_written_is_not_known(amo_url, company):
    """Of a lead without one amoCRM says 0."""
    with company.at(ago(days=2)):
        for price in (0, 7_500_000):
            company.add_lead((company.stage("Продажи", "Бронь")[0], WON), price=price)
    columns = {"signed_at": "closed_at", "unit_kind": {"constant": "flat"}, "price_minor": "price"}
    mapping = mapping_of(company, contracts={"columns": columns})
    with connected(amo_url, company, mapping=mapping) as crm:
        prices = frame(read(crm), Contract)["price_minor"].astype(object)
    assert [None, 750_000_000] == sorted(prices.where(prices.notna(), None), key=bool)


ENDINGS = [(4, 60, "answered"), (6, 0, "no_answer"), (7, 0, "no_answer"), (5, 0, "not_in_service"), (0, 9, "answered")]


@pytest.mark.parametrize("status, duration_s, outcome", ENDINGS)
def test_calls_say_how_they_ended(company, amo_crm, status, duration_s, outcome):
    anna = company.user("Анна")
    with company.at(ago(days=3)):
        lead = company.add_lead(company.stage("Продажи", "Встреча"))
        company.add_call(lead, "call_out", duration_s=duration_s, status=status, by=anna)
    assert [("call_out", outcome, duration_s, str(anna))] == events_of(
        amo_crm, lead, "outcome", "duration_s", "actor_id"
    )


def test_a_call_on_the_contact_is_of_its_leads_that_were_open_then(company, amo_crm):
    contact = company.add_contact("+79161234567")
    meeting = company.stage("Продажи", "Встреча")
    with company.at(ago(days=9)):
        old, current = (company.add_lead(meeting, contacts=[contact]) for _ in range(2))
    with company.at(ago(days=8)):
        company.reject(old)
    with company.at(ago(days=3)):
        company.add_call(contact, "call_out", duration_s=60, entity="contacts")
    with company.at(ago(days=2)):
        company.add_lead(meeting, contacts=[contact])
    calls = frame(read(amo_crm), Event).query("kind == 'call_out'")
    assert [str(current)] == calls["lead_id"].tolist()


def test_a_call_that_telephony_writes_to_lead_and_contact_is_one(company, amo_crm):
    contact = company.add_contact("+79161234567")
    with company.at(ago(days=3)):
        lead = company.add_lead(company.stage("Продажи", "Встреча"), contacts=[contact])
        first = company.add_call(lead, "call_out", duration_s=60)
        params = company.notes[first]["params"]
        company.add_note(contact, "call_out", params, entity="contacts")
    assert [("call_out",)] == events_of(amo_crm, lead)
    assert params["uniq"] not in frame(read(amo_crm), Event).to_string()


def test_the_history_goes_back_to_the_first_lead(company, amo_crm):
    """A first pull takes the last weeks; what was before is asked for afterwards, and each lead is there with it."""
    with company.at(ago(days=200)):
        old = company.add_lead(company.stage("Продажи", "Встреча"))
    with company.at(ago(days=170)):
        company.reject(old, company.loss_reason("Спам"))
    until = amo_crm.data_until(datetime.now(UTC))
    first = list(amo_crm.windows(None, until))
    windows = amo_crm.history(first[0].since)
    batches = [batch for window in windows for batch in amo_crm.read(window)]
    assert (first[0].since, None) == (windows[0].until, windows[-1].since)
    assert ["created", "rejected", "stage_changed"] == sorted(frame(batches, Event)["kind"])


LEAVING = {
    "those of the first page": lambda seen, left: left[:3],
    "the last one that was read": lambda seen, left: seen[-1:],
    "all that were read": lambda seen, left: seen,
    "those that come next": lambda seen, left: [key for key in left if key not in seen][:3],
    "some here and there": lambda seen, left: left[::9],
    "nobody": lambda seen, left: [],
}


@pytest.mark.parametrize("sentence", LEAVING)
def test_whoever_stays_on_a_list_while_it_is_walked_is_read_once(company, amo_crm, sentence):
    """After each page some leave it, and all behind them move up."""
    with company.at(ago(days=3)):
        ids = [company.add_lead(company.stage("Продажи", "Встреча")) for _ in range(130)]

    async def walked() -> list[int]:
        seen: list[int] = []
        async for page in amo_crm.client.every(replace(lists.ALL_LEADS, length_n=20)):
            seen += [lead["id"] for lead in page]
            for key in LEAVING[sentence](list(seen), sorted(company.leads)):
                company.leads.pop(key, None)
        return seen

    read_ids = amo_crm.thread.run(walked())
    assert (set(), len(set(read_ids))) == (set(company.leads) - set(read_ids), len(read_ids))
    assert set(ids) >= set(read_ids)


def test_a_list_whose_pages_are_shorter_than_asked_is_read_to_its_end(company, amo_crm):
    """Of fields amoCRM shows 50 at a time, whoever asks for more."""
    added = {str(company.add_field(f"Поле {n}")) for n in range(120)}
    assert added <= set(amo_crm.thread.run(amo_crm.known()).fields)


def test_a_list_that_goes_on_and_on_with_the_same_page_is_no_answer(company, amo_crm):
    """A walk of it would never end."""
    for _ in range(2):
        company.add_lead(company.stage("Продажи", "Встреча"))
    with pytest.raises(CrmAnswerError, match="shows 1 records of /leads, and never the others"):
        amo_crm.thread.run(amo_crm.client.all(replace(lists.ALL_LEADS, length_n=1)))


def test_the_doctor_hears_what_can_be_read_and_written(company, amo_crm):
    assert "1 pipelines of sales" in amo_crm.check_access()


def test_the_doctor_hears_of_every_stage_and_reason_without_a_code(amo_url, company):
    company.add_loss_reason("Новая причина")
    with connected(amo_url, company) as amo_crm, pytest.raises(MappingError, match="Новая причина"):
        amo_crm.check_access()


def test_a_field_that_is_not_there_is_told_by_the_one_that_was_meant(amo_url, company):
    mapping = mapping_of(company, leads={"columns": {"project_id": "Проект"}})
    with (
        connected(amo_url, company, mapping=mapping) as amo_crm,
        pytest.raises(MappingError, match=f"field {company.field('Проект')} is called so"),
    ):
        amo_crm.check_access()


@pytest.mark.parametrize("leads_n, days", [(750, 7), (751, 1)])
def test_a_large_account_is_read_by_days(company, amo_crm, leads_n, days):
    """More than three pages of leads a week: a week of such an account is much to hold, and to read again.

    A pull asks once, for what is new and for history.
    """
    with company.at(ago(days=1)):
        for _ in range(leads_n):
            company.add_lead(company.stage("Продажи", "Встреча"))
    until = datetime.now(UTC)
    for _ in range(2):
        windows = list(amo_crm.windows(amo_crm.data_until(until) - timedelta(days=20), until))
        amo_crm.history(windows[0].since)
        assert timedelta(days=days) == max(window.until - window.since for window in windows)
    assert 2 == sum("page=4" in seen.line for seen in company.seen)
