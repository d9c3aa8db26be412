"""The fake amoCRM takes what the real one takes, whole or not at all, and lets nobody in without a good token."""

from typing import Any

import httpx
import pytest

from tests.builders_amocrm import embedded, ids
from tests.fakes.amocrm.account import AmoAccount
from tests.fakes.amocrm.auth import ACCESS_S, CODE_S
from tests.fakes.amocrm.state import Refusal

LEADS = "/api/v4/leads"


class HandClock:
    """A clock that a test sets."""

    now_s = 1_760_000_000.0

    def __call__(self) -> float:
        return self.now_s


def choice_error(number: int, path: str) -> dict[str, Any]:
    detail = "The value you selected is not a valid choice."
    return {"request_id": str(number), "errors": [{"code": "NotSupportedChoice", "path": path, "detail": detail}]}


def test_a_reopened_lead_still_shows_its_old_reason(account: AmoAccount, amo: httpx.Client) -> None:
    lead, (sales, meeting) = ids(account)[0], account.stage("Продажи", "Встреча")
    written = embedded(amo.patch(LEADS, json=[{"id": lead, "status_id": meeting, "pipeline_id": sales}]))
    shown = amo.get(f"{LEADS}/{lead}").json()
    assert [{"id": lead, "updated_at": shown["updated_at"], "request_id": "0"}] == written
    assert (meeting, None, account.loss_reason("Дорого")) == tuple(
        shown[name] for name in ("status_id", "closed_at", "loss_reason_id")
    )


@pytest.mark.parametrize("reason", [None, 1])
def test_a_reason_sent_with_an_open_stage_refuses_the_whole_write(
    reason: int | None, account: AmoAccount, amo: httpx.Client
) -> None:
    """Null is a reason too, and the lead beside it is not written either."""
    (sales, meeting), (lost, other) = account.stage("Продажи", "Встреча"), ids(account)[:2]
    reason_id = reason and account.loss_reason("Спам")
    reopened = {"id": lost, "status_id": meeting, "pipeline_id": sales, "loss_reason_id": reason_id}
    answer = amo.patch(LEADS, json=[{"id": other, "price": 5}, reopened])
    errors = {str(lost): "Loss reason can be specified only for lost lead"}
    expected = {"errors": errors, "title": "Bad Request", "status": 400, "detail": "Invalid request body"}
    assert (400, expected) == (answer.status_code, answer.json())
    assert (143, 0) == (account.leads[lost]["status_id"], account.leads[other]["price"])


def test_what_is_no_choice_is_told_by_record_and_path(account: AmoAccount, amo: httpx.Client) -> None:
    first, second = ids(account)[1:3]
    mortgage = account.stage("Ипотека", "Заявка в банк")
    changes = [{"id": first, "status_id": mortgage[1]}, {"id": second, "responsible_user_id": account.user("Виктор")}]
    answer = amo.patch(LEADS, json=changes)
    errors = [choice_error(0, "status_id"), choice_error(1, "responsible_user_id")]
    about = {"title": "Bad Request", "type": "https://httpstatus.es/400", "status": 400}
    assert {"validation-errors": errors, **about, "detail": "Request validation failed"} == answer.json()
    assert "application/problem+json" == answer.headers["content-type"]


def test_an_unsorted_lead_leaves_by_any_update_and_cannot_be_put_where_it_stands(
    account: AmoAccount, amo: httpx.Client
) -> None:
    lead = ids(account)[3]
    sales, waiting = account.unsorted_stage(account.leads[lead]["pipeline_id"])
    refused = amo.patch(f"{LEADS}/{lead}", json={"status_id": waiting, "pipeline_id": sales})
    assert [choice_error(0, "status_id")] == refused.json()["validation-errors"]
    assert 200 == amo.patch(f"{LEADS}/{lead}", json={"price": 7}).status_code
    assert account.stage("Продажи", "Новая заявка")[1] == account.leads[lead]["status_id"]
    assert 204 == amo.get(f"{LEADS}/unsorted").status_code


def test_the_same_request_id_twice_makes_two_tasks(account: AmoAccount, amo: httpx.Client) -> None:
    task = {"text": "planerka:7", "complete_till": 1, "entity_id": ids(account)[0], "entity_type": "leads"}
    made = [embedded(amo.post("/api/v4/tasks", json=[task | {"request_id": "x"}]), "tasks")[0] for _ in range(2)]
    assert (["x", "x"], 2) == ([m["request_id"] for m in made], len({m["id"] for m in made}))
    found = embedded(amo.get(f"/api/v4/tasks?filter[entity_type]=leads&filter[entity_id][]={ids(account)[0]}"), "tasks")
    assert {m["id"] for m in made} == {task["id"] for task in found}


def test_a_note_is_written_on_its_lead_and_read_back(account: AmoAccount, amo: httpx.Client) -> None:
    lead = ids(account)[0]
    note = [{"note_type": "common", "params": {"text": "planerka:7"}}]
    user = account.user("Анна")
    (made,) = embedded(amo.post(f"{LEADS}/{lead}/notes", json=note, headers={"X-Context-User-ID": str(user)}), "notes")
    (shown,) = embedded(amo.get(f"{LEADS}/{lead}/notes"), "notes")
    assert (made["id"], "planerka:7", user) == (shown["id"], shown["params"]["text"], shown["created_by"])


