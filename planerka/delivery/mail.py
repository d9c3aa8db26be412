"""One e-mail to one person, and the folder that stands for an inbox.

The same pack for the same person is the same bytes: the Message-ID, and the boundaries made from it, follow
from what is sent and to whom, so that sending again is recognisable by every mail server on the way.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from pathlib import Path
from typing import cast

from planerka.errors import SettingsError
from planerka.files import write_atomically
from planerka.pack.render import LetterParts

ADDRESS = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+")


@dataclass(frozen=True, kw_only=True)
class PackKey:
    """Which pack is sent."""

    source: str
    week: str
    version: int

    @property
    def file_name(self) -> str:
        return f"planerka-{self.week}-v{self.version}.html"


def message_id(key: PackKey, recipient: str, sender: str) -> str:
    """`<digest@domain of the sender>`: the digest hides the recipient and is the same every time."""
    said = "\n".join((key.source, key.week, str(key.version), recipient.lower()))
    return f"<{hashlib.sha256(said.encode()).hexdigest()[:32]}@{domain(sender)}>"


def domain(address: str) -> str:
    """What follows the @."""
    return parsed(address)[1].rpartition("@")[2]


def parsed(address: str) -> tuple[str, str]:
    """Display name, or "" without one, and plain address; SettingsError where there is no address."""
    name, plain = parseaddr(address)
    if not ADDRESS.fullmatch(plain) or "\n" in address or "\r" in address:
        raise SettingsError(f"{address!r} is not an e-mail address: write name@company.example in [delivery]")
    return name, plain


def message(
    parts: LetterParts, pack_html: str, key: PackKey, *, sender: str, recipient: str, sent_at: datetime
) -> EmailMessage:
    """Plain text, HTML with its pictures inside, and the pack attached. `sent_at` is an instant with a zone."""
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = sender, addressed(recipient), parts.subject
    mail["Date"] = format_datetime(sent_at)
    mail["Message-ID"] = message_id(key, recipient, sender)
    mail.set_content(parts.text, cte="quoted-printable")
    mail.add_alternative(parts.html, subtype="html", cte="quoted-printable")
    for name, picture in parts.images.items():
        html_part(mail).add_related(
            picture, "image", "png", cid=f"<{name}>", filename=f"{name}.png", disposition="inline"
        )
    mail.add_attachment(pack_html.encode(), "text", "html", filename=key.file_name, params={"charset": "utf-8"})
    fix_boundaries(mail)
    return mail


def addressed(recipient: str) -> Address:
    """With a display name: a bare address beside a picture looks like bulk mail to spam filters."""
    name, plain = parsed(recipient)
    return Address(display_name=name or plain.partition("@")[0], addr_spec=plain)


def html_part(mail: EmailMessage) -> EmailMessage:
    """The HTML, or what already holds it with its pictures."""
    return cast(EmailMessage, mail.get_body(("related", "html")))


def fix_boundaries(mail: EmailMessage) -> None:
    """Boundaries from the Message-ID instead of chance."""
    for number, part in enumerate(part for part in mail.walk() if part.is_multipart()):
        part.set_boundary(f"=_{digest(mail)}_{number}")


def digest(mail: EmailMessage) -> str:
    """The part of the Message-ID that is this pack and this person."""
    local: str = mail["Message-ID"].strip("<>").partition("@")[0]
    return local


def write_to_outbox(mail: EmailMessage, folder: Path) -> Path:
    """The message as an .eml that mail programs open; whole or not at all."""
    path = folder / f"{digest(mail)}.eml"
    write_atomically(path, mail.as_bytes())
    return path
