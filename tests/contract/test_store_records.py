"""Windows, quarantine, editions, verdicts, disputes, commands, gates, packs, deliveries, locks: each fact once."""

import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from planerka.errors import BusyError, RulebookError, StoreError, UsageError
from planerka.model import (
    Check,
    CheckSeverity,
    ClauseResult,
    Command,
    Consequence,
    Decision,
    DisputeOrigin,
    Event,
    Finding,
    GateReport,
    Outcome,
    Receipt,
    Verdict,
)
from planerka.store import commands, deliveries, disputes, editions, gates, packs, quarantine, verdicts, windows
from planerka.store.leads import store_batch
from planerka.store.locks import locked
from planerka.store.tables import touched_day
from planerka.store.tables import verdict as verdict_table
from tests.builders_disputes import put_ruling
from tests.builders_store import MOSCOW, frame_of, instant

NOW = instant("2026-11-23T08:00")
LATER = NOW + timedelta(hours=1)


CHECK = Check(
    key="lead.id",
    ru="у лида есть номер",
    en="a lead has an id",
    severity=CheckSeverity.BLOCK,
    rows_n=9,
    failed_n=1,
    unknown_n=0,
    is_passed=False,
)


def test_a_source_knows_how_far_it_has_been_pulled(connection: sa.Connection) -> None:
    """Nothing before the first window; then the newest end, and the digests of the exports that were read."""
    assert not windows.has_token(connection, "crm", "abc")
    for until, token in ((LATER, None), (NOW, "abc")):
        window = windows.PulledWindow(
            source="crm",
            since=None,
            until=until,
            token=token,
            rows_n=9,
            changed_n=8,
            quarantined_n=1,
            checks=(CHECK,),
            pulled_at=NOW,
        )
        windows.record(connection, window)
    assert windows.has_token(connection, "crm", "abc")
    assert not windows.has_token(connection, "other", "abc")


def test_what_a_source_lacks_is_kept_as_last_told(connection: sa.Connection) -> None:
    assert windows.get_source(connection, "crm") is None
    for lacks in (frozenset({"spend", "event.call_out"}), frozenset({"spend"})):
        told = windows.Source(source="crm", lacks=lacks, data_until=NOW)
        windows.put_source(connection, told)
        assert told == windows.get_source(connection, "crm")


def held(row_key: str = "L1", status: str = "?", row_n: int = 2) -> dict[str, Any]:
    return {
        "noun": "lead",
        "row_key": row_key,
        "row": {"id": row_key, "status": status, "города": "ё"},
        "why": ["lead.status"],
        "place": {"file": "leads.csv", "row_ns": [row_n], "columns": {"status": "Этап"}},
    }


def states(connection: sa.Connection) -> list[str]:
    return [row.state for row in quarantine.listing(connection, "crm")]


def test_a_row_is_quarantined_once(connection: sa.Connection) -> None:
    """The same row again, in another pull or twice in one, does not double."""
    assert 2 == quarantine.add(connection, "crm", [held("L1"), held("L2"), held("L2")], NOW)
    assert 0 == quarantine.add(connection, "crm", [held("L1"), held("L1")], LATER)
    assert ["quarantined", "quarantined"] == states(connection)
    assert 0 == quarantine.add(connection, "crm", [], NOW)


@pytest.mark.parametrize("state", [quarantine.State.RELEASED, quarantine.State.DROPPED])
def test_what_a_person_decided_holds_until_the_row_changes(connection: sa.Connection, state: quarantine.State) -> None:
    """A released row that comes again is not held again; changed, it waits for a new decision."""
    quarantine.add(connection, "crm", [held()], NOW)
    waiting = quarantine.listing(connection, "crm")[0]
    decided = quarantine.decide(connection, "crm", waiting.id, state, "Анна", LATER)
    assert (state, "Анна", {"id": "L1", "status": "?", "города": "ё"}) == (
        decided.state,
        decided.decided_by,
        decided.row,
    )
    assert 0 == quarantine.add(connection, "crm", [held()], LATER)
    assert [state] == states(connection)
    assert 1 == quarantine.add(connection, "crm", [held(status="!")], LATER)
    assert ["quarantined"] == states(connection)


