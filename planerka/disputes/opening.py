"""Opening disputes: once a rejection, once a silence, and only where somebody can still do something about it."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from planerka.clock import WorkCalendar
from planerka.dispute_states import DisputeAction
from planerka.disputes.stake import weigh
from planerka.model import DisputeOrigin
from planerka.regulation.signed import edition_in_force
from planerka.store import disputes
from planerka.store import review as reviewed
from planerka.store.dispute_steps import Act, take_step
from planerka.store.disputes import NewDispute
from planerka.store.meeting_facts import silences
from planerka.store.touched import hold
from planerka.store.windows import get_source

SILENT_SINCE = "%Y%m%dT%H%M%S"
"""How the name of a silence ends: the last touch before it, in UTC."""

Subject = tuple[DisputeOrigin, str, str, int | None]


@dataclass(frozen=True, kw_only=True)
class OpenReport:
    """What one run opened. `older_n` wrong rejections lie beyond the horizon: counted, never queued."""

    opened_n: int = 0
    by_origin: dict[str, int] = field(default_factory=dict)
    older_n: int = 0


def open_disputes(engine: sa.Engine, source: str, review: WorkCalendar, now: datetime) -> OpenReport:
    """Open disputes on unlawful and unprovable rejections and on lasting silences within the edition's horizon.

    A client who asked not to be called is not disputed: such a lead is never returned to work. A dispute that has
    fallen stands again where the newest verdict is wrong once more, with a new deadline.
    """
    with engine.begin() as connection:
        hold(connection, source)
        known = get_source(connection, source)
        edition = edition_in_force(connection, known.data_until, review.zone) if known else None
        if known is None or edition is None:
            return OpenReport()
        since = known.data_until - timedelta(days=edition.norms.dispute_horizon_days)
        due_at = review.after(now, timedelta(hours=edition.norms.review_hours))
        found = subjects(connection, source, since, known.data_until)
        opened = open_new(connection, source, found, now, due_at) + stand_again(connection, source, found, now, due_at)
        weigh(connection, source, known.data_until, review.zone)
        older_n = reviewed.older_n(connection, source, since)
    by_origin = {str(origin): opened_n for origin, opened_n in opened.items() if opened_n}
    return OpenReport(opened_n=sum(by_origin.values()), by_origin=by_origin, older_n=older_n)


def open_new(
    connection: sa.Connection, source: str, found: list[Subject], now: datetime, due_at: datetime
) -> Counter[DisputeOrigin]:
    new: dict[DisputeOrigin, list[NewDispute]] = defaultdict(list)
    for origin, subject_id, lead_id, fallen_id in found:
        if fallen_id is None:
            times = {"opened_at": now, "due_at": due_at}
            new[origin].append(NewDispute(origin=origin, subject_id=subject_id, lead_id=lead_id, **times))
    return Counter({origin: disputes.open_disputes(connection, source, some) for origin, some in new.items()})


def stand_again(
    connection: sa.Connection, source: str, found: list[Subject], now: datetime, due_at: datetime
) -> Counter[DisputeOrigin]:
    fallen = [(origin, fallen_id) for origin, *_, fallen_id in found if fallen_id is not None]
    for origin, fallen_id in fallen:
        act = Act(action=DisputeAction.STAND_AGAIN, at=now)
        take_step(connection, source, fallen_id, act, origin=origin, due_at=due_at)
    return Counter(origin for origin, _ in fallen)


def silent_since(subject_id: str) -> datetime:
    """The last touch or enquiry before the silence of that name."""
    return datetime.strptime(subject_id.rpartition(":")[2], SILENT_SINCE).replace(tzinfo=UTC)


def subjects(connection: sa.Connection, source: str, since: datetime, until: datetime) -> list[Subject]:
    """Origin, name and lead of what may be disputed of that stretch, and the number of the dispute over it that has
    fallen; silences that were disputed already too."""
    lasting = silences(connection, source, until)
    return [
        *reviewed.disputable(connection, source, since),
        *(
            (DisputeOrigin.NEGLECT, f"neglect:{row.lead_id}:{row.last_touch_at:{SILENT_SINCE}}", row.lead_id, None)
            for row in lasting[lasting["neglected_at"] >= since].itertuples()
        ),
    ]
