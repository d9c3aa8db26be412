"""The rehearsal of a pull: the same readers, row tests and store, the store being a file that is thrown away."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy as sa

from planerka.crm.chunks import chunks_of
from planerka.crm.export import Export
from planerka.crm.mapping import columns_in
from planerka.crm.mapping_parts import Column, Layout, Leads
from planerka.crm.table import TableCrm
from planerka.intake.check import SUITE
from planerka.intake.frame_tests import HELD
from planerka.intake.pull import pull
from planerka.intake.spec import Tally
from planerka.model import GateReport, LeadStatus, ReferenceKind
from planerka.store import overview
from planerka.store.database import open_store, reading
from planerka.store.intake_facts import windows_since
from planerka.store.overview import Became, Range, Unmatched


@dataclass(frozen=True, kw_only=True)
class Month:
    """Leads of a calendar month by what has become of them until now; `month` None: the day is not known."""

    month: date | None
    open_n: int
    rejected_n: int
    won_n: int


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What a pull would bring. `rows_by_file`: rows of each file, or of each sheet that is named, header apart.
    `gate`: every test of the rows, and whether too many of them are held back.

    `states`: those that the mapping tells of a lead; of another, no lead is counted, and nothing is known.
    `first_on`, `last_on`: the local days of the first and the last lead, None without any; `data_until`: how far the
    export reaches.
    """

    source: str
    currency: str
    quarantined_n: int
    rows_by_file: dict[str, int]
    data_until: datetime
    first_on: date | None
    last_on: date | None
    gate: GateReport
    states: tuple[LeadStatus, ...]
    months: tuple[Month, ...]
    stages: tuple[Became, ...]
    reasons: tuple[Became, ...]
    ranges: tuple[Range, ...]
    unmatched: tuple[Unmatched, ...]


def rehearse(crm: TableCrm, now: datetime) -> Preview:
    """Everything that a pull at `now` would read and store. MappingError, CrmError as the pull would raise them."""
    with throwaway_store() as engine:
        report = pull(engine, crm, crm.mapping.zone, now, lambda step: None)
        with reading(engine) as connection:
            (window,) = windows_since(connection, crm.source, None)
            by_day = overview.leads_by_day(connection, crm.source)
            days = [on for on, _, _ in by_day if on]
            held = HELD.check(Tally(rows_n=window.rows_n, failed_n=window.quarantined_n))
            return Preview(
                source=crm.source,
                currency=crm.mapping.currency,
                quarantined_n=window.quarantined_n,
                rows_by_file=rows_by_file(crm.export),
                data_until=report.data_until,
                first_on=min(days, default=None),
                last_on=max(days, default=None),
                gate=GateReport(suite=SUITE, checks=(*window.checks, held)),
                states=tuple(states_of(crm.mapping.leads)),
                months=tuple(months_of(by_day)),
                stages=tuple(overview.became(connection, crm.source, ReferenceKind.STAGE)),
                reasons=tuple(overview.became(connection, crm.source, ReferenceKind.REASON)),
                ranges=tuple(overview.ranges(connection, crm.source)),
                unmatched=overview.unmatched(connection, crm.source),
            )


def states_of(leads: Leads) -> Iterator[LeadStatus]:
    """Open, and what a condition of the mapping says."""
    yield LeadStatus.OPEN
    yield from (state for state in (LeadStatus.REJECTED, LeadStatus.WON) if getattr(leads, state))


def rows_by_file(export: Export) -> dict[str, int]:
    """The rows of each table of the mapping; one of two parts is counted once, two sheets of a workbook apart.

    A query is named whole, for two may begin alike.
    """
    mapping = export.mapping
    read: list[tuple[Layout, Column]] = [(mapping.leads, mapping.leads.columns["id"])]
    read += [(join, Column(column=join.key)) for join in mapping.leads.joins.values()]
    read += [(export.own_contracts, export.own_contracts.columns["lead_id"])] if export.own_contracts else []
    read += [(table, table.columns["lead_id"]) for table in mapping.events.values()]
    read += [(mapping.spend, mapping.spend.columns["spent_on"])] if mapping.spend else []
    read += [(mapping.plan, next(iter(mapping.plan.period.values())))] if mapping.plan else []
    names = [part.title if part.file else f"query {' '.join(part.query.split())!r}" for part, _ in read]
    counts = [sum(map(len, chunks_of(export.place(part), columns_in(column), part))) for part, column in read]
    return dict(zip(names, counts, strict=True))


@contextmanager
def throwaway_store() -> Iterator[sa.Engine]:
    with TemporaryDirectory(prefix="planerka-check-") as folder:
        engine = open_store(f"sqlite:///{Path(folder, 'check.sqlite')}")
        try:
            yield engine
        finally:
            engine.dispose()


def months_of(by_day: list[tuple[date | None, LeadStatus, int]]) -> Iterator[Month]:
    counts: dict[date | None, Counter[LeadStatus]] = {}
    for on, status, n in by_day:
        counts.setdefault(on and on.replace(day=1), Counter())[status] += n
    for month, found in sorted(counts.items(), key=lambda item: item[0] or date.min):
        numbers = {f"{status}_n": found[status] for status in LeadStatus}
        yield Month(month=month, **numbers)
