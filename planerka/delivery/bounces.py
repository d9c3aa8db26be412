"""Bounces (RFC 3464): reports that a mail which had been taken was not delivered after all."""

from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, message_from_string
from email.message import Message
from typing import Any


@dataclass(frozen=True)
class Bounce:
    """Who did not get which mail, and the server's words. `recipient` is a plain address, lower case."""

    message_id: str
    recipient: str
    words: str


def bounces_in(report: bytes) -> list[Bounce]:
    """A bounce a recipient of a report; none of a mail that is no report, or reports a delay only.

    The report may be cut short: its last part, the mail that came back, is needed only to its Message-ID. It is read
    by Python's older rules: the newer ones fail on headers that are broken enough.
    """
    mail = message_from_bytes(report)
    message_id = returned_id(mail)
    return [bounce(message_id, group) for group in groups(mail) if is_failure(group)] if message_id else []


def groups(mail: Message) -> Iterator[Message]:
    """The blocks of fields of a delivery status: one about the report, then one a recipient."""
    for part in mail.walk():
        if part.get_content_type() == "message/delivery-status" and part.is_multipart():
            yield from parts_of(part)


def returned_id(mail: Message) -> str:
    """The Message-ID of the mail that came back whole or as its headers; "" where the report has none."""
    for part in mail.walk():
        kind = part.get_content_type()
        if kind == "message/rfc822" and part.is_multipart():
            return one_line(parts_of(part)[0]["Message-ID"])
        if kind == "text/rfc822-headers":
            return one_line(message_from_string(str(part.get_payload()))["Message-ID"])
    return ""


def parts_of(part: Message) -> list[Any]:
    """The parts of one that has some."""
    return part.get_payload()  # type: ignore[return-value]


def is_failure(group: Message) -> bool:
    """The action decides, not the code: `delayed` is no end, `failed` is one even after a temporary refusal."""
    return one_line(group["Action"]).lower() == "failed" and bool(group["Final-Recipient"])


def bounce(message_id: str, group: Message) -> Bounce:
    said = f"bounced: {one_line(group['Status'])} {value_of(group['Diagnostic-Code'])}"
    return Bounce(message_id, value_of(group["Final-Recipient"]).lower(), said.strip())


def value_of(field: object) -> str:
    """What follows the type in `rfc822; a@company.example` or `smtp; 550 5.1.1 …`."""
    return one_line(field).partition(";")[2].strip()


def one_line(field: object) -> str:
    return " ".join(str(field or "").split())
