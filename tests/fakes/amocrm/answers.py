"""The answers amoCRM gives, as they were recorded: pages, problems, and what nginx says in front of it."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson

PROBLEM_OF_OAUTH = "https://developers.amocrm.ru/v3/errors/OAuthProblemJson"


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int
    body: bytes
    media: str


def found(content: dict[str, Any]) -> Answer:
    return Answer(status=200, body=orjson.dumps(content), media="application/hal+json")


def nothing() -> Answer:
    """An empty list, a page past the end, a record that is not there: no content at all, not even a bracket."""
    return Answer(status=204, body=b"", media="application/hal+json")


def problem(status: int, detail: str, **more: object) -> Answer:
    """A problem, in the order of keys that the service has; `more` may say another title or type."""
    words = {"title": HTTPStatus(status).phrase, "type": f"https://httpstatus.es/{status}"}
    content = more | {name: more.get(name, word) for name, word in words.items()} | {"status": status, "detail": detail}
    return Answer(status=status, body=orjson.dumps(content), media="application/problem+json")


def nginx(status: int) -> Answer:
    """What stands before amoCRM answers in HTML, whatever was asked for."""
    words = f"{status} {HTTPStatus(status).phrase}"
    page = f"<html>\r\n<head><title>{words}</title></head>\r\n<body>\r\n<center><h1>{words}</h1></center>\r\n<hr>"
    return Answer(status=status, body=f"{page}<center>nginx</center>\r\n</body>\r\n</html>".encode(), media="text/html")


def unauthorized() -> Answer:
    return problem(401, "Неверный логин или пароль")


def wrong_client() -> Answer:
    return problem(401, "Авторизация клиента не прошла", title="Некорректный клиент", type=PROBLEM_OF_OAUTH)


def revoked_grant() -> Answer:
    detail = "В запросе отсутствует ряд параметров или параметры невалидны"
    return problem(401, detail, hint="Token has been revoked", title="Некорректный запрос", type=PROBLEM_OF_OAUTH)


def invalid(*errors: tuple[int, str, str]) -> Answer:
    """A write that does not pass, as (number of its record, path, code): none of its records is written."""
    details = {
        "NotSupportedChoice": "The value you selected is not a valid choice.",
        "NotBlank": "This value should not be blank.",
        "InvalidType": "This value should be of type array.",
    }
    listed = [
        {"request_id": str(number), "errors": [{"code": code, "path": path, "detail": details[code]}]}
        for number, path, code in errors
    ]
    return problem(400, "Request validation failed", **{"validation-errors": listed})


def reason_without_loss(lead_ids: list[int]) -> Answer:
    """The other form of a 400: the whole PATCH is refused for one lead whose reason was sent while it is not lost."""
    errors = {str(lead_id): "Loss reason can be specified only for lost lead" for lead_id in lead_ids}
    content = {"errors": errors, "title": "Bad Request", "status": 400, "detail": "Invalid request body"}
    return Answer(status=400, body=orjson.dumps(content), media="application/problem+json")
