"""Pages of the desk over a queue of 500: does it matter what has been decided before?"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import sqlalchemy as sa

from planerka.people import Role
from planerka.store.database import connect, upgrade
from planerka.store.tables import command, dispute, dispute_step, event, lead, receipt, verdict
from tests.bench.registry import Ratio, bench, best_of
from tests.builders_desk import DeskSite, desk_site
from tests.builders_rejudging import NOW, begun, judge, opened_all, reject

WAITING_N, CLOSED_N, SEARCHED_N = 500, 100_000, 5_000
PAGES = (
    (Role.ANALYST, "/disputes"),
    (Role.ANALYST, "/disputes/1"),
    (Role.ANALYST, "/disputes/1/same"),
    (Role.ANALYST, "/history"),
    (Role.DIRECTOR, "/director"),
    (Role.SALES, "/ledger"),
)
RETURNED_EVERY = 3
"""Of the closed disputes one in so many is returned to work, the others are upheld."""
RARE = "/history?text=абракадабра"
ROUNDS_N, BLOCK_N = 5, 5_000


@contextmanager
def desk_beside(closed_n: int) -> Iterator[DeskSite]:
    """A desk over WAITING_N disputes that wait and so many that are decided."""
    with tempfile.TemporaryDirectory() as folder:
        engine = begun(migrated(folder))
        for number in range(1, WAITING_N + 1):
            reject(engine, number)
        judge(engine)
        opened_all(engine)
        for first in range(0, closed_n, BLOCK_N):
            add_closed(engine, range(first, min(first + BLOCK_N, closed_n)))
        yield desk_site(engine, Path(folder), source="crm")
        engine.dispose()


def migrated(folder: str) -> sa.Engine:
    engine = connect(f"sqlite:///{folder}/store.db")
    upgrade(engine)
    return engine


def add_closed(engine: sa.Engine, numbers: range) -> None:
    """Copies of the first dispute with its lead, its rejection and its verdict, ruled on with a comment each."""
    at, first = NOW - timedelta(days=40), WAITING_N + 1
    copied = {lead: ("id", "L1"), event: ("id", "R1"), verdict: ("rejection_id", "R1"), dispute: ("id", 1)}
    with engine.begin() as connection:
        rows = {
            table: dict(connection.execute(sa.select(table).where(table.c[key] == value)).one()._mapping)
            for table, (key, value) in copied.items()
        }
        new = {table: [rows[table] | changed(table, n, first + n) for n in numbers] for table in copied}
        for table, its in new.items():
            connection.execute(table.insert(), its)
        steps = [step | {"due_at": at, "at": at} for n in numbers for step in steps_of(first + n, n)]
        connection.execute(dispute_step.insert(), steps)
        ids = [first + n for n in numbers if is_returned(n)]
        rulings = {ruling_of(dispute_id): f"M{dispute_id}" for dispute_id in ids}
        done = {"source": "crm", "content": {}, "created_at": at, "not_before": at, "tried_at": at}
        connection.execute(command.insert(), [done | {"marker": m, "ruling_id": id_} for id_, m in rulings.items()])
        receipts = [{"marker": marker, "handed_over_at": at, "confirmed_at": at} for marker in rulings.values()]
        connection.execute(receipt.insert(), receipts)


def is_returned(n: int) -> bool:
    return n % RETURNED_EVERY == 0


def ruling_of(dispute_id: int) -> int:
    """The number of the step that rules on a copy: those of the disputes that wait are below."""
    return 10 * WAITING_N + 2 * dispute_id


def changed(table: sa.Table, n: int, dispute_id: int) -> dict[str, object]:
    """What makes a copy another row."""
    if table is dispute:
        names = {"id": dispute_id, "subject_id": f"CR{n}", "lead_id": f"CL{n}", "said": said(n)}
        state = "return_ruled" if is_returned(n) else "upheld"
        return names | {"state": state, "steps_n": 2, "ruling_id": ruling_of(dispute_id)}
    return {
        lead: {"id": f"CL{n}", "client_id": f"CC{n}"},
        event: {"id": f"CR{n}", "lead_id": f"CL{n}"},
        verdict: {"rejection_id": f"CR{n}"},
    }[table]


def steps_of(dispute_id: int, n: int) -> list[dict[str, object]]:
    action, state = ("return_to_work", "return_ruled") if is_returned(n) else ("uphold", "upheld")
    opening = {"number": 1, "number_before": None, "state_before": None, "action": "open", "state": "opened"}
    ruling = {"number": 2, "number_before": 1, "state_before": "opened", "action": action, "state": state}
    own = ({"author": None, "comment": None}, {"author": "Анна", "comment": said(n)})
    ids = (ruling_of(dispute_id) - 1, ruling_of(dispute_id))
    return [
        {"dispute_id": dispute_id, "id": id_} | step | text
        for id_, step, text in zip(ids, (opening, ruling), own, strict=True)
    ]


def said(n: int) -> str:
    return f"звонки есть в атс, запись разговора {n} приложена, клиент просил перезвонить через месяц"


def shown_s(site: DeskSite, *pages: tuple[Role, str]) -> float:
    """How long these pages take, one after the other."""
    browsers = {role: site.entered(role) for role, _ in pages}

    def show() -> None:
        for role, path in pages:
            assert 200 == browsers[role].get(path).status_code, path

    show()
    return best_of(ROUNDS_N, show)


@bench("six pages of the desk beside 100,000 closed disputes, against beside none")
def beside_many() -> Ratio:
    with desk_beside(CLOSED_N) as many, desk_beside(0) as none:
        return Ratio(ours_s=shown_s(many, *PAGES), peer_s=shown_s(none, *PAGES), limit=1.5)


@bench("a search of 5,000 closed disputes that finds nothing, against the page without it")
def searched() -> Ratio:
    with desk_beside(SEARCHED_N) as site:
        page = partial(shown_s, site)
        return Ratio(ours_s=page((Role.ANALYST, RARE)), peer_s=page((Role.ANALYST, "/history")), limit=2)
