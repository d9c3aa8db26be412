"""How the time of a CRM is cut into windows: at fixed places, so that every pull cuts at the same ones."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from planerka.crm.base import Window

DAY, WEEK = timedelta(days=1), timedelta(weeks=1)
MONDAY = datetime(1970, 1, 5, tzinfo=UTC)

FIRST = timedelta(weeks=14)
"""A first pull begins so long ago: a quarter, for its plan, and the week before it."""


def spans(since: datetime | None, until: datetime, length: timedelta) -> Iterator[Window]:
    """`[since, until)` cut into spans of a length, oldest first; None: the last weeks, of use by themselves."""
    begins_at = start_of(until - FIRST, length) if since is None else since
    while begins_at < until:
        ends_at = min(start_of(begins_at, length) + length, until)
        yield Window(since=begins_at, until=ends_at)
        begins_at = ends_at


def spans_before(first: datetime, before: datetime, length: timedelta) -> list[Window]:
    """What was before, back to the span of the first record, newest first: the last one begins with everything."""
    windows = list(spans(min(start_of(first, length), before), before, length))[::-1]
    return [*windows[:-1], *(Window(since=None, until=window.until) for window in windows[-1:])]


def start_of(at: datetime, length: timedelta) -> datetime:
    """The beginning of the span that an instant lies in."""
    return at - (at - MONDAY) % length
