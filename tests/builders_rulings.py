"""A store in which rejections are disputed, for tests that rule on them: from the shell, on the desk, in a child."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from planerka.disputes.opening import open_disputes
from planerka.model import Event, Finding, Lead, Outcome, Reference, Rejection, Verdict
from planerka.regulation.signed import sign_edition
from planerka.store import disputes, leads, verdicts, windows
from planerka.store.windows import Source
from tests.builders_disputes import REVIEW
from tests.builders_regulation import EDITION
from tests.builders_store import MOSCOW, frame_of

FINDING = Finding(clause="1.1", result="broken", consequence="void", ru="Попыток: 1 из 6", en="Attempts: 1 of 6")


def keep(engine: sa.Engine, source: str, noun: type, *rows: dict[str, Any]) -> None:
    """Rows as a pull stores them."""
    with engine.begin() as connection:
        leads.store_batch(connection, source, noun, frame_of(noun, *rows), MOSCOW)


def dispute_rejections(
    engine: sa.Engine, source: str, lead_ids: Sequence[str], now: datetime, **more: Any
) -> dict[str, int]:
    """Have each of these leads rejected unlawfully a day before `now`, and disputed now; the numbers by lead.

    `more`: of the leads, such as `url`.
    """
    for role in ("marketing", "sales"):
        sign_edition(engine, EDITION, role, "Иванова", now)
    with engine.begin() as connection:
        windows.put_source(connection, Source(source=source, lacks=frozenset(), data_until=now))
    at = (now - timedelta(days=1)).isoformat()
    rejected = {"kind": "rejected", "at": at, "recorded_at": at, "reason_id": "17"}
    keep(engine, source, Reference, {"kind": "reason", "id": "17"})
    keep(engine, source, Lead, *({"id": id_, "client_id": f"C{id_}", "status": "rejected", **more} for id_ in lead_ids))
    keep(engine, source, Event, *({"id": f"E{id_}", "lead_id": id_, **rejected} for id_ in lead_ids))
    keep(engine, source, Rejection, *({"id": f"E{id_}", "lead_id": id_} for id_ in lead_ids))
    judged = {"number": 1, "edition": EDITION.name, "outcome": Outcome.UNLAWFUL, "findings": (FINDING,), "evidence": {}}
    with engine.begin() as connection:
        verdicts.add(connection, source, [Verdict(rejection_id=f"E{id_}", **judged) for id_ in lead_ids], now)
    open_disputes(engine, source, REVIEW, now)
    with engine.begin() as connection:
        return {view.lead_id: view.id for view in disputes.listing(connection, source)}
