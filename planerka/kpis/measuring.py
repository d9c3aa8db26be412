"""Bringing the measures up to date with what was pulled and judged."""

from collections.abc import Iterable

import sqlalchemy as sa

from planerka.clock import WorkCalendar
from planerka.kpis.measures import compute_measures
from planerka.regulation.signed import signed_editions
from planerka.store.windows import get_source


def measure_touched_days(engine: sa.Engine, source: str, office: WorkCalendar, analyst_ids: Iterable[str]) -> int:
    """Count every touched day of a source again, in one transaction; returns how many days that were.

    A response is measured against the norm of the signed edition of its day; before the first, none is counted.
    """
    with engine.begin() as connection:
        known = get_source(connection, source)
        if known is None:
            return 0
        norms = {edition.effective_on: edition.norms.first_response_min for edition in signed_editions(connection)}
        return compute_measures(connection, source, office, norms, analyst_ids, known.data_until)
