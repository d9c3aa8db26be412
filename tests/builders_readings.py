"""Rejections that are judged, ruled on and drawn for a second reading."""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from planerka.dispute_states import WAITING
from planerka.disputes.opening import open_disputes
from planerka.disputes.ruling import rule
from planerka.disputes.sampling import SampleReport, draw_sample
from planerka.model import Decision, Event, Finding, Lead, Outcome, Rejection, Verdict
from planerka.regulation.editions import parse
from planerka.regulation.signed import sign_edition
from planerka.store import disputes, leads, verdicts, windows
from planerka.store.windows import Source
from tests.builders_disputes import NOW, REVIEW, docket_of
from tests.builders_regulation import FIRST_EDITION
from tests.builders_store import MOSCOW, frame_of

RULED_AT = NOW - timedelta(hours=1)
HORIZON_DAYS = 30
ANALYST, READER = "anna@company.example", "boris@company.example"
SECRET = "Клиент ждёт ключи"


def begun(engine: sa.Engine, percent: int) -> sa.Engine:
    """A source complete up to now, under a signed edition that has so many of a hundred read again."""
    text = FIRST_EDITION.read_text("utf-8").replace("blind_sample_percent: 5", f"blind_sample_percent: {percent}")
    for role in ("marketing", "sales"):
        sign_edition(engine, parse(text, "test"), role, "Иванова", NOW)
    with engine.begin() as connection:
        windows.put_source(connection, Source(source="crm", lacks=frozenset(), data_until=NOW))
    return engine


def keep(store: sa.Engine, noun: type, *rows: dict[str, Any]) -> None:
    with store.begin() as connection:
        leads.store_batch(connection, "crm", noun, frame_of(noun, *rows), MOSCOW)


def judge(store: sa.Engine, outcome: Outcome, rejection_id: str = "E1", number: int = 1) -> None:
    findings = () if outcome == Outcome.LAWFUL else (FINDING,)
    verdict = Verdict(
        rejection_id=rejection_id,
        number=number,
        edition="2024-01-01",
        reason="no_answer",
        outcome=outcome,
        findings=findings,
        evidence={"attempts_n": 6},
    )
    with store.begin() as connection:
        verdicts.add(connection, "crm", [verdict], NOW)


FINDING = Finding(clause="1.1", result="broken", consequence="void", ru="Попыток: 2", en="Attempts: 2")


def reject(store: sa.Engine, outcome: Outcome = Outcome.LAWFUL, number: int = 1, days_ago: float = 1) -> None:
    at = (NOW - timedelta(days=days_ago)).isoformat()
    lead = {"id": f"L{number}", "client_id": f"C{number}", "status": "rejected", "url": "https://crm/1"}
    keep(store, Lead, lead)
    rejected = {"kind": "rejected", "at": at, "recorded_at": at, "manager_id": "M1", "reason_id": "17"}
    keep(store, Event, {"id": f"E{number}", "lead_id": f"L{number}", **rejected})
    keep(store, Rejection, {"id": f"E{number}", "lead_id": f"L{number}", "comment": "не отвечает", "wish": SECRET})
    judge(store, outcome, f"E{number}")


def rule_on(store: sa.Engine, decision: Decision, author: str = ANALYST, at: datetime = RULED_AT) -> int:
    """Open what there is to dispute, and rule on all of it; the number of the last dispute."""
    open_disputes(store, "crm", REVIEW, RULED_AT)
    with store.begin() as connection:
        waiting = disputes.listing(connection, "crm", WAITING)
    for view in waiting:
        rule(docket_of(store), view.id, decision, author, "Звонков мало", at)
    return waiting[-1].id


def drawn(store: sa.Engine) -> SampleReport:
    return draw_sample(store, "crm", REVIEW, NOW)
