"""Bad rows of the sample, from the pull that holds them back to what a person or the source makes of them."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from planerka.crm.base import Batch, Window
from planerka.crm.sample.story import BAD_ROWS
from planerka.errors import UsageError
from planerka.intake.pull import pull
from planerka.intake.releasing import release_row
from planerka.model import Contract, Event, Lead
from planerka.store import quarantine
from planerka.store.quarantine import QuarantinedRow, State
from tasks.company import Company
from tests.builders_cycle import AS_OF, company_after_a_cycle, nothing_to_say, on_day, run_cycle
from tests.builders_store import frame_of

LATER = AS_OF + timedelta(hours=1)
A_DAY = timedelta(days=1)
TOMORROW = AS_OF + A_DAY
REASON, STAGE, FUTURE, CONTRACT = (
    "event.reason_known",
    "event.stage_known",
    "event.not_future",
    "contract.won_after_created",
)


class Corrected:
    """The source on another day, with these batches in it."""

    def __init__(self, company: Company, *batches: Batch) -> None:
        self.source, self.lacks = company.crm.source, company.crm.lacks
        self._batches = batches

    def data_until(self, now):
        return now

    def windows(self, since, until):
        return [Window(since=since, until=until)]

    def read(self, window):
        return self._batches


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def company(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    with company_after_a_cycle(request, tmp_path_factory.mktemp("quarantine"), request.param) as company:
        yield company


def held(company: Company, why: str | None = None, state: State | None = State.QUARANTINED) -> list[QuarantinedRow]:
    """Rows of a state, or those that one test holds back."""
    with company.engine.begin() as connection:
        rows = quarantine.listing(connection, company.crm.source, state)
    return [row for row in rows if why in (None, *row.why)]


def state_of(company: Company, row: QuarantinedRow) -> State:
    return next(found.state for found in held(company, state=None) if found.id == row.id)


def is_stored(company: Company, row: QuarantinedRow) -> bool:
    query = sa.text(f"SELECT count(*) FROM {row.noun} WHERE id = :id")
    with company.engine.connect() as connection:
        return bool(connection.scalar(query, {"id": row.row_key}))


def release(company: Company, row: QuarantinedRow) -> list[QuarantinedRow]:
    zone = company.settings.zone
    return release_row(company.engine, company.crm.source, row.id, "Ирина Соколова", zone, LATER)


def events(*rows: dict[str, Any]) -> Batch:
    return Batch(noun=Event, rows=frame_of(Event, *rows))


def drop(company: Company, row: QuarantinedRow) -> None:
    with company.engine.begin() as connection:
        quarantine.decide(connection, company.crm.source, row.id, State.DROPPED, "Ирина Соколова", LATER)


def test_the_bad_rows_of_the_sample_are_held_back(company):
    """Each with its reason, and none is in the store."""
    rows = held(company)
    assert sorted([REASON, REASON, STAGE, FUTURE, CONTRACT]) == sorted(why for row in rows for why in row.why)
    assert len(BAD_ROWS) == len(rows)
    assert not any(is_stored(company, row) for row in rows)


def test_a_released_row_is_let_in_and_counted(company):
    """Its day is measured again; the next pull does not ask about it a second time."""
    (row,) = held(company, CONTRACT)
    before = measured(company, "contracts_n")
    release(company, row)
    run_cycle(on_day(company, LATER))
    assert (True, State.RELEASED) == (is_stored(company, row), state_of(company, row))
    assert before + 1 == measured(company, "contracts_n")
    with pytest.raises(UsageError, match=f"No row {row.id} waits in quarantine"):
        release(company, row)


def test_a_dropped_row_stays_out(company):
    """Whatever is pulled later."""
    (row,) = held(company, FUTURE)
    drop(company, row)
    run_cycle(on_day(company, LATER))
    assert (False, State.DROPPED) == (is_stored(company, row), state_of(company, row))


def test_a_good_row_of_the_same_key_supersedes_what_waits(company):
    """Somebody has corrected it in the source: nothing is left to decide."""
    (row,) = held(company, STAGE)
    source = Corrected(company, events({**row.row, "to_stage_id": "S2"}))
    report = pull(company.engine, source, company.settings.zone, TOMORROW, nothing_to_say)
    assert (1, 0) == (report.changed_n, report.quarantined_n)
    assert (True, State.SUPERSEDED) == (is_stored(company, row), state_of(company, row))


def test_a_row_that_comes_again_as_bad_as_before_goes_on_waiting(company):
    """Once, not twice; and its gate has something to count."""
    rows = held(company, REASON)
    source = Corrected(company, events(rows[0].row))
    report = pull(company.engine, source, company.settings.zone, TOMORROW + A_DAY, nothing_to_say)
    assert (1, 0, 0) == (report.rows_n, report.changed_n, report.quarantined_n)
    assert len(held(company)) == report.waiting_n
    assert rows == held(company, REASON)


def test_with_a_released_lead_go_the_rows_that_waited_for_nothing_but_it(company):
    """An event that has something else wrong goes on waiting, and so does another lead's."""
    future, created = {"created_at": "2031-01-01T09:00Z"}, TOMORROW.isoformat()
    batches = [
        Batch(noun=Lead, rows=frame_of(Lead, {"id": "Q1", **future}, {"id": "Q2", **future})),
        Batch(
            noun=Event,
            rows=frame_of(
                Event,
                {"id": "Q1-1", "lead_id": "Q1", "at": created},
                {"id": "Q1-2", "lead_id": "Q1", "at": created, "to_stage_id": "nobody knows"},
                {"id": "Q2-1", "lead_id": "Q2", "at": created},
            ),
        ),
        Batch(noun=Contract, rows=frame_of(Contract, {"id": "Q1-3", "lead_id": "Q1"})),
    ]
    pull(company.engine, Corrected(company, *batches), company.settings.zone, TOMORROW + 2 * A_DAY, nothing_to_say)
    waiting = {row.row_key: row for row in held(company)}
    done = release(company, waiting["Q1"])
    assert ["Q1", "Q1-1", "Q1-3"] == [row.row_key for row in done]
    assert [True, True, True] == [is_stored(company, row) for row in done]
    assert {"Q1-2", "Q2", "Q2-1"} <= {row.row_key for row in held(company)}


def test_a_released_rejection_without_a_known_reason_is_not_judged(company):
    """A person vouches for the row; what its reason means still nobody knows."""
    row = held(company, REASON)[-1]
    release(company, row)
    report = run_cycle(on_day(company, LATER)).judged
    assert (0, 1) == (report.judged_n, report.not_judged_n)


def measured(company: Company, name: str) -> int:
    query = sa.text("SELECT coalesce(sum(value), 0) FROM measure WHERE measure = :name")
    with company.engine.connect() as connection:
        return int(connection.scalar(query, {"name": name}))
