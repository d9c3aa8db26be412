"""Days, weeks and zones. The clock itself is handed in by wiring; nothing here reads it."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from planerka.errors import UsageError


@dataclass(frozen=True, order=True)
class Week:
    """An ISO week, Monday to Sunday, written 2026-W47."""

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> "Week":
        match = re.fullmatch(r"(\d{4})-W(\d{2})", text)
        try:
            return cls.of(date.fromisocalendar(int(match[1]), int(match[2]), 1))  # type: ignore[index]
        except (TypeError, ValueError):
            raise UsageError(f"{text!r} is not an ISO week: write it as 2026-W47") from None

    @classmethod
    def of(cls, day: date) -> "Week":
        year, number, _ = day.isocalendar()
        return cls(year, number)

    @classmethod
    def last_complete(cls, now: datetime, zone: ZoneInfo) -> "Week":
        """The last week that was over in `zone` at `now`."""
        return cls.of(now.astimezone(zone).date() - timedelta(days=7))

    @property
    def monday(self) -> date:
        return date.fromisocalendar(self.year, self.number, 1)

    @property
    def sunday(self) -> date:
        return self.monday + timedelta(days=6)

    def back(self, weeks_n: int) -> "Week":
        return Week.of(self.monday - timedelta(weeks=weeks_n))

    def __str__(self) -> str:
        return f"{self.year}-W{self.number:02d}"


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """The instant at which a local day begins, in UTC."""
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
