"""Errors as Odoo writes them: a class name, words and a traceback, under a status that may surprise."""

from http import HTTPStatus
from typing import Any


class OdooError(Exception):
    """What a call ended with; `name` is the Python class that the server lets its clients see."""

    def __init__(self, name: str, status: int, message: str, *arguments: object) -> None:
        super().__init__(message)
        self.name, self.status, self.message = name, status, message
        self.arguments = [message, *arguments]

    def body(self) -> dict[str, Any]:
        trace = f'Traceback (most recent call last):\n  File "/odoo/http.py", line 2598, in dispatch\n{self.name}: '
        return {
            "name": self.name,
            "message": self.message,
            "arguments": self.arguments,
            "context": {},
            "debug": trace + self.message + "\n",
        }


def http_error(name: str, message: str) -> OdooError:
    """An error of the web framework: its status is the second argument."""
    status = {"BadRequest": 400, "Unauthorized": 401, "NotFound": 404, "UnprocessableEntity": 422}[name]
    return OdooError(f"werkzeug.exceptions.{name}", status, message, status)


def client_mistake(message: str, name: str = "builtins.ValueError") -> OdooError:
    """A mistake of the client, which Odoo reports as its own failure."""
    return OdooError(name, HTTPStatus.INTERNAL_SERVER_ERROR, message)


def user_error(message: str) -> OdooError:
    return OdooError("odoo.exceptions.UserError", HTTPStatus.UNPROCESSABLE_ENTITY, message)


def validation_error(message: str) -> OdooError:
    return OdooError("odoo.exceptions.ValidationError", HTTPStatus.UNPROCESSABLE_ENTITY, message)


def access_error(message: str) -> OdooError:
    return OdooError("odoo.exceptions.AccessError", HTTPStatus.FORBIDDEN, message)


def missing_error(model: str, record_id: int, user_id: int) -> OdooError:
    record = f"(Record: {model}({record_id},), User: {user_id})"
    message = f"Record does not exist or has been deleted.\n{record}"
    return OdooError("odoo.exceptions.MissingError", HTTPStatus.NOT_FOUND, message)


def is_required(model: str, title: str, field: str, string: str) -> OdooError:
    return validation_error(
        f"The operation cannot be completed: Missing required value for the field '{string}' ({field}).\n"
        f"Model: '{title}' ({model})\n- create/update: a mandatory field is not set\n"
        "- delete: another model requires the record being deleted, you can archive it instead\n"
    )


def is_referenced(model: str, title: str, field: str, string: str) -> OdooError:
    """Said of a record that others need, and just as well of a reference to a record that was never there."""
    return validation_error(
        "The operation cannot be completed: Another model is using the record you are trying to delete.\n\n"
        f"The troublemaker is: '{title}' ({model})\nThanks to the following constraint: '{string}' ({field})\n"
        "How about archiving the record instead?"
    )


def is_restricted(title: str, operation: str, record_ids: list[int], user_id: int) -> OdooError:
    records = ", ".join(map(str, record_ids))
    return access_error(
        "The requested operation cannot be completed due to security restrictions. "
        f"Please contact your system administrator.\n\n(Document type: {title}, Operation: {operation})\n\n"
        f"Records: {records}, User: {user_id}"
    )
