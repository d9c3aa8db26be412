"""The tables of an export, chunk by chunk, as its mapping says."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pandas as pd
import sqlalchemy as sa

from planerka.crm.chunks import Place, chunks_of
from planerka.crm.conditions import Conditions
from planerka.crm.joins import JoinedTable
from planerka.crm.mapping import Mapping, columns_in
from planerka.crm.mapping_parts import Column, Contracts, Events, Layout, Leads, Moment, Plans, Spending, Values
from planerka.crm.money_files import spend_and_plan
from planerka.crm.nouns import (
    contract_rows,
    dated_rows,
    event_rows,
    lead_rows,
    rejection_rows,
)
from planerka.crm.repeats import together
from planerka.crm.rows import Converter, Rows, no_rows
from planerka.crm.sql_query import URL
from planerka.errors import CrmError, SettingsError
from planerka.model import Contract, Event, EventKind, Lead, ReferenceKind

OwnTable = Contracts | Events | Spending | Plans


class Export:
    """Tables and their mapping: files of a folder, queries to a database. `phone_key` keys the hashes of phones."""

    def __init__(self, mapping: Mapping, folder: Path, database: sa.URL | None, phone_key: bytes | None) -> None:
        self.mapping, self.folder, self.database, self.phone_key = mapping, folder, database, phone_key
        own_ids = frozenset(mapping.references.get(ReferenceKind.CHANNEL, {}))
        joined = {name: join.title for name, join in mapping.leads.joins.items()}
        self.convert = Converter(mapping.zone, mapping.currency, mapping.phone_region, own_ids, joined)
        contracts = mapping.contracts
        self.own_contracts = contracts if contracts and contracts.is_there else None
        in_leads = (
            contracts.model_copy(update={name: getattr(mapping.leads, name) for name in ("file", "sheet", "query")})
            if contracts
            else None
        )
        self.joined_contracts = None if self.own_contracts else in_leads

    def rows(self) -> Iterator[Rows]:
        """Everything: the leads and what came with them first, then the other files."""
        mapping, lead_id = self.mapping, self.mapping.leads.columns["id"]
        yield from self.rows_of_leads()
        if self.own_contracts:
            conditions = self.conditions(self.own_contracts)
            for chunk in conditions.watched(self.compared(self.chunks(self.own_contracts), self.own_contracts)):
                yield from contract_rows(self.convert, lead_id, self.own_contracts, chunk)
            yield no_rows(Contract, conditions.sought)
        for name, table in mapping.events.items():
            conditions = self.conditions(table)
            for chunk in conditions.watched(self.compared(self.chunks(table), table)):
                yield from event_rows(self.convert, name, table, chunk)
            yield no_rows(Event, conditions.sought)
        yield from spend_and_plan(mapping, self.convert, self.chunks)

    def look(self) -> tuple[int, int]:
        """Read the first rows of every file: how many leads, and how many cells of theirs that cannot be read.

        MappingError, CrmError where a file, a column or every value of one is not as the mapping says.
        """
        leads = next(self.rows_of_leads())
        own_files = [part for part in (self.own_contracts, self.mapping.spend, self.mapping.plan) if part]
        for part in [*own_files, *self.mapping.events.values()]:
            next(self.chunks(part))
        return len(leads.frame), len(leads.faults)

    def rows_of_leads(self) -> Iterator[Rows]:
        """Leads with their events, rejections and contracts, chunk after chunk; they know the tables joined to them."""
        for rows in self.rows_with_leads():
            yield replace(rows, joined=self.convert.joined)

    def rows_with_leads(self) -> Iterator[Rows]:
        leads, convert = self.mapping.leads, self.convert
        created = Moment(at=leads.columns["created_at"])
        parts = (leads, self.joined_contracts)
        conditions = self.conditions(parts)
        for chunk in conditions.watched(self.compared(self.lead_chunks(columns_in(parts)), leads)):
            yield lead_rows(convert, leads, chunk, self.phone_key)
            _, events = dated_rows(convert, leads, chunk, EventKind.CREATED, created)
            yield events.where(events.frame["at"].notna())  # the lead itself tells of a date that cannot be read
            for kind, moment in leads.dates.items():
                part, events = dated_rows(convert, leads, chunk, kind, moment)
                yield events
                if kind == EventKind.REJECTED:
                    yield rejection_rows(convert, leads, part, events)
            if self.joined_contracts:
                yield from contract_rows(convert, leads.columns["id"], self.joined_contracts, chunk)
        yield no_rows(Lead, conditions.sought)

    def conditions(self, part: object) -> Conditions:
        """Those of a part of the mapping, to be held against its file."""
        return Conditions(part, {id_ for names in self.mapping.references.values() for id_ in names})

    def chunks(self, part: OwnTable, columns: object = None) -> Iterator[pd.DataFrame]:
        """The table of a part of the mapping: the columns that the part reads, or only those that `columns` reads."""
        return chunks_of(self.place(part), columns_in(columns or part), part, part.decimal_mark)

    def compared(self, chunks: Iterator[pd.DataFrame], part: Leads | Contracts | Events) -> Iterator[pd.DataFrame]:
        """The chunks of a table, with the rows of one id side by side."""
        name = part.columns["id"].column if "id" in part.columns else None
        is_own = name and name.partition(".")[0] not in self.mapping.leads.joins
        return together(chunks, str(name), self.place(part), part, part.decimal_mark) if is_own else chunks

    def place(self, part: Layout) -> Place:
        """Where the table of a part is."""
        if part.file:
            return self.folder / part.file
        if self.database is None:
            raise SettingsError(f"{part.title} needs a database: give its url by {URL} in .env")
        return self.database

    def lead_chunks(self, names: set[str]) -> Iterator[pd.DataFrame]:
        """The columns `names` of the leads, those of joined files among them under `<join>.<column>`."""
        leads = self.mapping.leads
        wanted = {join: {n.partition(".")[2] for n in names if n.startswith(f"{join}.")} for join in leads.joins}
        tables = [
            JoinedTable(name, join, self.place(join), wanted[name], leads.decimal_mark)
            for name, join in leads.joins.items()
            if wanted[name]
        ]
        own = {n for n in names if n.partition(".")[0] not in leads.joins} | {t.join.lead_column for t in tables}
        rows_n = 0
        for chunk in chunks_of(self.place(leads), own, leads, leads.decimal_mark):
            rows_n += len(chunk)
            for table in tables:
                chunk = table.added_to(chunk)
            yield chunk
        if not rows_n:
            raise CrmError(f"{leads.title} has a header and no row: export it again")
        for table in tables:
            table.check_matched()

    def moments(self) -> Iterator[pd.Series]:
        """Every instant at which something happened, chunk by chunk: how far the export reaches."""
        leads = self.mapping.leads
        at = [leads.columns[name] for name in ("created_at", "updated_at") if name in leads.columns]
        at += [moment.at for moment in leads.dates.values()]
        signed_at = [self.joined_contracts.columns["signed_at"]] if self.joined_contracts else []
        for chunk in self.lead_chunks(columns_in((*at, *signed_at))):
            yield from self.instants(chunk, at, leads)
            yield from self.instants(chunk, signed_at, self.joined_contracts or leads)
        dated: list[tuple[Contracts | Events, Column]] = [(t, t.columns["at"]) for t in self.mapping.events.values()]
        dated += [(self.own_contracts, self.own_contracts.columns["signed_at"])] if self.own_contracts else []
        for part, column in dated:
            for chunk in self.chunks(part, column):
                yield from self.instants(chunk, [column], part)

    def instants(self, chunk: pd.DataFrame, columns: list[Column], values: Values) -> Iterator[pd.Series]:
        for column in columns:
            yield self.convert.field("at", datetime, chunk, column, values)[0]
