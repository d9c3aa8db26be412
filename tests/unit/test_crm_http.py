"""What a CRM answers decides whether a request is repeated; a write that may have been done is not."""

from collections.abc import Mapping
from itertools import chain, repeat

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from planerka.crm.http import TRIES_N, Dialect, Http, Words
from planerka.crm.pace import Pace
from planerka.errors import CrmBusyError, CrmError, CrmLoginError, CrmLostAnswerError, CrmRefusalError
from tests.fakes.serving import served
from tests.services import run

SPEECHLESS = Dialect(words=lambda body: Words(None, ""))


class Renewable:
    """A login whose key can be had anew as often as it is asked for."""

    renewals_n = 0

    async def headers(self) -> Mapping[str, str]:
        return {"Authorization": str(self.renewals_n)}

    async def renew(self, stale: Mapping[str, str]) -> bool:
        self.renewals_n += 1
        return True


def asked(*statuses: int, is_write: bool = False) -> tuple[int, type[CrmError] | None]:
    """A server that answers these in turn, the last one for ever: the requests it got, and how asking ended."""
    left, seen = chain(statuses, repeat(statuses[-1])), []

    async def answer(request: Request) -> JSONResponse:
        seen.append(next(left))
        return JSONResponse({}, seen[-1])

    async def ask(url: str) -> None:
        async with Http(url, pace=Pace(10_000), login=Renewable(), dialect=SPEECHLESS, pause_s=0.001) as http:
            await (http.write("POST", "/", body={}) if is_write else http.read("GET", "/"))

    failure = None
    with served(Starlette(routes=[Route("/", answer, methods=["GET", "POST"])])) as url:
        try:
            run(ask(url))
        except CrmError as error:
            failure = type(error)
    return len(seen), failure


@pytest.mark.parametrize("is_write", [False, True])
def test_a_renewal_of_the_key_is_no_try(is_write):
    """Also where the key has expired just before the last one."""
    waits = (429,) * (TRIES_N - 1)
    assert (TRIES_N + 1, None) == asked(*waits, 401, 200, is_write=is_write)
    assert (TRIES_N + 1, CrmBusyError) == asked(*waits, 401, 429, is_write=is_write)


def test_a_key_that_is_refused_when_it_is_new_is_not_renewed_again():
    assert (2, CrmLoginError) == asked(401)


@pytest.mark.parametrize("status", [408, 499, 500, 501, 502, 503, 504, 505, 507, 508, 520, 522, 524])
def test_what_may_have_been_done_is_read_again_and_not_written_again(status):
    assert (2, None) == asked(status, 200)
    assert (TRIES_N, CrmBusyError) == asked(status)
    assert (1, CrmLostAnswerError) == asked(status, is_write=True)


@pytest.mark.parametrize("is_write", [False, True])
@pytest.mark.parametrize("status", [400, 409, 418, 422])
def test_what_was_refused_was_not_done_and_is_not_asked_again(status, is_write):
    assert (1, CrmRefusalError) == asked(status, is_write=is_write)