@pytest.mark.parametrize("path", [f"{LEADS}/1000001/notes", "/api/v4/tasks"])
def test_a_post_takes_an_array_only(path: str, amo: httpx.Client) -> None:
    answer = amo.post(path, json={"note_type": "common", "params": {"text": "x"}, "text": "x", "complete_till": 1})
    assert 400 == answer.status_code


@pytest.mark.parametrize("records_n, status", [(50, 200), (51, 504), (250, 504), (251, 400)])
def test_a_write_of_more_than_fifty_is_carried_out_and_not_answered_in_time(
    records_n: int, status: int, account: AmoAccount, amo: httpx.Client
) -> None:
    task = {"text": "x", "complete_till": 1}
    assert status == amo.post("/api/v4/tasks", json=[task] * records_n).status_code
    assert (records_n if status != 400 else 0) == len(account.tasks)


def test_leads_are_not_deleted_by_the_api(account: AmoAccount, amo: httpx.Client) -> None:
    assert 404 == amo.delete(f"{LEADS}/{ids(account)[0]}").status_code


def grant(account: AmoAccount, **asked: str) -> dict[str, str]:
    shown = account.integration
    client = {"client_id": shown.client_id, "client_secret": shown.client_secret, "redirect_uri": shown.redirect_uri}
    return client | asked


def test_a_refresh_token_works_once_and_ends_the_access_token_before_it(account: AmoAccount, amo: httpx.Client) -> None:
    code = account.oauth.code(account.integration)
    url = "/oauth2/access_token"
    first = amo.post(url, json=grant(account, grant_type="authorization_code", code=code)).json()
    assert ("Bearer", 86400) == (first["token_type"], first["expires_in"])
    refresh = grant(account, grant_type="refresh_token", refresh_token=first["refresh_token"])
    second = amo.post(url, json=refresh).json()
    again = amo.post(url, json=refresh)
    assert (401, "Token has been revoked") == (again.status_code, again.json()["hint"])
    tokens = [first["access_token"], second["access_token"], account.token]
    assert [401, 200, 200] == [
        amo.get("/api/v4/account", headers={"Authorization": f"Bearer {token}"}).status_code for token in tokens
    ]


def test_a_wrong_client_has_a_body_of_its_own(account: AmoAccount, amo: httpx.Client) -> None:
    asked = grant(account, grant_type="refresh_token", refresh_token="x", client_secret="wrong")
    answer = amo.post("/oauth2/access_token", json=asked)
    assert (401, "Некорректный клиент") == (answer.status_code, answer.json()["title"])


def test_codes_and_tokens_live_as_long_as_they_are_said_to(account: AmoAccount) -> None:
    clock = HandClock()
    late = AmoAccount(clock=clock)
    code, pair = late.oauth.code(late.integration), late.oauth.pair(late.integration)
    clock.now_s += CODE_S
    asked = grant(late, grant_type="authorization_code", code=code)
    assert (401, late.integration) == (late.oauth.answer(asked).status, late.oauth.owner(pair["access_token"]))
    clock.now_s += ACCESS_S
    assert (None, late.integration) == (late.oauth.owner(pair["access_token"]), late.oauth.owner(late.token))


REFUSALS = [
    ("an expired or absent token", lambda account: account.oauth.access.clear(), 401, "application/problem+json"),
    (
        "an account that is not paid for",
        lambda a: setattr(a, "refusal", Refusal.UNPAID),
        402,
        "application/problem+json",
    ),
    ("an address that is not allowed", lambda a: setattr(a, "refusal", Refusal.ADDRESS), 403, "text/html"),
    ("an account blocked for good", lambda a: setattr(a.limiter, "is_blocked", True), 403, "text/html"),
]


@pytest.mark.parametrize("sentence, spoil, status, media", REFUSALS)
def test_who_is_refused(
    sentence: str, spoil: Any, status: int, media: str, account: AmoAccount, amo: httpx.Client
) -> None:
    spoil(account)
    answer = amo.get("/api/v4/account")
    assert (status, media) == (answer.status_code, answer.headers["content-type"].split(";")[0]), sentence
    assert ("x-request-id" in answer.headers) == (status < 403)


def test_seven_a_second_are_answered_and_who_goes_on_is_blocked_with_the_token_endpoint(
    account: AmoAccount, amo: httpx.Client
) -> None:
    clock = HandClock()
    account.limiter.is_on, account.limiter.clock = True, clock
    account.limiter.refused_until_blocked_n = 3
    statuses = [amo.get("/api/v4/account").status_code for _ in range(8)]
    assert [200] * 7 + [429] == statuses
    clock.now_s += 1
    assert 200 == amo.get("/api/v4/account").status_code
    assert [200] * 6 + [429, 429, 403] == [amo.get("/api/v4/account").status_code for _ in range(9)]
    clock.now_s += 3600
    assert 403 == amo.post("/oauth2/access_token", json={}).status_code


def test_fifty_a_second_are_answered_to_all_integrations_together(account: AmoAccount, amo: httpx.Client) -> None:
    account.limiter.is_on, account.limiter.clock = True, HandClock()
    others = [account.oauth.add_integration(account.admin) for _ in range(8)]
    tokens = [account.oauth.long_lived_token(other) for other in others for _ in range(7)]
    statuses = [
        amo.get("/api/v4/account", headers={"Authorization": f"Bearer {token}"}).status_code for token in tokens
    ]
    assert (50, 6) == (statuses.count(200), statuses.count(429))
