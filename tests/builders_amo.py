"""The amoCRM adapter before the fake: a company whose account the mapping knows, and what a read brings."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from planerka.crm.amocrm.adapter import AmoCrm
from planerka.crm.amocrm.client import DIALECT
from planerka.crm.amocrm.directory import stage_id
from planerka.crm.base import Batch
from planerka.crm.http import Http, KeyLogin, Login
from planerka.crm.mapping import AccountMapping
from planerka.crm.pace import Pace
from planerka.model import Command, Decision, DisputeOrigin
from tests.fakes.amocrm.account import AmoAccount

KEY = b"a key of phones"
REASONS = {"Нет связи": "no_answer", "Дорого": "too_expensive", "Купил у других": "bought_elsewhere", "Спам": "spam"}
STAGES = {"Новая заявка": "new", "Квалификация": "qualified", "Встреча": "meeting", "Бронь": "booking"}
STAGES |= {"Договор": "contact", "Не наш клиент": "rejected"}


def company(**settings: Any) -> AmoAccount:
    return settled(AmoAccount.furnished(**settings))


def settled(account: AmoAccount) -> AmoAccount:
    """A furnished account with a stage of rejections of its own, and no limit of requests."""
    account.limiter.is_on = False
    sales = account.stage("Продажи", "Встреча")[0]
    statuses = account.pipelines[sales]["_statuses"]
    statuses.insert(-2, account._status(sales, 9, next(account._ids), "Не наш клиент", 0))
    return account


def mapping_of(account: AmoAccount, **more: Any) -> AccountMapping:
    """Sales are the one pipeline of that name."""
    sales = account.stage("Продажи", "Встреча")[0]
    known = {"Проект": "project_id", "Бюджет": "budget_minor", "Комментарий отказа": "comment"}
    columns = {name: str(account.field(title)) for title, name in known.items()}
    leads = {"columns": {"project_id": columns.pop("project_id")}, "rejection": columns}
    stages = {stage_id(*account.stage("Продажи", title)): {"code": code} for title, code in STAGES.items()}
    reasons = {str(account.loss_reason(title)): {"code": code} for title, code in REASONS.items()}
    written = {"source": "amocrm", "currency": "RUB", "time_zone": "Europe/Moscow", "pipelines": [str(sales)]}
    references = {"references": {"stage": stages, "reason": reasons}}
    return AccountMapping.model_validate(written | {"leads": leads} | references | more)


def http_of(url: str, login: Login, **more: Any) -> Http:
    return Http(url, pace=Pace(10_000), login=login, dialect=DIALECT, **{"pause_s": 0.001, **more})


@contextmanager
def connected(url: str, account: AmoAccount, *, login: Login | None = None, **more: Any) -> Iterator[AmoCrm]:
    """The adapter, asking with the long-lived token of the account."""
    mapping = more.pop("mapping", None) or mapping_of(account)
    phone_key = more.pop("phone_key", KEY)
    http = http_of(url, login or KeyLogin(account.token), **more)
    crm = AmoCrm(mapping, http, folder=Path(), now=lambda: datetime.now(UTC), phone_key=phone_key)
    try:
        yield crm
    finally:
        crm.thread.run(http.__aexit__(None, None, None))


def ago(**stretch: float) -> int:
    """Seconds since 1970, so long before now."""
    return int((datetime.now(UTC) - timedelta(**stretch)).timestamp())


def read(crm: AmoCrm, days: int = 10) -> list[Batch]:
    """What happened in the last days."""
    until = crm.data_until(datetime.now(UTC))
    return [batch for window in crm.windows(until - timedelta(days=days), until) for batch in crm.read(window)]


def frame(batches: list[Batch], noun: type) -> pd.DataFrame:
    """Every row of a noun, the last one of each id."""
    rows = pd.concat([batch.rows for batch in batches if batch.noun is noun] or [pd.DataFrame({"id": []})])
    return rows.drop_duplicates("id", keep="last").reset_index(drop=True)


def command_for(lead_id: int, kind: Decision = Decision.RETURN_TO_WORK, **more: Any) -> Command:
    marker = f"planerka-{lead_id}-{kind}"
    written = {"marker": marker, "lead_id": str(lead_id), "kind": kind, "manager_id": None, "stage_id": None}
    written |= {"origin": DisputeOrigin.UNLAWFUL}
    written |= {"note": f"Возврат в работу [{marker}]", "task": f"Позвонить клиенту [{marker}]"}
    return Command(**{**written, "due_at": datetime(2030, 1, 1, tzinfo=UTC), **more})
