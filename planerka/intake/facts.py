"""What a pull as a whole is tested by, gathered from the store."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from planerka.intake.frame_tests import WHOLE, PullFacts
from planerka.intake.settling import Unsettled
from planerka.settings import Settings
from planerka.store.intake_facts import last_exports, leads_by_day, unnamed_n
from planerka.store.overview import unmatched
from planerka.store.windows import PulledWindow, Source


def facts_of_pull(
    connection: sa.Connection, source: Source, pulled: Unsettled, settings: Settings, now: datetime
) -> PullFacts:
    """`now` is the moment the data must reach: the end of the week that a pack is about, or the clock."""
    last_on = source.data_until.astimezone(settings.zone).date() - timedelta(days=1)
    by_day = leads_by_day(connection, source.source, last_on)
    if pulled.is_export and len(by_day):
        # An export may know of deals later than its last lead: its volume is judged where its leads end.
        last_on = by_day.index.max().date()
    leads_n, unnamed = unnamed_n(connection, source.source)
    return PullFacts(
        now=now,
        data_until=source.data_until,
        max_age_hours=settings.max_age_hours,
        last_on=last_on,
        leads_by_day=by_day,
        leads_n=leads_n,
        unnamed_n=unnamed,
        pulled_n=pulled.held.rows_n,
        held_n=pulled.held.failed_n,
        is_past_there=source.data_from is None,
        unmatched=unmatched(connection, source.source),
        export_rows_n=rows_of_exports(last_exports(connection, source.source)),
    )


def rows_of_exports(exports: Sequence[PulledWindow]) -> dict[str, tuple[int, ...]]:
    """How many rows of each noun came with each, by the test that looks at all of them; 0 with one that has none."""
    rows_n = [{check.key: check.rows_n for check in export.checks} for export in exports]
    return {noun: tuple(of_export.get(f"{noun}.id", 0) for of_export in rows_n) for noun in WHOLE}
