"""amoCRM asked at the pace that it permits: ten minutes of it, simulated, at the latency of a real one."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from time import time

import httpx

from planerka.crm.amocrm.adapter import AmoCrm
from planerka.crm.amocrm.client import DIALECT
from planerka.crm.base import Window
from planerka.crm.http import Http, KeyLogin
from planerka.crm.mapping import AccountMapping
from planerka.crm.pace import Pace
from tests.bench.registry import Ratio, bench
from tests.fakes.amocrm.app import AmoApp
from tests.fakes.amocrm.bulk import bulk_account
from tests.virtual_time import VirtualPolicy

PER_S = 7
LATENCY_S = 0.3
LASTS_S = 600
MAPPING = AccountMapping(source="amocrm", currency="RUB", time_zone="Europe/Moscow")


@cache
def pulled() -> tuple[float, int]:
    """How long a first pull was watched, and how many requests it made; no 429 is among their answers."""
    asyncio.set_event_loop_policy(VirtualPolicy())
    account = bulk_account(leads_n=200_000)
    account.latency_s = LATENCY_S
    transport = httpx.ASGITransport(AmoApp(account))
    http = Http(
        "https://romashka.amocrm.ru",
        pace=Pace(PER_S),
        login=KeyLogin(account.token),
        dialect=DIALECT,
        transport=transport,
    )
    crm = AmoCrm(MAPPING, http, now=lambda: datetime.fromtimestamp(time(), UTC), phone_key=None)
    account.limiter.clock = clock = crm.thread.loop.time
    until = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)
    for window in newest_first(crm, until):
        for _ in crm.read(window):
            if clock() > LASTS_S:
                break
        if clock() > LASTS_S:
            break
    asyncio.set_event_loop_policy(None)
    assert 429 not in {seen.status for seen in account.seen}
    return clock(), len(account.seen)


def newest_first(crm: AmoCrm, until: datetime) -> Iterator[Window]:
    """As a pull takes them."""
    first = list(crm.windows(None, until))
    yield from first
    yield from crm.history(first[0].since or until)


@bench("ask amoCRM for ten minutes against the pace that it permits")
def against_what_is_permitted() -> Ratio:
    lasted_s, requests_n = pulled()
    return Ratio(ours_s=lasted_s, peer_s=requests_n / PER_S, limit=1 / 0.97)


@bench("ask amoCRM for ten minutes against one request at a time")
def against_one_at_a_time() -> Ratio:
    lasted_s, requests_n = pulled()
    return Ratio(ours_s=lasted_s, peer_s=requests_n * LATENCY_S)
