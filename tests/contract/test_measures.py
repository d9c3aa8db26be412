"""Measures equal a plain count, row by row, on both databases and after every change."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa

from planerka.clock import WorkCalendar
from planerka.kpis.measures import compute_measures
from planerka.kpis.measuring import measure_touched_days
from planerka.model import Event, Lead
from planerka.regulation.editions import parse
from planerka.regulation.signed import sign_edition
from planerka.rulebook.measures import MEASURES, RESPONSE_BINS
from planerka.store import measures
from planerka.store.leads import store_batch, sweep
from planerka.store.measure_selects import SCOPES, working
from planerka.store.measure_sums import sums
from planerka.store.tables import measure, touched_day
from planerka.store.windows import Source, put_source
from tests.builders_measures import ANALYST, SOURCE, UNTIL, ZONE, Company, typed
from tests.builders_regulation import FIRST_EDITION
from tests.reference_measures import count

LATE = WorkCalendar(zone=ZONE, opens=time(12), closes=time(0), weekdays=(1, 2, 3))
OFFICE = WorkCalendar(zone=ZONE, projects={"Q": LATE})
NORMS = {
    date(2026, 3, 10): {"missed_call": 5, "form": 15, "chat": 2, "other": 60},
    date(2026, 3, 25): dict.fromkeys(("missed_call", "form", "chat", "other"), 60),
}


def compute(connection: sa.Connection, until: datetime = UNTIL) -> int:
    return compute_measures(connection, SOURCE, OFFICE, NORMS, [ANALYST], until)


def stored(connection: sa.Connection) -> dict[tuple, int]:
    names = ("measure", "day_on", *SCOPES)
    rows = connection.execute(sa.select(*(measure.c[name] for name in names), measure.c.value))
    return {tuple(key): value for *key, value in rows}


def differences(expected: dict[tuple, int], actual: dict[tuple, int]) -> dict[tuple, tuple]:
    keys = sorted(expected.keys() | actual.keys(), key=str)
    return {key: (expected.get(key), actual.get(key)) for key in keys if expected.get(key) != actual.get(key)}


@pytest.mark.parametrize("seed", [0, 1])
def test_measures_are_what_a_plain_count_says(connection, seed):
    """Every measure, day and scope, from leads, events, contracts, verdicts, neglect and spend with holes in them."""
    company = Company(seed)
    company.store(connection, 1)
    compute(connection)
    assert {} == differences(count(company, OFFICE, NORMS), stored(connection))


@pytest.mark.parametrize("seed", [2, 3])
def test_measuring_what_was_touched_is_measuring_everything(connection, seed):
    """Late events, corrected ones, moved leads, terminations and a vanished lead leave no stale day behind."""
    company = Company(seed)
    company.store(connection, 1)
    compute(connection)
    company.go_on()
    company.store(connection, 2)
    compute(connection)
    assert {} == differences(count(company, OFFICE, NORMS), stored(connection))


def test_the_catalogue_of_measures_is_what_is_counted(connection):
    """A measure that a KPI may name is stored, and none is stored that it may not."""
    Company(0).store(connection, 1)
    compute(connection)
    names = {key[0] for key in stored(connection)}
    assert set(MEASURES) - set(RESPONSE_BINS) == names - set(RESPONSE_BINS)
    assert names & set(RESPONSE_BINS)


def test_a_second_run_has_nothing_to_do(connection):
    """The days are measured once, and the temporary tables are gone."""
    Company(1).store(connection, 1)
    compute(connection)
    assert (0, []) == (compute(connection), connection.execute(sa.select(touched_day)).all())
    assert not {table for table in working.tables if sa.inspect(connection).has_table(table)}


def test_an_empty_store_is_measured_without_complaint(connection):
    """No source, no day, no row."""
    assert (0, {}) == (compute(connection), stored(connection))


def test_two_sources_do_not_mix(connection):
    """Touched days and measures belong to a source."""
    Company(1).store(connection, 1)
    assert 0 == compute_measures(connection, "other", OFFICE, NORMS, [ANALYST], UNTIL)
    assert {} == stored(connection)


def test_without_a_norm_no_response_is_counted(connection):
    """No edition in force names a norm: a share of leads answered in time would be made up."""
    Company(1).store(connection, 1)
    compute_measures(connection, SOURCE, OFFICE, {}, [ANALYST], UNTIL)
    assert not {key[0] for key in stored(connection) if "respon" in key[0]}


def test_a_lead_that_may_still_be_answered_in_time_is_counted_later(connection):
    """At night nobody is late: the lead waits for the office to open, and its day for the next run."""
    company = Company(1)
    company.leads = company.leads.head(1).assign(
        enquiry="form", created_at=pd.Timestamp("2026-03-11T19:00Z"), manager_id=None
    )
    company.events = company.events.head(0)
    company.store(connection, 1)
    compute(connection, until=datetime(2026, 3, 11, 21, tzinfo=UTC))
    assert 0 == sum(value for key, value in stored(connection).items() if key[0] == "needed_response_n")
    compute(connection, until=datetime(2026, 3, 12, 21, tzinfo=UTC))
    assert 1 == sum(value for key, value in stored(connection).items() if key[0] == "needed_response_n")


def test_sums_of_any_scope_add_up_to_the_company(connection):
    """Additive is additive: by project, by manager and day, or by none, the contracts are the same."""
    Company(2).store(connection, 1)
    compute(connection)
    stretch = (date(2026, 1, 1), date(2027, 12, 31))
    totals = {
        by: {
            name: sum(s.all.get(name, 0) for s in sums(connection, SOURCE, MEASURES, *stretch, by).values())
            for name in MEASURES
        }
        for by in ((), ("project_id",), ("manager_id", "channel_id"), ("day_on",))
    }
    assert [totals[()]] * 3 == [totals[by] for by in totals if by]


def test_added_measures_survive_hostile_names(connection):
    """Ids are data, whatever they look like."""
    ids = dict.fromkeys(SCOPES, "'; DROP TABLE measure; --<script>")
    measures.add(
        connection,
        SOURCE,
        pd.DataFrame([{"measure": "leads_n", "day_on": np.datetime64("2026-03-02", "us"), "value": 2**40, **ids}]),
    )
    assert [2**40] == list(stored(connection).values())


def opened(engine: sa.Engine, seed: int) -> Company:
    """A company pulled, judged once and measured; its neglects fall on days on which nothing else happens."""
    company = Company(seed)
    company.neglects["neglected_at"] = [UNTIL - timedelta(days=n) for n in range(len(company.neglects))]
    with engine.begin() as connection:
        put_source(connection, Source(source=SOURCE, lacks=frozenset(), data_until=UNTIL))
        company.store(connection, 1)
    measure_touched_days(engine, SOURCE, OFFICE, [ANALYST])
    return company


def pull(engine: sa.Engine, company: Company) -> None:
    """Store the leads and the events again: what is as it was touches nothing."""
    with engine.begin() as connection:
        present = company.leads[~company.leads["id"].isin(company.vanished)]
        for noun, rows in ((Lead, present), (Event, company.events)):
            store_batch(connection, SOURCE, noun, typed(rows), ZONE)
        sweep(connection, SOURCE, present["id"], UNTIL)


def vanish(company: Company) -> None:
    company.vanished = company.vanished ^ {f"L{company.random.integers(10)}"}


def move(company: Company) -> None:
    """A lead that the source still has: of one that is gone nothing more is heard."""
    lead_id = company.pick(*sorted({f"L{n}" for n in range(10)} - company.vanished))
    values = {"channel_id": "C", "manager_id": "N", "project_id": "Q", "enquiry": "form"}
    column = company.pick(*values)
    company.leads.loc[company.leads["id"] == lead_id, column] = values[column]


def come_late(company: Company) -> None:
    late = pd.DataFrame([company.event(len(company.events))])
    company.events = pd.concat([company.events, late], ignore_index=True)


def sign(engine: sa.Engine, day: date, norms: str = "15") -> dict[str, int]:
    """Both departments sign an edition of that day; gives its norms of response."""
    text = FIRST_EDITION.read_text(encoding="utf-8").replace("2024-01-01", day.isoformat())
    edition = parse(text.replace("first_response_min: 15", f"first_response_min: {norms}"), "test")
    for role in ("marketing", "sales"):
        sign_edition(engine, edition, role, "Head", UNTIL, is_over_judged=True)
    return dict(edition.norms.first_response_min)


@pytest.mark.parametrize("seed", [4, 5])
def test_after_every_change_the_measures_are_those_of_a_full_count(engine, seed):
    """A sweep, a lead that moves or comes back, a late event, a signature: none leaves a stale day behind."""
    company, norms = opened(engine, seed), {}
    changes: list[Callable[[Company], None]] = [vanish, move, come_late] * 3
    company.random.shuffle(changes)
    for number, change in enumerate(changes):
        change(company)
        pull(engine, company)
        if number in (3, 7):
            day = date(2026, 3, 20) - timedelta(days=number)
            norms[day] = sign(engine, day, "{missed_call: 5, form: 15, chat: 2, other: 60}" if number == 3 else "15")
        measure_touched_days(engine, SOURCE, OFFICE, [ANALYST])
        with engine.connect() as connection:
            assert {} == differences(count(company, OFFICE, norms), stored(connection)), (number, change)


def test_a_second_signature_counts_the_responses_since_its_day_and_no_others(engine):
    """The first changes nothing yet, and one that is repeated nothing any more."""
    company = opened(engine, 1)
    day = date(2026, 3, 20)
    edition = parse(FIRST_EDITION.read_text(encoding="utf-8").replace("2024-01-01", day.isoformat()), "test")
    touched = []
    for role in ("marketing", "sales", "sales"):
        sign_edition(engine, edition, role, "Head", UNTIL, is_over_judged=True)
        touched.append(measure_touched_days(engine, SOURCE, OFFICE, [ANALYST]))
    days = {at.astimezone(ZONE).date() for at in company.leads["created_at"]}
    assert touched[0] == touched[2] == 0
    assert touched[1] >= len([created_on for created_on in days if created_on >= day])


def test_other_office_hours_or_analysts_count_every_day_again(engine):
    """Settings decide what a response and a return are: a day measured by the old ones is not left as it was."""
    company = opened(engine, 2)
    norms = {date(2026, 3, 2): sign(engine, date(2026, 3, 2))}
    at_weekdays = WorkCalendar(zone=ZONE, weekdays=(1, 2, 3, 4, 5))
    measure_touched_days(engine, SOURCE, at_weekdays, ["somebody else"])
    measure_touched_days(engine, SOURCE, OFFICE, [ANALYST])
    with engine.connect() as connection:
        assert {} == differences(count(company, OFFICE, norms), stored(connection))
    assert 0 == measure_touched_days(engine, SOURCE, OFFICE, [ANALYST])
    assert 0 < measure_touched_days(engine, SOURCE, replace(OFFICE, projects={}), [ANALYST])
    assert 0 < measure_touched_days(engine, SOURCE, at_weekdays, [ANALYST])


def test_a_day_touched_while_another_run_measures_is_not_lost(engine):
    """The pull has not committed yet, and its day was touched before: the computation waits, or the day stays."""
    company = opened(engine, 3)
    with engine.begin() as connection:
        measures.touch(connection, SOURCE, [date(2026, 3, 1) + timedelta(days=n) for n in range(600)])
    company.leads["channel_id"] = "new"
    with ThreadPoolExecutor(1) as others:
        with engine.begin() as connection:
            store_batch(connection, SOURCE, Lead, typed(company.leads), ZONE)
            computation = others.submit(measure_touched_days, engine, SOURCE, OFFICE, [ANALYST])
            wait([computation], timeout=2)
        computation.result()
    measure_touched_days(engine, SOURCE, OFFICE, [ANALYST])
    with engine.connect() as connection:
        assert {} == differences(count(company, OFFICE, {}), stored(connection))
