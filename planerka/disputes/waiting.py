"""The queue in a few lines: how many disputes wait for a ruling, of which kind, and for how long."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from planerka.dispute_states import WAITING
from planerka.model import DisputeOrigin, ReferenceKind
from planerka.store.database import reading
from planerka.store.disputes import DisputeView, listing
from planerka.store.references import references
from planerka.words import _

ORIGINS = {
    "unlawful": _("Unlawful rejection"),
    "unprovable": _("Unprovable rejection"),
    "neglect": _("Neglect"),
    "raised": _("Raised by hand"),
}


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """Open disputes of one origin and reason. `reason` None: of a neglected lead, or the source gives none."""

    origin: DisputeOrigin
    reason: str | None
    waiting_n: int
    overdue_n: int
    oldest_days: int


def waiting(engine: sa.Engine, source: str, now: datetime) -> list[Waiting]:
    """The most numerous first; `oldest_days` is the age, at `now`, of the dispute that waits longest."""
    groups: dict[tuple[DisputeOrigin, str | None], list[DisputeView]] = defaultdict(list)
    with reading(engine) as connection:
        reasons = references(connection, source)[ReferenceKind.REASON]
        for view in listing(connection, source, WAITING):
            reason = reasons[view.reason_id].title if view.reason_id in reasons else view.reason_id
            groups[view.origin, reason].append(view)
    found = [
        Waiting(
            origin=origin,
            reason=reason,
            waiting_n=len(views),
            overdue_n=sum(view.due_at < now for view in views),
            oldest_days=max((now - view.opened_at).days for view in views),
        )
        for (origin, reason), views in groups.items()
    ]
    return sorted(found, key=lambda group: (-group.waiting_n, str(group.origin), group.reason or ""))
