"""The fake amoCRM answers as the real one was seen to: what it reads out and what it takes, over real HTTP."""

import httpx
import pytest

from tests.builders_amocrm import START, embedded, ids, numbers
from tests.fakes.amocrm.account import AmoAccount

CHANGED, STAGE = "filter[updated_at]", "filter[statuses][0]"

LISTS = f"""
    leads are listed newest first where no order is asked for | | 5 4 3 2 1
    an order by id is kept | order[id]=asc | 1 2 3 4 5
    nothing but two times and ids can be ordered by | order[closed_at]=asc | 400
    a page has no more rows than are asked for | order[id]=asc&limit=2&page=2 | 3 4
    a page past the end has no content | limit=5&page=2 | 204
    a window has both of its ends | order[id]=asc&{CHANGED}[from]={START + 1}&{CHANGED}[to]={START + 2} | 2 3
    a bare number asks for that second alone | {CHANGED}={START + 1} | 2
    a bare number that no lead was changed in has no content | {CHANGED}={START + 99} | 204
    ids are asked for with empty brackets | order[id]=asc&filter[id][]=ONE&filter[id][]=TWO | 1 2
    a stage is asked for with its pipeline | {STAGE}[pipeline_id]=SALES&{STAGE}[status_id]=143 | 1
    a stage without its pipeline filters nothing | {STAGE}[status_id]=143 | 5 4 3 2 1
    a page is a number | page=one | 400
    a filter that amoCRM does not know filters nothing | filter[lost]=1 | 5 4 3 2 1
"""


@pytest.mark.parametrize(
    "sentence, query, expected", [[c.strip() for c in r.split("|")] for r in LISTS.split("\n")[1:-1]]
)
def test_lists(sentence: str, query: str, expected: str, account: AmoAccount, amo: httpx.Client) -> None:
    first, second = ids(account)[:2]
    sales = account.stage("Продажи", "Встреча")[0]
    asked = query.replace("ONE", str(first)).replace("TWO", str(second)).replace("SALES", str(sales))
    assert expected == numbers(account, amo.get(f"/api/v4/leads?{asked}")), sentence


def test_an_account_without_filters_ignores_them_and_says_so_only_when_asked(
    account: AmoAccount, amo: httpx.Client
) -> None:
    account.is_api_filter_enabled = False
    assert "5 4 3 2 1" == numbers(account, amo.get("/api/v4/leads?filter[updated_at][from]=9999999999"))
    assert "is_api_filter_enabled" not in amo.get("/api/v4/account").json()
    assert amo.get("/api/v4/account?with=is_api_filter_enabled").json()["is_api_filter_enabled"] is False


def test_pages_say_whether_a_next_one_is_there_and_never_how_many(account: AmoAccount, amo: httpx.Client) -> None:
    first = amo.get("/api/v4/leads?limit=3&order[id]=asc").json()
    assert ["_embedded", "_links", "_page"] == sorted(first)
    last = amo.get(first["_links"]["next"]["href"])
    assert "4 5" == numbers(account, last)
    assert ["self"] == list(last.json()["_links"])


def test_rows_shift_to_an_earlier_page_when_one_before_them_goes(account: AmoAccount, amo: httpx.Client) -> None:
    """The third lead is on neither page: a change between two requests of a walk by change time."""
    account.meanwhile("page=1", lambda: account.move(ids(account)[0], account.stage("Продажи", "Бронь")))
    pages = [numbers(account, amo.get(f"/api/v4/leads?limit=2&page={n}&order[updated_at]=asc")) for n in (1, 2)]
    assert ["1 2", "4 5"] == pages


@pytest.mark.parametrize("limit, length", [("100", 100), ("101", 50), ("250", 50)])
def test_too_long_a_page_of_events_is_one_of_fifty(
    limit: str, length: int, account: AmoAccount, amo: httpx.Client
) -> None:
    for _ in range(120):
        account.add_message(ids(account)[0], "outgoing")
    page = amo.get(f"/api/v4/events?limit={limit}")
    assert (length, True) == (len(embedded(page, "events")), "next" in page.json()["_links"])