def test_a_row_that_moved_in_its_file_is_the_same_row(connection: sa.Connection) -> None:
    """Somebody has added leads above it: it is found where it stands now, and nothing is decided anew."""
    quarantine.add(connection, "crm", [held()], NOW)
    before = quarantine.listing(connection, "crm")[0]
    assert 0 == quarantine.add(connection, "crm", [held(row_n=7)], LATER)
    place = {"file": "leads.csv", "row_ns": [7], "columns": {"status": "Этап"}}
    assert [replace(before, place=place)] == quarantine.listing(connection, "crm")


def test_a_row_that_waits_for_another_reason_is_held_anew(connection: sa.Connection) -> None:
    """The mapping was corrected, and the row now fails another test: that one is told. A decision stays."""
    again = held("L1") | {"why": ["lead.not_future"]}
    quarantine.add(connection, "crm", [held("L1")], NOW)
    assert 1 == quarantine.add(connection, "crm", [again], LATER)
    (row,) = quarantine.listing(connection, "crm")
    assert (["lead.not_future"], LATER) == (row.why, row.quarantined_at)
    quarantine.decide(connection, "crm", row.id, quarantine.State.DROPPED, "Анна", LATER)
    assert 0 == quarantine.add(connection, "crm", [held("L1")], LATER)
    assert ["dropped"] == states(connection)


def test_rows_that_wait_are_counted(connection: sa.Connection) -> None:
    quarantine.add(connection, "crm", [held("L1"), held("L2"), held("L3")], NOW)
    quarantine.supersede(connection, "crm", "lead", ["L2"], LATER)
    assert 2 == quarantine.waiting_n(connection, "crm")


def test_nothing_is_decided_twice(connection: sa.Connection) -> None:
    quarantine.add(connection, "crm", [held()], NOW)
    row_id = quarantine.listing(connection, "crm")[0].id
    quarantine.decide(connection, "crm", row_id, quarantine.State.DROPPED, "Анна", NOW)
    for source, number in (("crm", row_id), ("crm", 404), ("other", row_id)):
        with pytest.raises(UsageError, match=f"No row {number} waits in quarantine"):
            quarantine.decide(connection, source, number, quarantine.State.RELEASED, "Пётр", LATER)


def test_a_good_row_supersedes_the_one_that_waits(connection: sa.Connection) -> None:
    """And when it goes bad again it waits again, even if it is the same bad row as before."""
    quarantine.add(connection, "crm", [held("L1"), held("L2")], NOW)
    assert 1 == quarantine.supersede(connection, "crm", "lead", ["L1", "L9"], LATER)
    assert ["quarantined", "superseded"] == sorted(states(connection))
    assert ["L2"] == [row.row_key for row in quarantine.listing(connection, "crm", quarantine.State.QUARANTINED)]
    assert 1 == quarantine.add(connection, "crm", [held("L1")], LATER)
    assert ["quarantined"] * 2 == states(connection)


EDITION = editions.StoredEdition(edition="2024-01-01", effective_on=date(2024, 1, 1), sha256="a" * 64, content="{}")
SIGNATURE = editions.Signature(edition="2024-01-01", role="sales", name="Пётр", sha256="a" * 64, signed_at=NOW)


def test_an_unsigned_edition_may_change_and_a_signed_one_may_not(connection: sa.Connection) -> None:
    """What was signed is kept; the altered file is refused by name."""
    draft = editions.StoredEdition(**{**vars(EDITION), "sha256": "b" * 64, "content": "[]"})
    for edition in (draft, EDITION, EDITION):
        editions.put_edition(connection, edition)
    assert [EDITION] == editions.all_editions(connection)
    assert [True, False] == [editions.sign(connection, SIGNATURE) for _ in range(2)]
    with pytest.raises(
        RulebookError, match="Edition 2024-01-01 was signed as aaaaaaaaaaaa… and now reads bbbbbbbbbbbb…"
    ):
        editions.put_edition(connection, draft)
    assert ([EDITION], [SIGNATURE]) == (editions.all_editions(connection), editions.all_signatures(connection))


