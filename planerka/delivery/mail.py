"""One e-mail to one person.

The same pack for the same person is the same bytes: the Message-ID, and the boundaries made from it, follow
from what is sent and to whom, so that sending again is recognisable by every mail server on the way.
"""

import hashlib
import re
from datetime import datetime
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, parseaddr
from typing import cast

from planerka.errors import SettingsError
from planerka.pack.render import LetterParts
from planerka.store.deliveries import Channel, Delivery, Mailing


class WholeSubjects(EmailPolicy):
    """Python 3.11 folds `5 споров ждут, 5 сегодня` to `5сегодня`: it loses a space between words of which only one is
    ASCII (gh-92081). Here the words of such a subject are encoded all together, the spaces among them."""

    def fold_binary(self, name: str, value: str) -> bytes:
        if name != "Subject" or value.isascii():
            return super().fold_binary(name, value)
        encoded = Header(value, "utf-8", header_name=name).encode(linesep=self.linesep)
        return f"{name}: {encoded}{self.linesep}".encode("ascii")


POLICY = WholeSubjects(linesep="\r\n")
ADDRESS = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+")


def message_id(mailing: Mailing, recipient: str, attempt: int, sender: str) -> str:
    """`<digest@domain of the sender>`: the digest hides the recipient and is the same every time."""
    version = str(mailing.version)
    return id_of(sender, mailing.source, mailing.week, version, mailing.channel, recipient.lower(), str(attempt))


def id_of(sender: str, *said: str) -> str:
    """The Message-ID that follows from what is said, and from nothing else."""
    digest = hashlib.sha256("\n".join(said).encode()).hexdigest()[:32]
    return f"<{digest}@{domain(sender)}>"


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
    parts: LetterParts, pack_html: str, one: Delivery, *, sender: str, recipient: str, to: str, sent_at: datetime
) -> EmailMessage:
    """Plain text, HTML with its pictures inside, and the pack attached; all of it ASCII, as any server takes it.

    `to` is the recipient, or the test address that stands in: the subject says for whom. `sent_at` has a zone.
    """
    subject = f"[TEST → {recipient}] {parts.subject}" if one.channel == Channel.TEST else parts.subject
    mail = headed(one, subject, sender=sender, to=to, sent_at=sent_at)
    mail.set_content(parts.text, cte="quoted-printable")
    mail.add_alternative(parts.html, subtype="html", cte="quoted-printable")
    for name, picture in parts.images.items():
        html_part(mail).add_related(
            picture, "image", "png", cid=f"<{name}>", filename=f"{name}.png", disposition="inline"
        )
    file_name = f"planerka-{one.week}-v{one.version}.html"
    mail.add_attachment(pack_html.encode(), "text", "html", filename=file_name, params={"charset": "utf-8"})
    fix_boundaries(mail)
    return mail


def headed(one: Delivery, subject: str, *, sender: str, to: str, sent_at: datetime) -> EmailMessage:
    """A mail that has its headers, and no body yet."""
    mail = EmailMessage(policy=POLICY)
    mail["From"], mail["To"], mail["Subject"] = sender, addressed(to), subject
    mail["Date"], mail["Message-ID"] = format_datetime(sent_at), one.message_id
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