@pytest.mark.parametrize("limit, length", [("250", 250), ("500", 500), ("501", 500)])
def test_a_page_of_leads_has_five_hundred_at_most(
    limit: str, length: int, account: AmoAccount, amo: httpx.Client
) -> None:
    for _ in range(510):
        account.add_lead(account.stage("Продажи", "Встреча"))
    assert length == len(embedded(amo.get(f"/api/v4/leads?limit={limit}")))


@pytest.mark.parametrize("status", [204, 404])
def test_a_single_lead_that_is_not_there_is_204_or_404(status: int, account: AmoAccount, amo: httpx.Client) -> None:
    account.missing_status = status
    assert status == amo.get("/api/v4/leads/1").status_code


def test_a_lead_shows_its_contacts_reason_and_source_only_when_asked(account: AmoAccount, amo: httpx.Client) -> None:
    contact = account.add_contact("+79161234567")
    lead = account.add_lead(account.stage("Продажи", "Встреча"), contacts=[contact])
    account.reject(lead, account.loss_reason("Спам"))
    bare, full = (amo.get(f"/api/v4/leads/{lead}{q}").json() for q in ("", "?with=contacts,loss_reason,source_id"))
    assert (["companies", "tags"], False) == (sorted(bare["_embedded"]), "source_id" in bare)
    assert [{"id": contact, "is_main": True}] == full["_embedded"]["contacts"]
    assert ["Спам"] == [reason["name"] for reason in full["_embedded"]["loss_reason"]]
    assert (None, None) == (full["source_id"], full["custom_fields_values"])


def test_phones_stand_on_the_contact_in_a_field_of_many_values(account: AmoAccount, amo: httpx.Client) -> None:
    contact = account.add_contact("+79161234567", "+79031234567")
    (field,) = amo.get(f"/api/v4/contacts/{contact}").json()["custom_fields_values"]
    assert ("PHONE", ["+79161234567", "+79031234567"]) == (field["field_code"], [v["value"] for v in field["values"]])
    nobody = amo.get(f"/api/v4/contacts/{account.add_contact()}").json()
    assert nobody["custom_fields_values"] is None


def test_won_and_lost_are_the_same_two_stages_of_every_pipeline(amo: httpx.Client) -> None:
    pipelines = embedded(amo.get("/api/v4/leads/pipelines"), "pipelines")
    stages = [[(s["id"], s["type"]) for s in pipeline["_embedded"]["statuses"]] for pipeline in pipelines]
    assert 3 == len(pipelines)
    assert all(some[0][1] == 1 and some[-2:] == [(142, 0), (143, 0)] for some in stages)


def test_a_dismissed_user_stays_in_the_list_inactive_and_users_tell_their_pages(amo: httpx.Client) -> None:
    page = amo.get("/api/v4/users?limit=3")
    assert 2 == page.json()["_page_count"]
    active = {
        u["name"]: u["rights"]["is_active"]
        for n in (1, 2)
        for u in embedded(amo.get(f"/api/v4/users?limit=3&page={n}"), "users")
    }
    assert {"Администратор": True, "Анна": True, "Борис": True, "Виктор": False} == active


def test_a_move_leaves_an_event_with_both_stages(account: AmoAccount, amo: httpx.Client) -> None:
    lead, (sales, meeting) = ids(account)[0], account.stage("Продажи", "Встреча")
    after = "filter[value_after][leads_statuses][0]"
    asked = f"filter[type]=lead_status_changed&{after}[pipeline_id]={sales}&{after}[status_id]=143"
    (event,) = embedded(amo.get(f"/api/v4/events?{asked}"), "events")
    assert (26, "lead", lead, START) == (
        len(event["id"]),
        event["entity_type"],
        event["entity_id"],
        event["created_at"],
    )
    assert [{"lead_status": {"id": meeting, "pipeline_id": sales}}] == event["value_before"]
    assert {"entity": {"id": lead}} == event["_embedded"]