FINDING = Finding(
    clause="1.1",
    result=ClauseResult.BROKEN,
    consequence=Consequence.VOID,
    ru="сделано 2 попытки из 6",
    en="2 attempts of 6",
)


def verdict(number: int = 1, outcome: Outcome = Outcome.UNLAWFUL, rejection_id: str = "E1") -> Verdict:
    same = {"edition": "2024-01-01", "findings": (FINDING,), "evidence": {"attempts_n": 2, "бюджет": None}}
    return Verdict(rejection_id=rejection_id, number=number, outcome=outcome, **same)


def store_rejection(connection: sa.Connection, *ids: str) -> None:
    rows = ({"id": id_, "kind": "rejected", "manager_id": "m1", "at": "2026-11-03T09:00Z"} for id_ in ids)
    store_batch(connection, "crm", Event, frame_of(Event, *rows), MOSCOW)
    connection.execute(touched_day.delete())


def kept(connection: sa.Connection) -> list[tuple[str, int, str]]:
    """Rejection, number and outcome of every verdict."""
    columns = (verdict_table.c.rejection_id, verdict_table.c.number, verdict_table.c.outcome)
    return [tuple(row) for row in connection.execute(sa.select(*columns).order_by(*columns))]


def test_judging_again_changes_nothing_and_a_rejudge_adds(connection: sa.Connection) -> None:
    """The first verdict of a number stands; the days of new ones are touched; the last one counts."""
    store_rejection(connection, "E1", "E2")
    assert ["E1", "E2"] == verdicts.add(connection, "crm", [verdict(), verdict(rejection_id="E2")], NOW)
    assert [date(2026, 11, 3)] == connection.scalars(sa.select(touched_day.c.day_on)).all()
    connection.execute(touched_day.delete())
    assert [] == verdicts.add(connection, "crm", [verdict(outcome=Outcome.LAWFUL)], LATER)
    assert [] == verdicts.add(connection, "crm", [], LATER)
    assert [] == connection.scalars(sa.select(touched_day.c.day_on)).all()
    assert [("E1", 1, "unlawful"), ("E2", 1, "unlawful")] == kept(connection)
    assert ["E1"] == verdicts.add(connection, "crm", [verdict(number=2, outcome=Outcome.LAWFUL)], LATER)
    assert ("E1", 2, "lawful") in kept(connection)


def new_dispute(subject_id: str = "E1", lead_id: str = "L1") -> disputes.NewDispute:
    times = {"opened_at": NOW, "due_at": LATER}
    return disputes.NewDispute(origin=DisputeOrigin.UNLAWFUL, subject_id=subject_id, lead_id=lead_id, **times)


COMMAND = Command(
    marker="planerka-1",
    lead_id="L1",
    origin=DisputeOrigin.UNLAWFUL,
    kind=Decision.RETURN_TO_WORK,
    manager_id=None,
    stage_id="s1",
    note="п. 1.1",
    task="Позвонить",
    due_at=LATER,
)


@pytest.fixture
def dispute_id(connection: sa.Connection) -> int:
    store_rejection(connection, "E1")
    verdicts.add(connection, "crm", [verdict()], NOW)
    disputes.open_disputes(connection, "crm", [new_dispute()])
    return disputes.listing(connection, "crm")[0].id


def test_a_dispute_opens_once_a_subject(connection: sa.Connection, dispute_id: int) -> None:
    """Whatever became of the first one."""
    assert 0 == disputes.open_disputes(connection, "crm", [])
    assert 1 == disputes.open_disputes(connection, "crm", [new_dispute(), new_dispute("E2")])
    put_ruling(connection, dispute_id, Decision.UPHOLD, "звонки есть в АТС", NOW)
    assert 0 == disputes.open_disputes(connection, "crm", [new_dispute(), new_dispute("E2")])


