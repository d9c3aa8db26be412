"""An account of the fake amoCRM with a little history, and how the tests of the fake read its answers."""

from typing import Any

import httpx

from tests.fakes.amocrm.account import AmoAccount

START = 1_750_000_000
"""The second in which the first lead came."""

Json = dict[str, Any]


def five_leads() -> AmoAccount:
    """Five leads a second apart: the first is lost at once, the fourth waits in "Неразобранное". No limits."""
    account = AmoAccount.furnished()
    account.limiter.is_on = False
    stage = account.stage("Продажи", "Встреча")
    for second in range(5):
        with account.at(START + second):
            account.add_unsorted(stage[0]) if second == 3 else account.add_lead(stage)
    with account.at(START):
        account.reject(ids(account)[0], account.loss_reason("Дорого"), by=account.user("Анна"))
    return account


def ids(account: AmoAccount) -> list[int]:
    return sorted(int(key) for key in account.leads)


def embedded(answer: httpx.Response, name: str = "leads") -> list[Json]:
    assert 200 == answer.status_code, answer.text
    return answer.json()["_embedded"][name]


def numbers(account: AmoAccount, answer: httpx.Response) -> str:
    """Which of the leads a page holds, in its order, counted from 1; the status alone of what is no page."""
    if answer.status_code != 200:
        return str(answer.status_code)
    return " ".join(str(ids(account).index(lead["id"]) + 1) for lead in embedded(answer))
