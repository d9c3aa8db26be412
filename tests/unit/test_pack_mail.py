"""One e-mail to one person: the same every time, whole, and addressed to nobody by accident."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from planerka.delivery.mail import PackKey, message, message_id, write_to_outbox
from planerka.errors import SettingsError
from planerka.pack.render import LetterParts

KEY = PackKey(source="sample", week="2026-W47", version=1)
SENDER, RECIPIENT = "Планёрка <planerka@example.com>", "weekly@example.org"
PARTS = LetterParts(
    subject="Берег: Планёрка, неделя 47", text="Договоры: 31", html="<p>Договоры: 31</p>", images={"track": b"\x89PNG"}
)


def mail(recipient: str = RECIPIENT, sender: str = SENDER, key: PackKey = KEY) -> EmailMessage:
    sent_at = datetime(2026, 11, 23, 5, 10, tzinfo=UTC)
    return message(PARTS, "<!DOCTYPE html>пакет", key, sender=sender, recipient=recipient, sent_at=sent_at)


def read_back(mail: EmailMessage) -> EmailMessage:
    return message_from_bytes(mail.as_bytes(), policy=default)


def test_the_same_pack_to_the_same_person_is_the_same_bytes():
    """Boundaries and Message-ID follow from the content: a mail sent twice can be recognised."""
    assert mail().as_bytes() == mail().as_bytes()


@pytest.mark.parametrize(
    "key, recipient",
    [
        (PackKey(source="other", week="2026-W47", version=1), RECIPIENT),
        (PackKey(source="sample", week="2026-W48", version=1), RECIPIENT),
        (PackKey(source="sample", week="2026-W47", version=2), RECIPIENT),
        (KEY, "another@example.org"),
    ],
)
def test_another_pack_or_person_has_another_message_id(key, recipient):
    """One delivery, one id."""
    assert message_id(KEY, RECIPIENT, SENDER) != message_id(key, recipient, SENDER)


def test_the_message_id_hides_the_person_and_ends_with_the_senders_domain():
    """It travels through other people's servers; letters' case in an address means nothing."""
    found = message_id(KEY, RECIPIENT, SENDER)
    assert found.endswith("@example.com>")
    assert "weekly" not in found
    assert found == message_id(KEY, RECIPIENT.upper(), SENDER)


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


def test_the_outbox_holds_the_whole_message_under_its_own_name(tmp_path):
    """Written twice it is one file, and nothing half-written is left beside it."""
    paths = [write_to_outbox(mail(), tmp_path / "outbox") for _ in range(2)]
    assert paths[0].read_bytes() == mail().as_bytes()
    assert [paths[0]] == list((tmp_path / "outbox").iterdir())
