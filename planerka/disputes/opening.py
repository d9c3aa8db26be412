"""Opening disputes: once a rejection, once a silence, and only where somebody can still do something about it."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from planerka.clock import WorkCalendar
from planerka.model import DisputeOrigin
from planerka.regulation.signed import edition_in_force
from planerka.store import disputes
from planerka.store import review as reviewed
from planerka.store.disputes import NewDispute
from planerka.store.meeting_facts import silences
from planerka.store.windows import get_source


@dataclass(frozen=True, kw_only=True)
class OpenReport:
    """What one run opened. `older_n` wrong rejections lie beyond the horizon: counted, never queued."""

    opened_n: int = 0
    by_origin: dict[str, int] = field(default_factory=dict)
    older_n: int = 0


def open_disputes(engine: sa.Engine, source: str, review: WorkCalendar, now: datetime) -> OpenReport:
    """Open disputes on unlawful and unprovable rejections and on lasting silences within the edition's horizon.

    A client who asked not to be called is not disputed: such a lead is never returned to work.
    """
    with engine.begin() as connection:
        known = get_source(connection, source)
        edition = edition_in_force(connection, known.data_until, review.zone) if known else None
        if known is None or edition is None:
            return OpenReport()
        since = known.data_until - timedelta(days=edition.norms.dispute_horizon_days)
        times = {"opened_at": now, "due_at": review.after(now, timedelta(hours=edition.norms.review_hours))}
        found: dict[DisputeOrigin, list[NewDispute]] = defaultdict(list)
        for origin, subject_id, lead_id in subjects(connection, source, since, known.data_until):
            found[origin].append(NewDispute(origin=origin, subject_id=subject_id, lead_id=lead_id, **times))
        opened = {str(origin): disputes.open_disputes(connection, source, new) for origin, new in found.items()}
        older_n = reviewed.older_n(connection, source, since)
    by_origin = {origin: opened_n for origin, opened_n in opened.items() if opened_n}
    return OpenReport(opened_n=sum(by_origin.values()), by_origin=by_origin, older_n=older_n)


def subjects(
    connection: sa.Connection, source: str, since: datetime, until: datetime
) -> list[tuple[DisputeOrigin, str, str]]:
    """Origin, name and lead of what may be disputed of that stretch; silences that were disputed already too."""
    lasting = silences(connection, source, until)
    return [
        *reviewed.disputable(connection, source, since),
        *(
            (DisputeOrigin.NEGLECT, f"neglect:{row.lead_id}:{row.last_touch_at:%Y%m%dT%H%M%S}", row.lead_id)
            for row in lasting[lasting["neglected_at"] >= since].itertuples()
        ),
    ]
