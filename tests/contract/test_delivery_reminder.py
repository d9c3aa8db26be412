"""Each working morning the analysts hear how many disputes wait: once a day, and only while some do."""

from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from planerka.clock import WorkCalendar
from planerka.delivery.reminder import remind
from planerka.model import DisputeOrigin
from planerka.sections import DeliverySettings, HoursSettings
from planerka.settings import Settings
from planerka.store import disputes
from planerka.store.disputes import NewDispute

TUESDAY = datetime(2026, 11, 24, 6, tzinfo=UTC)
WEEK_DAYS = HoursSettings(weekdays=(1, 2, 3, 4, 5))
REVIEW = WorkCalendar(
    zone=ZoneInfo("Europe/Moscow"), opens=WEEK_DAYS.opens, closes=WEEK_DAYS.closes, weekdays=WEEK_DAYS.weekdays
)
ANALYSTS = ("anna@company.example", "igor@company.example")


def opened(engine: sa.Engine, *due_in_days: int) -> None:
    """Disputes of four days ago, due that many days after Tuesday."""
    with engine.begin() as connection:
        new = [
            NewDispute(
                origin=DisputeOrigin.UNLAWFUL,
                subject_id=f"E{number}",
                lead_id=f"L{number}",
                opened_at=TUESDAY - timedelta(days=4),
                due_at=TUESDAY + timedelta(days=days),
            )
            for number, days in enumerate(due_in_days)
        ]
        disputes.open_disputes(connection, "crm", new)


def reminded(engine: sa.Engine, out: Path, *, at: datetime = TUESDAY, analysts: tuple[str, ...] = ANALYSTS) -> int:
    settings = Settings(out=out, delivery=DeliverySettings(analysts=analysts))
    return remind(engine, "crm", REVIEW, at, settings, lambda: at)


def mails(out: Path) -> list[Any]:
    return [message_from_bytes(path.read_bytes(), policy=default) for path in (out / "notes").glob("*.eml")]


def test_each_analyst_is_told_what_waits(engine: sa.Engine, tmp_path: Path) -> None:
    """How many in the subject, of which kind and for how long below; nobody's lead is named."""
    opened(engine, -1, 1, 1)
    assert 2 == reminded(engine, tmp_path)
    assert {"3 спора ждут решения, 1 просрочен"} == {mail["Subject"] for mail in mails(tmp_path)}
    assert set(ANALYSTS) == {mail["To"].addresses[0].addr_spec for mail in mails(tmp_path)}
    text = mails(tmp_path)[0].get_content()
    assert "Неправомерный отказ: 3 (самый давний ждёт 4 дня)" in text
    assert "L0" not in text


@pytest.mark.parametrize(
    "later, expected",
    [
        (timedelta(), 0),
        (timedelta(hours=8), 0),
        (timedelta(days=1), 2),
        (timedelta(days=4), 0),  # Saturday
    ],
)
def test_once_a_working_day(engine: sa.Engine, tmp_path: Path, later: timedelta, expected: int) -> None:
    """A run that is repeated, or comes on a day off, writes to nobody."""
    opened(engine, 1)
    reminded(engine, tmp_path)
    assert expected == reminded(engine, tmp_path, at=TUESDAY + later)


def test_an_empty_queue_is_not_worth_a_mail(engine: sa.Engine, tmp_path: Path) -> None:
    assert (0, []) == (reminded(engine, tmp_path), mails(tmp_path))


def test_without_analysts_nobody_is_reminded(engine: sa.Engine, tmp_path: Path) -> None:
    opened(engine, 1)
    assert 0 == reminded(engine, tmp_path, analysts=())
