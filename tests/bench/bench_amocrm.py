"""amoCRM asked at the pace that it permits: ten minutes of it, simulated, at the latency of a real one."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import httpx

from planerka.crm.amocrm.adapter import AmoCrm
from planerka.crm.amocrm.client import DIALECT, Span
from planerka.crm.amocrm.owners import Given
from planerka.crm.base import Window
from planerka.crm.http import Http, KeyLogin
from planerka.crm.mapping import AccountMapping
from planerka.crm.pace import Pace
from planerka.crm.spans import DAY, spans_before
from tests.bench.registry import Ratio, bench
from tests.fakes.amocrm.app import AmoApp
from tests.fakes.amocrm.bulk import bulk_account
from tests.virtual_time import run

PER_S = 7
LATENCY_S = 0.3
LASTS_S = 600
MAPPING = AccountMapping(source="amocrm", currency="RUB", time_zone="Europe/Moscow")


@cache
def asked() -> tuple[float, int]:
    """How long the history of an account was watched being read, and the requests made; none was answered by 429."""
    account = bulk_account(leads_n=200_000)
    account.latency_s = LATENCY_S
    account.limiter.clock = lambda: asyncio.get_running_loop().time()
    transport = httpx.ASGITransport(AmoApp(account))
    login = KeyLogin(account.token)
    http = Http("https://romashka.amocrm.ru", pace=Pace(PER_S), login=login, dialect=DIALECT, transport=transport)
    crm = AmoCrm(MAPPING, http, folder=Path(), now=lambda: datetime.now(UTC), phone_key=None)
    lasted_s = run(read(crm))
    assert 429 not in {seen.status for seen in account.seen}
    return lasted_s, len(account.seen)


async def read(crm: AmoCrm) -> float:
    """As `StreamedCrm.read` does, in the loop itself: another thread would be late by chance, and a clock that jumps
    would take it for time that passed.
    """
    clock = asyncio.get_running_loop().time
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    crm.given = Given.none(Span.of(Window(since=today, until=datetime.now(UTC))))
    for window in crm.expect(spans_before(today - timedelta(days=700), today, DAY)):
        await crm.ahead.begin(window)
        async for _ in crm.ahead.running[window].items():
            if clock() > LASTS_S:
                crm.ahead.wanted = []
                await crm.ahead.give_up(crm.ahead.running)
                return clock()
        del crm.ahead.running[window]
    return clock()


@bench("ask amoCRM for ten minutes against the pace that it permits")
def against_what_is_permitted() -> Ratio:
    lasted_s, requests_n = asked()
    return Ratio(ours_s=lasted_s, peer_s=requests_n / PER_S, limit=1 / 0.97)


@bench("ask amoCRM for ten minutes against one request at a time")
def against_one_at_a_time() -> Ratio:
    lasted_s, requests_n = asked()
    return Ratio(ours_s=lasted_s, peer_s=requests_n * LATENCY_S)
