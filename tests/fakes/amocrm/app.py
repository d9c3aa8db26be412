"""The account over HTTP: what nginx, OAuth and the API say, and what a fault makes of it on its way back."""

import asyncio
import re
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_plus

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from tests.fakes.amocrm import reading, writing
from tests.fakes.amocrm.account import AmoAccount
from tests.fakes.amocrm.answers import Answer, nginx, nothing, problem, unauthorized
from tests.fakes.amocrm.auth import Integration
from tests.fakes.amocrm.faults import Connection, Fault, Rule
from tests.fakes.amocrm.reading import Call
from tests.fakes.amocrm.state import Refusal, Seen

TOKEN_PATH = "/oauth2/access_token"

HANDLERS: dict[str, Callable[..., Answer]] = {
    r"GET /oauth2/account/subdomain": reading.subdomain,
    r"GET /api/v4/account": reading.account_card,
    r"GET /api/v4/leads": reading.leads,
    r"GET /api/v4/leads/(\d+)": reading.lead,
    r"GET /api/v4/leads/pipelines": reading.pipelines,
    r"GET /api/v4/leads/loss_reasons": reading.loss_reasons,
    r"GET /api/v4/leads/unsorted": reading.unsorted,
    r"GET /api/v4/(leads|contacts)/custom_fields": reading.custom_fields,
    r"GET /api/v4/(leads|contacts)/notes": reading.notes,
    r"GET /api/v4/(leads|contacts)/(\d+)/notes": reading.notes,
    r"GET /api/v4/contacts": reading.contacts,
    r"GET /api/v4/contacts/(\d+)": reading.contact,
    r"GET /api/v4/events": reading.events,
    r"GET /api/v4/tasks": reading.tasks,
    r"GET /api/v4/tasks/(\d+)": reading.task,
    r"GET /api/v4/users": reading.users,
    r"GET /api/v4/users/(\d+)": reading.user,
    r"PATCH /api/v4/leads": writing.patch_leads,
    r"PATCH /api/v4/leads/(\d+)": writing.patch_lead,
    r"POST /api/v4/(leads|contacts)/notes": writing.post_notes,
    r"POST /api/v4/(leads|contacts)/(\d+)/notes": writing.post_notes,
    r"POST /api/v4/tasks": writing.post_tasks,
}
ROUTES = [(re.compile(pattern), handler) for pattern, handler in HANDLERS.items()]

WORDS_OF_STATUS = {401: unauthorized(), 402: problem(402, "Аккаунт не оплачен"), 404: problem(404, "Not found")}
"""What amoCRM itself says; every other status is nginx's."""


class AmoApp:
    """An ASGI app, for `tests.fakes.serving.served` or for `httpx.ASGITransport`."""

    def __init__(self, account: AmoAccount) -> None:
        self.account = account

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = await request.body()
        if self.account.latency_s:
            await asyncio.sleep(self.account.latency_s)
        line = f"{request.method} {request.url.path}" + (f"?{q}" if (q := unquote_plus(request.url.query)) else "")
        rule = self.account.faults.due(line)
        if rule and rule.answer is Fault.TOKEN_EXPIRES:
            self.account.oauth.access.pop(bearer(request), None)
        answer = nothing() if rule and not rule.acts else self.answer(request, body)
        self._remember(line, rule, answer)
        if rule is None or rule.answer is Fault.TOKEN_EXPIRES:
            await response(answer)(scope, receive, send)
        else:
            await misbehave(rule, answer, scope, receive, send)

    def _remember(self, line: str, rule: Rule | None, answer: Answer) -> None:
        account = self.account
        account.seen.append(Seen(at=account.clock(), line=line, status=rule.answer if rule else answer.status))
        account.pass_meanwhile(line)

    def answer(self, request: Request, body: bytes) -> Answer:
        """What an undisturbed server says: nginx before anything is looked at, then OAuth, then the API."""
        account = self.account
        integration = account.oauth.owner(bearer(request))
        if account.limiter.is_blocked or account.refusal is Refusal.ADDRESS:
            return nginx(403)
        if not account.limiter.passes(integration.client_id if integration else None):
            return nginx(429)
        if not is_at_home(account, request):
            return nginx(404)
        if request.url.path == TOKEN_PATH and request.method == "POST":
            return account.oauth.answer(parsed(body))
        if integration is None:
            return unauthorized()
        if account.refusal is Refusal.UNPAID:
            return WORDS_OF_STATUS[402]
        return self._handle(request, body, integration)

    def _handle(self, request: Request, body: bytes, integration: Integration) -> Answer:
        path = request.url.path
        for pattern, handler in ROUTES:
            match = pattern.fullmatch(f"{request.method} {path}")
            if match:
                call = self._call(request, body, integration)
                answer = handler(self.account, call, *match.groups())
                is_heavy = isinstance(call.body, list) and len(call.body) > writing.HEAVY_RECORDS_N
                return nginx(504) if is_heavy and answer.status == 200 else answer
        return problem(404, "Not found")

    def _call(self, request: Request, body: bytes, integration: Integration) -> Call:
        as_user = request.headers.get("x-context-user-id", "")
        return Call(
            base=f"{request.url.scheme}://{request.url.netloc}",
            path=request.url.path,
            pairs=tuple(request.query_params.multi_items()),
            body=parsed(body),
            by=int(as_user) if as_user.isdigit() else integration.user_id,
        )


def bearer(request: Request) -> str:
    return request.headers.get("authorization", "").removeprefix("Bearer ")


def parsed(body: bytes) -> Any:
    """What was sent; None for what is no JSON."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def is_at_home(account: AmoAccount, request: Request) -> bool:
    """Whether a host of amoCRM is this account's; a port of this machine is anybody's."""
    host = request.url.hostname or ""
    return not host.endswith(".amocrm.ru") or host == f"{account.subdomain}.amocrm.ru"


def response(answer: Answer) -> Response:
    """HTML is nginx's own, which knows no ids of requests."""
    headers = {} if answer.media == "text/html" else {"x-request-id": uuid.uuid4().hex}
    return Response(answer.body, answer.status, headers, answer.media)


async def misbehave(rule: Rule, answer: Answer, scope: Scope, receive: Receive, send: Send) -> None:
    """Give the client what the rule says in place of the answer."""
    connection = Connection(receive, send)
    whole = response(answer)
    start: Message = {"type": "http.response.start", "status": whole.status_code, "headers": whole.raw_headers}
    match rule.answer:
        case Fault.CUT:
            await connection.cut()
        case Fault.CUT_IN_BODY:
            await connection.cut_in_body(start, answer.body)
        case Fault.RESET_IN_BODY:
            await connection.reset_in_body(start, answer.body)
        case Fault.TIMEOUT:
            await connection.hang()
        case Fault.HALF_JSON:
            await Response(answer.body[: len(answer.body) // 2], 200, media_type=answer.media)(scope, receive, send)
        case Fault.EMPTY:
            await Response(b"", 200, media_type=answer.media)(scope, receive, send)
        case int(status):
            await response(WORDS_OF_STATUS.get(status) or nginx(status))(scope, receive, send)