def test_events_come_newest_first_whatever_order_is_asked_for(amo: httpx.Client) -> None:
    times = [e["created_at"] for e in embedded(amo.get("/api/v4/events?order[created_at]=asc"), "events")]
    assert sorted(times, reverse=True) == times


def test_events_of_an_entity_need_its_kind_beside_its_id(account: AmoAccount, amo: httpx.Client) -> None:
    """Without the kind the ids are ignored: events of all leads come back."""
    asked = f"filter[entity_id][]={ids(account)[0]}"
    lengths = [len(embedded(amo.get(f"/api/v4/events?{q}"), "events")) for q in (f"{asked}&filter[entity]=lead", asked)]
    assert [2, 6] == lengths


def test_calls_are_notes_with_an_event_beside_them(account: AmoAccount, amo: httpx.Client) -> None:
    lead = ids(account)[1]
    note = account.add_call(lead, "call_out", duration_s=61, by=account.user("Анна"))
    account.add_note(lead, "common", {"text": "Перезвонить"})
    (call,) = embedded(
        amo.get(f"/api/v4/leads/notes?filter[note_type]=call_out&filter[updated_at][from]={START}"), "notes"
    )
    assert (note, lead, 61, 4) == (
        call["id"],
        call["entity_id"],
        call["params"]["duration"],
        call["params"]["call_status"],
    )
    (event,) = embedded(amo.get("/api/v4/events?filter[type]=outgoing_call"), "events")
    assert [{"note": {"id": note}}] == event["value_after"]
    assert 2 == len(embedded(amo.get(f"/api/v4/leads/{lead}/notes"), "notes"))


def test_the_result_of_an_open_task_is_an_empty_array(account: AmoAccount, amo: httpx.Client) -> None:
    task = account.add_task(ids(account)[1], "Позвонить", complete_till=START)
    assert [] == amo.get(f"/api/v4/tasks/{task}").json()["result"]
    account.complete_task(task, "Дозвонился")
    assert {"text": "Дозвонился"} == amo.get(f"/api/v4/tasks/{task}").json()["result"]


def test_a_deleted_lead_is_listed_apart_and_has_lost_almost_everything(account: AmoAccount, amo: httpx.Client) -> None:
    lead = ids(account)[1]
    account.delete(lead, by=account.admin)
    assert 204 == amo.get(f"/api/v4/leads/{lead}").status_code
    account.delete(ids(account)[-1])
    _, shown = embedded(amo.get("/api/v4/leads?with=only_deleted&order[id]=desc"))
    known = {name for name, value in shown.items() if value is not None and name[0] != "_"}
    assert ({"id", "updated_by", "updated_at", "is_deleted", "account_id"}, True) == (known, shown["is_deleted"])


def test_the_loser_of_a_merge_is_in_no_list(account: AmoAccount, amo: httpx.Client) -> None:
    winner, loser = ids(account)[1:3]
    account.merge(winner, loser)
    shown = embedded(amo.get("/api/v4/leads?order[updated_at]=desc"))
    assert (winner, False, 204) == (
        shown[0]["id"],
        loser in [s["id"] for s in shown],
        amo.get("/api/v4/leads?with=only_deleted").status_code,
    )


def test_unsorted_leads_have_a_uid_of_their_own(account: AmoAccount, amo: httpx.Client) -> None:
    (waiting,) = embedded(amo.get("/api/v4/leads/unsorted"), "unsorted")
    assert [{"id": ids(account)[3]}] == waiting["_embedded"]["leads"]
    account.delete(ids(account)[3])
    assert 204 == amo.get("/api/v4/leads/unsorted").status_code


def test_the_name_of_the_account_changes_and_is_found_again(account: AmoAccount, amo: httpx.Client) -> None:
    account.subdomain = "romashka-new"
    assert "romashka-new" == amo.get("/api/v4/account").json()["subdomain"]
    assert "romashka-new" == amo.get("/oauth2/account/subdomain").json()["subdomain"]
    assert 404 == amo.get("/api/v4/account", headers={"Host": "romashka.amocrm.ru"}).status_code
