"""Bringing the measures up to date with what was pulled, judged and set."""

import json
from collections.abc import Iterable
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

import pandas as pd
import sqlalchemy as sa

from planerka.clock import WorkCalendar
from planerka.kpis.measures import compute_measures
from planerka.regulation.signed import signed_editions
from planerka.store.measures import put_rules, touch
from planerka.store.windows import get_source


def measure_touched_days(
    engine: sa.Engine, source: str, office: WorkCalendar, analyst_ids: Iterable[str], again: Iterable[date] = ()
) -> int:
    """Count every touched day of a source again, in one transaction; returns how many days that were.

    `again`: local days that are counted whether anything touched them or not.
    A response is measured against the norm of the signed edition of its day; before the first, none is counted.
    Other office hours or analysts than the last time's count every day again.
    """
    analysts = sorted(analyst_ids)
    with engine.begin() as connection:
        known = get_source(connection, source)
        if known is None:
            return 0
        put_rules(connection, source, digest_of(office, analysts))
        touch(connection, source, again)
        norms = {edition.effective_on: edition.norms.first_response_min for edition in signed_editions(connection)}
        return compute_measures(connection, source, office, norms, analysts, known.data_until)


def months(first_on: date, last_on: date) -> list[tuple[date, date]]:
    """A stretch of days, both included, as stretches that each lie in one month."""
    starts = [first_on, *(day.date() for day in pd.date_range(first_on + timedelta(days=1), last_on, freq="MS"))]
    return list(zip(starts, [*(day - timedelta(days=1) for day in starts[1:]), last_on], strict=True))


def digest_of(office: WorkCalendar, analysts: list[str]) -> str:
    """What the settings say of how to measure, in short; the norms are not in it: a signature touches its own days."""
    offices = {"": office, **office.projects}
    return sha256(
        json.dumps([{name: hours_of(offices[name]) for name in sorted(offices)}, analysts], default=str).encode()
    ).hexdigest()


def hours_of(office: WorkCalendar) -> list[Any]:
    days = [sorted(office.closed_on), sorted(office.open_on)]
    return [office.zone, office.opens, office.closes, sorted(office.weekdays), *days]
