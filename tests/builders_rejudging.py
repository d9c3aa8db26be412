"""A judged source for tests of judging again: one reason, a signed edition, leads called twice and rejected."""

from datetime import UTC, datetime, time

import sqlalchemy as sa

from planerka.clock import WorkCalendar
from planerka.disputes.opening import open_disputes
from planerka.model import Event, GateReport, Lead, Reference, Rejection
from planerka.regulation.editions import parse
from planerka.regulation.judging import judge_new_rejections
from planerka.regulation.rejudging import RejudgeReport, rejudge
from planerka.regulation.signed import sign_edition
from planerka.store import disputes, leads
from planerka.store.disputes import DisputeView
from planerka.store.rejections import Asked
from planerka.store.tables import verdict
from planerka.store.windows import Source, put_source
from tests.builders_regulation import FIRST_EDITION, OFFICE
from tests.builders_store import MOSCOW, frame_of

NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)
REVIEW = WorkCalendar(zone=MOSCOW, opens=time(9), closes=time(18), weekdays=(1, 2, 3, 4, 5))
WHY = "Телефония отдала звонки с опозданием"
LATE_CALLS = [("2026-11-03", "11:30"), ("2026-11-04", "09:00"), ("2026-11-05", "12:00"), ("2026-11-05", "15:00")]
"""Local days and hours of calls that were made in time, and that nobody knew of before the 20th."""


def begun(engine: sa.Engine) -> sa.Engine:
    """A source complete up to now, an edition signed by both, and the reason «недозвон»."""
    sign(engine, FIRST_EDITION.read_text(encoding="utf-8"))
    with engine.begin() as connection:
        put_source(connection, Source(source="crm", lacks=frozenset(), data_until=NOW))
    keep(engine, Reference, {"kind": "reason", "id": "17", "title": "Недозвон", "code": "no_answer"})
    return engine


def sign(engine: sa.Engine, text: str) -> None:
    for role in ("marketing", "sales"):
        sign_edition(engine, parse(text, "test"), role, "Иванова", NOW)


def keep(engine: sa.Engine, noun: type, *rows: dict) -> None:
    with engine.begin() as connection:
        leads.store_batch(connection, "crm", noun, frame_of(noun, *rows), MOSCOW)


def reject(engine: sa.Engine, number: int = 1, day: str = "2026-11-05") -> str:
    """A lead that was called twice on the 3rd, written to, and rejected in the evening of `day`; the rejection's id."""
    lead_id, same = f"L{number}", {"lead_id": f"L{number}", "manager_id": "M1"}
    created = {"created_at": "2026-11-03T09:00+03:00", "status": "rejected", "manager_id": "M1"}
    keep(engine, Lead, {"id": lead_id, "client_id": f"C{number}", "url": f"https://crm.example/{number}"} | created)
    keep(
        engine,
        Event,
        *(called(number, "2026-11-03", hour, f"2026-11-03T{hour}+03:00") for hour in ("09:05", "10:00")),
        same | {"id": f"M{number}", "kind": "message_out", "at": "2026-11-03T10:05+03:00"},
        same
        | {"id": f"R{number}", "kind": "rejected", "reason_id": "17"}
        | {"at": f"{day}T20:00+03:00", "recorded_at": f"{day}T20:00+03:00"},
    )
    return f"R{number}"


def called(number: int, day: str, hour: str, recorded_at: str) -> dict:
    at = f"{day}T{hour}+03:00"
    return {"id": f"C{number} {at}", "lead_id": f"L{number}", "manager_id": "M1", "at": at, "recorded_at": recorded_at}


def late_calls_arrive(engine: sa.Engine, *numbers: int) -> None:
    keep(engine, Event, *(called(n, *call, "2026-11-20T09:00+03:00") for n in numbers or (1,) for call in LATE_CALLS))


def judge(engine: sa.Engine) -> int:
    open_gate = GateReport(suite="regulation", checks=())
    return judge_new_rejections(engine, "crm", OFFICE, lambda *_: open_gate, NOW).judged_n


def again(engine: sa.Engine, why: str = WHY, **asked: object) -> RejudgeReport:
    return rejudge(engine, "crm", OFFICE, Asked(**asked), why, NOW)


def verdicts_of(engine: sa.Engine, *names: str) -> list[tuple]:
    """Rejection, number and outcome of every verdict, and what else is named."""
    columns = [verdict.c[name] for name in ("rejection_id", "number", "outcome", *names)]
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.select(*columns).order_by(*columns[:2]))]


def opened(engine: sa.Engine) -> DisputeView:
    """The one dispute, opened now unless it was before."""
    open_disputes(engine, "crm", REVIEW, NOW)
    with engine.connect() as connection:
        (view,) = disputes.listing(connection, "crm")
    return view


def opened_all(engine: sa.Engine) -> list[int]:
    """The numbers of all disputes, after opening what can be opened now."""
    open_disputes(engine, "crm", REVIEW, NOW)
    with engine.connect() as connection:
        return [view.id for view in disputes.listing(connection, "crm")]


def write_on_the_card(engine: sa.Engine, **told: object) -> None:
    keep(engine, Rejection, {"id": "R1", "lead_id": "L1"} | told)


def by_todays_source(engine: sa.Engine) -> RejudgeReport:
    return rejudge(engine, "crm", OFFICE, Asked(), "Читали не ту колонку", NOW, is_by_todays_source=True)