def test_a_dispute_shows_the_last_verdict_and_the_last_ruling(connection: sa.Connection, dispute_id: int) -> None:
    """With the clause in words, the evidence, and who owned the lead when it was rejected."""
    verdicts.add(connection, "crm", [verdict(number=2, outcome=Outcome.UNPROVABLE)], LATER)
    put_ruling(connection, dispute_id, Decision.REQUEST_EVIDENCE, "пришлите запись", NOW)
    put_ruling(connection, dispute_id, Decision.UPHOLD, "запись есть", LATER)
    shown = disputes.show(connection, "crm", dispute_id)
    assert ("m1", Outcome.UNPROVABLE, {"attempts_n": 2, "бюджет": None}) == (
        shown.manager_id,
        shown.outcome,
        shown.evidence,
    )
    assert "сделано 2 попытки из 6" == shown.findings[0]["ru"]
    assert (Decision.UPHOLD, "запись есть", LATER) == (shown.decision, shown.comment, shown.ruled_at)
    assert ("upheld", [shown]) == (shown.state, disputes.listing(connection, "crm"))


def test_a_dispute_without_a_rejection_is_shown_too(connection: sa.Connection) -> None:
    """Neglect is disputed without a verdict."""
    disputes.open_disputes(connection, "crm", [new_dispute("silence:L7", "L7")])
    shown = disputes.listing(connection, "crm")[0]
    assert (None, None, None, "opened") == (shown.outcome, shown.happened_at, shown.decision, shown.state)


def test_a_closed_dispute_is_not_ruled_again(connection: sa.Connection, dispute_id: int) -> None:
    """Of two rulings the first stands, and its author is named; an unknown number is refused."""
    put_ruling(connection, dispute_id, Decision.RETURN_TO_WORK, "мало звонков", NOW, COMMAND)
    assert 1 == disputes.returned_n(connection, "crm", "L1")
    with pytest.raises(UsageError, match=f"Dispute {dispute_id} is closed: Анна ruled return_to_work"):
        put_ruling(connection, dispute_id, Decision.UPHOLD, "нет", LATER, author="Пётр")
    for source, number in (("crm", 404), ("other", dispute_id)):
        with pytest.raises(UsageError, match=f"no dispute {number}"):
            put_ruling(connection, number, Decision.UPHOLD, "нет", LATER, source=source)


def test_a_command_is_pending_until_its_receipt(connection: sa.Connection, dispute_id: int) -> None:
    """Handed over it is not handed over again; confirmed it stays confirmed."""
    put_ruling(connection, dispute_id, Decision.RETURN_TO_WORK, "мало звонков", NOW, COMMAND)
    assert [COMMAND] == commands.pending(connection, "crm")
    handed_over = Receipt(marker="planerka-1", handed_over_at=NOW, confirmed_at=None)
    confirmed = Receipt(marker="planerka-1", handed_over_at=NOW, confirmed_at=LATER)
    assert [True, False] == [commands.put_receipt(connection, handed_over) for _ in range(2)]
    assert [] == commands.pending(connection, "crm")
    assert [True, False] == [commands.put_receipt(connection, confirmed) for _ in range(2)]
    assert False is commands.put_receipt(connection, handed_over)
    assert [] == commands.pending(connection, "crm")


def test_a_ruling_without_its_command_is_not_kept(engine: sa.Engine) -> None:
    """Both or neither: the marker of another command is refused, and the ruling goes with it."""
    with engine.begin() as connection:
        store_rejection(connection, "E1", "E2")
        disputes.open_disputes(connection, "crm", [new_dispute("E1"), new_dispute("E2")])
        first, second = (one.id for one in disputes.listing(connection, "crm"))
        put_ruling(connection, first, Decision.RETURN_TO_WORK, "мало звонков", NOW, COMMAND)
    with pytest.raises(sa.exc.IntegrityError), engine.begin() as connection:
        put_ruling(connection, second, Decision.RETURN_TO_WORK, "мало звонков", NOW, COMMAND)
    with engine.begin() as connection:
        assert disputes.show(connection, "crm", second).decision is None


def test_the_newest_gate_report_of_a_suite_is_found(connection: sa.Connection) -> None:
    open_report = GateReport(suite="intake", checks=())
    for report in (open_report, GateReport(suite="intake", checks=(CHECK,))):
        gates.add(connection, "crm", report, NOW)
    assert GateReport(suite="intake", checks=(CHECK,)) == gates.latest(connection, "crm", "intake")
    assert gates.latest(connection, "crm", "pack") is None


