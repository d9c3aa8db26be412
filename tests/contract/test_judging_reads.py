"""Judging reads what can be judged, and counts the rest."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa

from planerka.model import Event, GateReport, Outcome, Verdict
from planerka.regulation.editions import parse
from planerka.regulation.judging import JudgeReport, judge_new_rejections
from planerka.regulation.signed import sign_edition
from planerka.store import leads, verdicts
from planerka.store.windows import Source, put_source
from tests.builders_regulation import FIRST_EDITION, OFFICE
from tests.builders_store import MOSCOW, frame_of

NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)


@contextmanager
def statements(engine: sa.Engine) -> Iterator[list[str]]:
    """What is said to the database while the block runs."""
    said: list[str] = []

    def hear(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        said.append(statement)

    sa.event.listen(engine, "before_cursor_execute", hear)
    yield said
    sa.event.remove(engine, "before_cursor_execute", hear)


@pytest.fixture
def three_rejections(engine: sa.Engine) -> sa.Engine:
    """On the 1st, the 2nd and the 3rd of November."""
    same = {"kind": "rejected", "manager_id": "m1", "reason_id": "17"}
    rows = [{**same, "id": f"E{day}", "lead_id": f"L{day}", "at": f"2026-11-0{day}T09:00Z"} for day in (1, 2, 3)]
    with engine.begin() as connection:
        put_source(connection, Source(source="crm", lacks=frozenset(), data_until=NOW))
        leads.store_batch(connection, "crm", Event, frame_of(Event, *rows), MOSCOW)
    return engine


def sign(engine: sa.Engine, day: date) -> None:
    edition = parse(FIRST_EDITION.read_text(encoding="utf-8").replace("2024-01-01", day.isoformat()), "test")
    for role in ("marketing", "sales"):
        sign_edition(engine, edition, role, "Head", NOW)


def judge(engine: sa.Engine) -> JudgeReport:
    return judge_new_rejections(engine, "crm", OFFICE, lambda *_: GateReport(suite="regulation", checks=()), NOW)


def test_without_a_signed_edition_rejections_are_counted_and_not_read(three_rejections: sa.Engine) -> None:
    with statements(three_rejections) as said:
        assert JudgeReport(not_judged_n=3) == judge(three_rejections)
    assert 1 == len([statement for statement in said if "FROM event" in statement])


def test_rejections_before_the_first_edition_are_counted_and_not_read(
    three_rejections: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the third falls under it; its reason is in no mapping, so that one is not judged either."""
    asked: list[str] = []
    events_of = leads.events_of
    monkeypatch.setattr(leads, "events_of", lambda *args: asked.extend(args[2].dropna()) or events_of(*args))
    sign(three_rejections, date(2026, 11, 3))
    assert 3 == judge(three_rejections).not_judged_n
    assert ["L3"] == asked


def test_an_edition_that_takes_effect_after_the_data_is_told_with_its_day(three_rejections: sa.Engine) -> None:
    """It is signed, so that to be told to sign it would lead nowhere."""
    sign(three_rejections, date(2027, 1, 1))
    assert JudgeReport(begins_on=date(2027, 1, 1), not_judged_n=3) == judge(three_rejections)


def test_adding_verdicts_does_not_count_those_that_are_there(three_rejections: sa.Engine) -> None:
    """The database says itself which were new."""
    blank = {"number": 1, "edition": "e", "outcome": Outcome.LAWFUL, "findings": (), "evidence": {}}
    with statements(three_rejections) as said, three_rejections.begin() as connection:
        added = [
            len(verdicts.add(connection, "crm", [Verdict(rejection_id=id_, **blank) for id_ in ids], NOW))
            for ids in (("E1", "E2"), ("E1", "E2", "E3"))
        ]
    assert [2, 1] == added
    assert [] == [statement for statement in said if "count(" in statement]
