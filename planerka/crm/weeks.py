"""How the time of a CRM is cut into windows: at Mondays in UTC, so that every pull cuts at the same places."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from planerka.crm.base import Window

WEEK = timedelta(weeks=1)
MONDAY = datetime(1970, 1, 5, tzinfo=UTC)

FIRST_WEEKS_N = 14
"""A first pull begins so many Mondays back: a quarter, for its plan, and the week before it."""


def monday_of(at: datetime) -> datetime:
    return at - (at - MONDAY) % WEEK


def weeks(since: datetime | None, until: datetime) -> Iterator[Window]:
    """`[since, until)` cut at Mondays, oldest first; None: the last weeks, which are of use by themselves."""
    begins_at = monday_of(until) - FIRST_WEEKS_N * WEEK if since is None else since
    while begins_at < until:
        ends_at = min(monday_of(begins_at) + WEEK, until)
        yield Window(since=begins_at, until=ends_at)
        begins_at = ends_at


def weeks_before(first: datetime, before: datetime) -> list[Window]:
    """What was before, back to the week of the first record, newest first: the last one begins with everything."""
    windows = list(weeks(min(monday_of(first), before), before))[::-1]
    return [*windows[:-1], *(Window(since=None, until=window.until) for window in windows[-1:])]