def test_a_pack_gets_a_new_version_only_for_new_facts(connection: sa.Connection) -> None:
    """Assembled again with the same facts it is the same version, whoever asks."""
    facts = {"week": "2026-W47", "доля": 0.25, "rows": [1, None, {"a": "ё"}]}
    results = [
        packs.put(connection, "crm", "2026-W47", one, NOW) for one in (facts, dict(facts), {**facts, "доля": 0.5})
    ]
    assert [(1, True), (1, False), (2, True)] == results
    assert (2, {**facts, "доля": 0.5}) == packs.latest(connection, "crm", "2026-W47")
    assert packs.latest(connection, "crm", "2026-W48") is None


def test_facts_that_json_cannot_hold_are_refused(connection: sa.Connection) -> None:
    """NaN in a pack would be read back by no strict reader."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        packs.put(connection, "crm", "2026-W47", {"share": float("nan")}, NOW)


def test_a_person_gets_a_version_once_by_a_channel(connection: sa.Connection) -> None:
    """Planning again plans for newcomers only; what becomes of one attempt is no news of the next."""
    mailing = deliveries.Mailing(source="crm", week="2026-W47", version=1, channel=deliveries.Channel.SMTP)
    ids = {"a@example.com": "<1@example.com>", "b@example.com": "<2@example.com>"}
    for more in ({}, {}, {"c@example.com": "<3@example.com>"}):
        deliveries.plan(connection, mailing, ids | more, NOW)
    first, second, _ = deliveries.of_mailing(connection, mailing)
    deliveries.settle(connection, first, deliveries.State.REFUSED, "550 нет\nтакого ящика", LATER)
    deliveries.queue_again(connection, first, "<4@example.com>", LATER)
    deliveries.settle(connection, first, deliveries.State.SENT, "250 too late", LATER)
    deliveries.settle(connection, second, deliveries.State.SENT, "250 ok", LATER)
    assert [("queued", 2, "550 нет такого ящика"), ("sent", 1, "250 ok"), ("queued", 1, None)] == [
        (one.state, one.attempt, one.answer) for one in deliveries.of_mailing(connection, mailing)
    ]


def test_a_lock_is_held_by_one_and_released(engine: sa.Engine) -> None:
    """The second is told who holds it and since when; another name is another lock."""
    with locked(engine, "pull crm", "host:1", NOW):
        refused = pytest.raises(BusyError, match=f"pull crm is held by host:1 since {NOW:%Y-%m-%d %H:%M} UTC")
        with refused, locked(engine, "pull crm", "host:2", NOW):
            pass
        with locked(engine, "pull other", "host:2", NOW):
            pass
    with locked(engine, "pull crm", "host:2", NOW):
        pass


def test_a_lock_is_released_when_the_work_fails(engine: sa.Engine) -> None:
    with pytest.raises(KeyError), locked(engine, "pull crm", "host:1", NOW):
        raise KeyError
    with locked(engine, "pull crm", "host:2", NOW):
        pass


HOLD = """
import sys, time
from datetime import UTC, datetime
from planerka.store import database, locks
with locks.locked(database.connect(sys.argv[1]), "pull crm", "killed", datetime.now(UTC)):
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_killed_run_leaves_no_lock(engine: sa.Engine) -> None:
    command = [sys.executable, "-c", HOLD, str(engine.url)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        assert "held\n" == other.stdout.readline()
        with pytest.raises(BusyError, match="held by killed"), locked(engine, "pull crm", "host:2", NOW):
            pass
        other.kill()
    assert is_free_soon(engine, "pull crm")


def is_free_soon(engine: sa.Engine, name: str) -> bool:
    """Whether the lock can be had; a busy server of PostgreSQL takes a moment to see that its client has died."""
    for _ in range(200):
        with suppress(BusyError), locked(engine, name, "host:2", NOW):
            return True
        time.sleep(0.05)
    return False


def test_a_lock_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """The folder of a store on SQLite may be gone, or belong to somebody else."""
    (tmp_path / "store.db.pull-crm.lock").mkdir()
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'store.db'}")
    with (
        pytest.raises(StoreError, match=r"cannot be made: .*pull-crm\.lock'; give yourself rights"),
        locked(engine, "pull crm", "", NOW),
    ):
        pass
