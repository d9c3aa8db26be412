"""One e-mail to one person: the same every time, whole, and addressed to nobody by accident."""

from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from planerka.delivery.mail import message, message_id
from planerka.delivery.outbox import Outbox
from planerka.delivery.smtp import on_the_wire
from planerka.errors import SettingsError
from planerka.pack.render import LetterParts
from planerka.store.deliveries import Channel, Delivery, Mailing, State

MAILING = Mailing(source="sample", week="2026-W47", version=1, channel=Channel.SMTP)
SENT_AT = datetime(2026, 11, 23, 5, 10, tzinfo=UTC)
SENDER, RECIPIENT = "Планёрка <planerka@example.com>", "weekly@example.org"
PARTS = LetterParts(
    subject="Берег: Планёрка, неделя 47", text="Договоры: 31", html="<p>Договоры: 31</p>", images={"track": b"\x89PNG"}
)


def mail(recipient: str = RECIPIENT, parts: LetterParts = PARTS, channel: Channel = Channel.SMTP) -> EmailMessage:
    one = Delivery(
        source="sample",
        week="2026-W47",
        version=1,
        channel=channel,
        recipient=recipient.lower(),
        message_id=message_id(MAILING, recipient, 1, SENDER),
        attempt=1,
        state=State.QUEUED,
        answer=None,
        at=SENT_AT,
    )
    to = "me@example.org" if channel == Channel.TEST else recipient
    return message(parts, "<!DOCTYPE html>пакет", one, sender=SENDER, recipient=recipient, to=to, sent_at=SENT_AT)


def read_back(mail: EmailMessage) -> EmailMessage:
    return message_from_bytes(mail.as_bytes(), policy=default)


def test_the_same_pack_to_the_same_person_is_the_same_bytes():
    """Boundaries and Message-ID follow from the content: a mail sent twice can be recognised."""
    assert mail().as_bytes() == mail().as_bytes()


@pytest.mark.parametrize(
    "subject",
    [
        "5 споров ждут решения, 5 — на сегодня",
        "12 споров ждут решения, 3 — на сегодня, 1 просрочен",
        "The pack of Берег",
        "5 disputes wait for a ruling",
        "Слово" * 40,
    ],
)
def test_a_subject_comes_back_with_all_its_spaces_from_lines_that_mail_allows(subject):
    """Wherever its words are ASCII and wherever they are not."""
    one = mail(parts=replace(PARTS, subject=subject))
    assert subject == read_back(one)["Subject"]
    assert max(map(len, one.as_bytes().splitlines())) <= 78


@pytest.mark.parametrize(
    "mailing, recipient, attempt",
    [
        (replace(MAILING, source="other"), RECIPIENT, 1),
        (replace(MAILING, week="2026-W48"), RECIPIENT, 1),
        (replace(MAILING, version=2), RECIPIENT, 1),
        (replace(MAILING, channel=Channel.TEST), RECIPIENT, 1),
        (MAILING, "another@example.org", 1),
        (MAILING, RECIPIENT, 2),
    ],
)
def test_another_pack_person_channel_or_attempt_has_another_message_id(mailing, recipient, attempt):
    """One mail that may be sent, one id."""
    assert message_id(MAILING, RECIPIENT, 1, SENDER) != message_id(mailing, recipient, attempt, SENDER)


def test_the_message_id_hides_the_person_and_ends_with_the_senders_domain():
    """It travels through other people's servers; letters' case in an address means nothing."""
    found = message_id(MAILING, RECIPIENT, 1, SENDER)
    assert found.endswith("@example.com>")
    assert "weekly" not in found
    assert found == message_id(MAILING, RECIPIENT.upper(), 1, SENDER)


def test_the_parts_are_text_html_with_its_picture_and_the_pack():
    """In the order in which mail programs expect them."""
    found = [part.get_content_type() for part in read_back(mail()).walk()]
    expected = [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
        "text/html",
    ]
    assert expected == found


def test_headers_and_texts_come_back_readable():
    """Cyrillic in subject, sender, parts and the attached pack."""
    found = read_back(mail())
    attached = next(found.iter_attachments())
    assert (PARTS.subject, SENDER, "Mon, 23 Nov 2026 05:10:00 +0000") == (
        found["Subject"],
        found["From"],
        found["Date"],
    )
    assert "Договоры: 31" == found.get_body(("plain",)).get_content().strip()
    assert "planerka-2026-W47-v1.html" == attached.get_filename()
    assert "<!DOCTYPE html>пакет" == attached.get_content()


@pytest.mark.parametrize("address", ["", "nobody", "@example.com", "x@", "a@b.example\nBcc: all@example.com"])
def test_what_is_no_address_is_refused(address):
    """By name, and no line break ever becomes a header."""
    with pytest.raises(SettingsError, match="is not an e-mail address"):
        mail(recipient=address)


def test_a_test_mail_says_for_whom_it_is():
    """And goes to the test address only."""
    found = read_back(mail(channel=Channel.TEST))
    assert f"[TEST → {RECIPIENT}] {PARTS.subject}" == found["Subject"]
    assert ["me@example.org"] == [address.addr_spec for address in found["To"].addresses]


def test_a_mail_is_seven_bit_and_its_lines_are_short():
    """Any server takes it: no extension for UTF-8 or for eight bits is asked for."""
    sent = on_the_wire(mail())
    assert sent.isascii()
    assert max(map(len, sent.split(b"\r\n"))) <= 998
    assert sent.count(b"\n") == sent.count(b"\r\n")
    assert sent.endswith(b"\r\n")


def test_a_dot_that_begins_a_line_does_not_end_the_mail():
    """It is doubled on the wire, and comes back single."""
    sent = on_the_wire(mail(parts=replace(PARTS, text="Итого\n.\n.5 of them")))
    assert b"\r\n..\r\n..5 of them" in sent
    assert b"\r\n.\r\n" not in sent


def test_the_outbox_holds_the_whole_message_under_its_own_name(tmp_path):
    """Written twice it is one file, and nothing half-written is left beside it."""
    for _ in range(2):
        state, words = Outbox(tmp_path / "outbox").send(mail(), RECIPIENT, lambda: None)
    (path,) = (tmp_path / "outbox").iterdir()
    assert (State.SENT, f"written to {path.name}") == (state, words)
    assert mail().as_bytes() == path.read_bytes()
