"""A pack that is not sent is told of: once for each reason, to its owner alone."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from planerka.clock import Week
from planerka.delivery.notice import tell_owner
from planerka.settings import DeliverySettings, Settings
from planerka.store import deliveries
from planerka.store.check import check
from planerka.store.deliveries import State

WEEK, AT = Week.parse("2026-W47"), datetime(2026, 11, 23, 5, tzinfo=UTC)
OWNER = "ops@company.example"


def told(engine: sa.Engine, out: Path, why: str, owner: str | None = OWNER, week: Week = WEEK) -> bool:
    settings = Settings(out=out, delivery=DeliverySettings(owner=owner))
    return tell_owner(engine, "crm", week, why, settings, lambda: AT)


def mails(out: Path) -> list[Any]:
    return [message_from_bytes(path.read_bytes(), policy=default) for path in (out / "notes").glob("*.eml")]


@pytest.mark.parametrize(
    "reasons, expected",
    [
        (["the data are stale"], [True]),
        (["the data are stale", "the data are stale"], [True, False]),
        (["the data are stale", "a section failed"], [True, True]),
        (["the data are stale", "a section failed", "a section failed"], [True, True, False]),
    ],
)
def test_the_owner_is_told_once_for_each_reason(engine: sa.Engine, tmp_path: Path, reasons, expected) -> None:
    """The schedule tries again and again; a mailbox full of the same is not read."""
    assert expected == [told(engine, tmp_path, why) for why in reasons]
    assert sum(expected) == len(mails(tmp_path))


def test_the_mail_says_why_and_what_goes_on(engine: sa.Engine, tmp_path: Path) -> None:
    """To the owner, and to nobody who waits for the pack; the ledger has it."""
    told(engine, tmp_path, "the data are stale")
    (mail,) = mails(tmp_path)
    assert ("Пакет за 2026-W47 не отправлен", OWNER) == (mail["Subject"], mail["To"].addresses[0].addr_spec)
    assert "the data are stale" in mail.get_content()
    assert "planerka send --week 2026-W47" in mail.get_content()
    with engine.begin() as connection:
        (row,) = deliveries.of_week(connection, "crm", "2026-W47")
    assert (OWNER, State.SENT, mail["Message-ID"]) == (row.recipient, row.state, row.message_id)


def test_a_notice_is_no_delivery_without_its_pack(engine: sa.Engine, tmp_path: Path) -> None:
    """`planerka db check` finds nothing wrong with a week that has a notice and no pack."""
    told(engine, tmp_path, "stale")
    assert [] == [found for found in check(engine) if found.checked == "every delivery has its pack" and found.wrong]


def test_each_week_has_its_own_notice(engine: sa.Engine, tmp_path: Path) -> None:
    """The same reason a week later is news."""
    assert [True, True] == [told(engine, tmp_path, "stale", week=week) for week in (WEEK, WEEK.back(-1))]


def test_without_an_owner_nobody_is_told(engine: sa.Engine, tmp_path: Path) -> None:
    assert (False, []) == (told(engine, tmp_path, "stale", owner=None), mails(tmp_path))
