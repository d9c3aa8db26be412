"""The e-mail under the rules that SpamAssassin comes with: its words, its HTML, its headers, and how they fit."""

import os
import subprocess
from dataclasses import asdict
from datetime import UTC, datetime
from email import message_from_bytes
from pathlib import Path

import pytest

from planerka.delivery.mail import message, message_id
from planerka.pack.compose import compose, compose_letter
from planerka.pack.render import render_letter, render_pack
from planerka.store.deliveries import Channel, Delivery, Mailing, State
from tests import services
from tests.builders_pack import FACTS

AT = datetime(2026, 11, 23, 5, 10, tzinfo=UTC)
SENDER, RECIPIENT = "planerka@example.com", "weekly-meeting@example.com"

SCORE_MAX = 2.0
"""Servers usually call 5 spam; the rest is for what theirs know and these rules do not: lists, DKIM, other mail."""

# Without network, Bayes or preferences, so that machines agree; ALL_TRUSTED rewards mail for not having travelled.
OPTIONS = (
    "--local",
    "--nocreate-prefs",
    "--cf=use_bayes 0",
    "--cf=score ALL_TRUSTED 0",
    "--cf=report_safe 0",
    "--cf=fold_headers 0",
    "--cf=add_header all Judged _SCORE_ _TESTSSCORES_",
)


def mail(facts: str, language: str) -> bytes:
    """The message as it leaves."""
    mailing = Mailing(source="sample", week="2026-W47", version=1, channel=Channel.SMTP)
    one = Delivery(
        **asdict(mailing),
        recipient=RECIPIENT,
        message_id=message_id(mailing, RECIPIENT, 1, SENDER),
        attempt=1,
        state=State.QUEUED,
        answer=None,
        at=AT,
    )
    letter = render_letter(compose_letter(FACTS[facts](), language))
    pack = render_pack(compose(FACTS[facts](), language))
    return message(letter, pack, one, sender=SENDER, recipient=RECIPIENT, to=RECIPIENT, sent_at=AT).as_bytes()


def score(mail: bytes, home: Path) -> tuple[float, str]:
    """The points, and the rules that gave them."""
    program = services.program("spamassassin", "SpamAssassin", "spamassassin")
    environment = os.environ | {"HOME": str(home)}
    marked = subprocess.run([program, *OPTIONS], input=mail, stdout=subprocess.PIPE, check=True, env=environment).stdout
    points, rules = message_from_bytes(marked)["X-Spam-Judged"].split(" ", 1)
    return float(points), rules


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("facts", FACTS)
def test_the_letter_does_not_look_like_spam(facts: str, language: str, tmp_path: Path) -> None:
    """Of a week with everything, of a bare export, and of a week without leads, which has few words for its HTML."""
    points, rules = score(mail(facts, language), tmp_path)
    assert points < SCORE_MAX, rules
