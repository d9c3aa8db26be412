"""Pulling from a source of a few rows, on both databases: which windows, and what their rows may refer to."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from planerka.crm.base import Batch, Window
from planerka.errors import GateStoppedError
from planerka.intake.check import SUITE
from planerka.intake.pull import NO_LEADS, OVERLAP, Step, leads_named, pull, sweep
from planerka.model import Check, CheckSeverity, Event, GateReport, Lead, Reference, Spend
from planerka.store import gates, quarantine, windows
from planerka.store.intake_facts import unnamed_n
from tests.builders_store import MOSCOW, frame_of

NOW = datetime(2026, 11, 16, 12, tzinfo=UTC)
SOON = NOW + timedelta(minutes=15)


class FewRows:
    """A source that cuts its windows at given instants and has these batches in its first window."""

    source = "crm"

    def __init__(self, *batches: Batch, cuts: tuple[datetime, ...] = ()) -> None:
        self.batches, self.cuts, self.seen = batches, cuts, []

    def lacks(self):
        return frozenset()

    def data_until(self, now):
        return now

    def history(self, before):
        return ()

    def windows(self, since, until):
        cuts = [at for at in self.cuts if (since is None or since < at) and at < until]
        edges = [since, *cuts, until]
        return [Window(since=a, until=b) for a, b in pairwise(edges) if a != b]

    def read(self, window):
        self.seen.append((window.since, window.until))
        return self.batches if len(self.seen) == 1 else ()


def batch(noun: type, *rows: dict) -> Batch:
    return Batch(noun=noun, rows=frame_of(noun, *rows))


def pulled(engine, crm: FewRows, now: datetime = NOW) -> FewRows:
    pull(engine, crm, MOSCOW, now, lambda step: None)
    return crm


@pytest.mark.parametrize("cuts", [(), (NOW,), (NOW - timedelta(hours=1), NOW)])
def test_the_overlap_is_read_again_wherever_the_windows_are_cut(engine, cuts):
    """A CRM commits some changes late: a cut at the end of the last pull does not hide them."""
    pulled(engine, FewRows())
    crm = pulled(engine, FewRows(cuts=cuts), SOON)
    assert (NOW - OVERLAP, SOON) == (crm.seen[0][0], crm.seen[-1][1])


def test_what_was_not_fresh_when_it_was_read_is_not_read_again(engine):
    """A pull that was killed goes on with the window it was in, and not before it."""
    cut = NOW - timedelta(days=7)

    class Killed(FewRows):
        def read(self, window):
            if window.since == cut:
                raise KeyboardInterrupt
            return super().read(window)

    with pytest.raises(KeyboardInterrupt):
        pulled(engine, Killed(cuts=(cut,)))
    assert [(cut, NOW)] == pulled(engine, FewRows(cuts=(cut,))).seen


def test_nothing_is_read_where_no_window_is_new(engine):
    pulled(engine, FewRows())
    assert [] == pulled(engine, FewRows(cuts=(NOW - timedelta(hours=1),)), NOW).seen


def test_rows_may_belong_to_leads_of_the_store_and_of_earlier_batches(engine):
    """The newest row of a lead counts; a lead that is held back is not known."""
    pulled(engine, FewRows(batch(Lead, {"id": "L1"})))
    leads = batch(Lead, {"id": "L2"}, {"id": "L3", "created_at": "2031-01-01T09:00Z"}, {"id": "L4"})
    events = batch(Event, *({"id": f"E{n}", "lead_id": f"L{n}"} for n in range(1, 6)))
    pulled(engine, FewRows(leads, events), SOON)
    with engine.begin() as connection:
        held = [row.row_key for row in quarantine.listing(connection, "crm")]
    assert ["L3", "E3", "E5"] == held


@pytest.mark.parametrize("dtype", ["str", "object", "category"])
def test_only_the_leads_that_a_batch_names_are_looked_up(engine, dtype):
    """A pull costs what changed, not what exists; the newest row of a lead is what is known of it."""
    old, new = ({"id": "L1", "created_at": f"2026-11-0{day}T09:00Z"} for day in (1, 2))
    pulled(engine, FewRows(batch(Lead, old, {"id": "L2"}), batch(Lead, new)))
    rows = frame_of(Event, {"lead_id": "L1"}, {"lead_id": "L1"}, {"lead_id": "L9"}, {"lead_id": None})
    with engine.begin() as connection:
        known = leads_named(connection, "crm", Batch(noun=Event, rows=rows.astype({"lead_id": dtype})), NO_LEADS)
        assert {"L1": datetime(2026, 11, 2, 9, tzinfo=UTC)} == known.to_dict()
        assert {} == leads_named(connection, "crm", batch(Spend, {}), NO_LEADS).to_dict()


def test_ids_without_a_name_are_counted(engine):
    """A lead that has no manager lacks no name of one."""
    references = batch(Reference, {"kind": "project", "id": "P1"}, {"kind": "channel", "id": "P2"})
    leads = batch(Lead, {"id": "L1", "project_id": "P1"}, {"id": "L2", "project_id": "P2", "channel_id": "K1"})
    pulled(engine, FewRows(references, leads))
    with engine.begin() as connection:
        assert (2, {"project_id": 1, "channel_id": 1, "manager_id": 0}) == unnamed_n(connection, "crm")


def test_no_lead_vanishes_while_what_was_pulled_last_is_unfit(engine):
    """An export that was cut short, and closed the gate, lacks leads that are still there."""
    crm = pulled(engine, FewRows(batch(Lead, {"id": "L1"})))
    cut = Check(
        key="pull.lead_whole",
        ru="",
        en="",
        severity=CheckSeverity.BLOCK,
        rows_n=9,
        failed_n=5,
        unknown_n=0,
        is_passed=False,
    )
    with engine.begin() as connection:
        gates.add(connection, crm.source, GateReport(suite=SUITE, checks=(cut,)), NOW)
    with pytest.raises(GateStoppedError):
        sweep(engine, crm, NOW)


class WithHistory(FewRows):
    """A CRM of ten weeks, of which the last one is of use by itself."""

    starts = tuple(NOW - timedelta(weeks=n) for n in range(10))

    def windows(self, since, until):
        return super().windows(since or self.starts[1], until)

    def history(self, before):
        older = [at for at in self.starts if at < before]
        return [Window(since=a, until=b) for a, b in zip([*older[:-1], None], [before, *older[:-1]], strict=True)]


def stretch(engine):
    with engine.begin() as connection:
        known = windows.get_source(connection, "crm")
    return known.data_from, known.data_until


def test_a_week_is_of_use_before_its_history_is_there(engine):
    """The newest first, and back as long as there is time; the next pull takes what is new, and goes on going back."""
    time = iter([True, True, False])
    crm = WithHistory()
    pull(engine, crm, MOSCOW, NOW, lambda step: None, may_go_back=lambda: next(time))
    assert [(crm.starts[1], NOW), (crm.starts[2], crm.starts[1]), (crm.starts[3], crm.starts[2])] == crm.seen
    assert (crm.starts[3], NOW) == stretch(engine)
    again = pulled(engine, WithHistory(), SOON)
    assert [(NOW - OVERLAP, SOON), (crm.starts[4], crm.starts[3])] == again.seen[:2]
    assert (None, SOON) == stretch(engine)
    assert [(NOW + timedelta(minutes=15) - OVERLAP, SOON + timedelta(minutes=15))] == pulled(
        engine, WithHistory(), SOON + timedelta(minutes=15)
    ).seen


def test_an_account_that_is_younger_than_the_first_pull_has_no_history_to_wait_for(engine):
    class Young(WithHistory):
        def history(self, before):
            return ()

    pulled(engine, Young())
    assert (None, NOW) == stretch(engine)


def test_a_pull_says_how_long_the_rest_may_take(engine):
    """By the windows so far; nothing after the last."""
    steps = []
    pull(engine, WithHistory(), MOSCOW, NOW, steps.append)
    assert 9 == len(steps)
    assert 0.0 == steps[-1].left_s < steps[1].left_s


@pytest.mark.parametrize(
    "left_s, text", [(0, ""), (59, ""), (61, "; about 1 min left"), (5400, "; about 1 h 30 min left")]
)
def test_what_is_left_is_told_in_hours_and_minutes(left_s, text):
    step = Step(until=NOW, rows_n=7, left_s=left_s)
    assert f"pulled up to 2026-11-16T12:00:00+00:00: 7 rows{text}" == str(step)
