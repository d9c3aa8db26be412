"""What a pull as a whole is tested by, gathered from the store."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from planerka.intake.frame_tests import PullFacts
from planerka.settings import Settings
from planerka.store.intake_facts import leads_by_day, unnamed_n, waiting_n
from planerka.store.windows import PulledWindow, Source


def facts_of_pull(
    connection: sa.Connection, source: Source, pulled: list[PulledWindow], settings: Settings, now: datetime
) -> PullFacts:
    """`now` is the moment the data must reach: the end of the week that a pack is about, or the clock."""
    last_on = source.data_until.astimezone(settings.zone).date() - timedelta(days=1)
    by_day = leads_by_day(connection, source.source, last_on)
    if any(window.token for window in pulled) and len(by_day):
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
        pulled_n=sum(window.rows_n for window in pulled),
        held_n=min(waiting_n(connection, source.source), sum(window.quarantined_n for window in pulled)),
    )
