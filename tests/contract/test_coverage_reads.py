"""What coverage reads of a store: each rejection of the stretch with its newest verdict and the last contact before."""

from datetime import UTC, date, datetime

import pandas as pd
import sqlalchemy as sa

from planerka.model import Event, Lead, Outcome, Reference, Rejection, Verdict
from planerka.store import leads, verdicts
from planerka.store.rejections import rejections_between
from tests.builders_store import MOSCOW, frame_of

NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)


def event(id_: str, kind: str, at: str, **more: str) -> dict[str, str]:
    return {"id": id_, "kind": kind, "at": f"2026-11-{at}+03:00"} | more


def keep(connection: sa.Connection, noun: type, *rows: dict) -> None:
    leads.store_batch(connection, "crm", noun, frame_of(noun, *rows), MOSCOW)


def test_a_rejection_is_read_with_its_newest_verdict_and_the_last_contact_before_it(connection: sa.Connection) -> None:
    """A robot's message, a change of stage and a later call are no contact; days are local."""
    keep(connection, Lead, {"id": "L1"})
    keep(connection, Reference, {"id": "17", "title": "Недозвон", "code": "no_answer"})
    keep(
        connection,
        Event,
        event("C1", "call_out", "03T12:00"),
        event("M1", "message_out", "04T12:00", actor_kind="robot"),
        event("S1", "stage_changed", "05T00:09"),
        event("R1", "rejected", "05T00:10", reason_id="17", manager_id="M1"),
        event("C2", "call_out", "05T12:00"),
        event("R2", "rejected", "06T23:50", reason_id="18"),
        event("R3", "rejected", "07T00:10"),
    )
    keep(connection, Rejection, {"id": "R1", "comment": "Не отвечает"})
    judged = Verdict(
        rejection_id="R1", number=1, edition="e", outcome=Outcome.UNLAWFUL, findings=(), evidence={"attempts_n": 1}
    )
    again = Verdict(**{**vars(judged), "number": 2, "outcome": Outcome.LAWFUL})
    verdicts.add(connection, "crm", [judged, again], NOW)
    found = rejections_between(connection, "crm", date(2026, 11, 5), date(2026, 11, 6))
    assert ["R1", "R2"] == found["id"].tolist()
    first, second = found.astype(object).where(found.notna(), None).to_dict("records")
    assert {"at": pd.Timestamp("2026-11-04T21:10Z"), "happened_on": pd.Timestamp("2026-11-05")} | {
        "reason_code": "no_answer",
        "comment": "Не отвечает",
        "edition": "e",
        "outcome": "lawful",
        "findings": "[]",
        "last_contact_at": pd.Timestamp("2026-11-03T09:00Z"),
    } == {name: first[name] for name in first if name not in ("id", "lead_id", "manager_id", "reason_id")}
    assert ("18", None, None, None) == tuple(second[n] for n in ("reason_id", "reason_code", "comment", "outcome"))
    assert pd.Timestamp("2026-11-05T09:00Z") == second["last_contact_at"]
