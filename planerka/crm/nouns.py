"""Chunks of an export as the nouns of the model: what makes a lead, an event, a contract of a row."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from planerka.crm.base import Fault
from planerka.crm.cells import Texts
from planerka.crm.chunks import distinct
from planerka.crm.mapping_parts import Column, Contracts, Events, LeadFields, Moment, Plans, Spending
from planerka.crm.rows import Converter, Rows, matching, picked, refuse_spoilt, unknown
from planerka.model import ActorKind, Contract, Event, EventKind, Lead, LeadStatus, Plan, Rejection, Spend
from planerka.phones import first_phone, phone_hash


def lead_rows(convert: Converter, leads: LeadFields, chunk: pd.DataFrame, phone_key: bytes | None) -> Rows:
    """One lead a row. Without a client of the CRM, the client is the keyed hash of a valid phone."""
    rows = convert.rows(Lead, chunk, leads.columns, leads)
    rows.frame["status"] = status_of(leads, chunk)
    if "phone" in leads.columns and phone_key:
        written = picked(chunk, leads.columns["phone"])
        phones = distinct(written, lambda texts: hashed(texts, convert.region, phone_key))
        refuse_spoilt(f"{leads.title}: {leads.columns['phone'].column!r}", written[phones == ""])
        rows.frame["phone_is_valid"] = phones.map(bool, na_action="ignore").astype("boolean")
        rows.frame["client_id"] = rows.frame["client_id"].fillna(phones.replace("", None))
    return rows


def hashed(phones: Texts, region: str, key: bytes) -> Texts:
    """Keyed hashes of phones; "" where the numbering plan has no such number, None for words instead of one."""

    def hash_of(cell: str) -> str | None:
        phone = first_phone(cell, region)
        return phone_hash(phone, key) if phone else "" if any(map(str.isdigit, cell)) else None

    return np.array([hash_of(cell) for cell in phones], dtype=object)


def status_of(leads: LeadFields, chunk: pd.DataFrame) -> pd.Series:
    """Won before rejected: a signed contract outweighs the rejection on the way to it."""
    status = pd.Series(LeadStatus.OPEN.value, index=chunk.index, dtype=object)
    for name, condition in ((LeadStatus.REJECTED, leads.rejected), (LeadStatus.WON, leads.won)):
        if condition:
            status[matching(chunk, condition)] = name.value
    return status


def dated_rows(
    convert: Converter, leads: LeadFields, chunk: pd.DataFrame, kind: EventKind, moment: Moment
) -> tuple[pd.DataFrame, Rows]:
    """The rows of a chunk to which something happened, and these events; their ids are `<lead>:<kind>`."""
    columns: dict[str, Column | None] = {"lead_id": leads.columns["id"], "at": moment.at}
    columns |= {"manager_id": moment.manager_id, "due_at": moment.due_at}
    columns["reason_id"] = leads.columns.get("reason_id") if kind == EventKind.REJECTED else None
    part = chunk[has_happened(leads, chunk, kind, moment)]
    events = convert.rows(Event, part, {name: column for name, column in columns.items() if column}, leads)
    named = events.frame.assign(kind=kind.value, actor_kind=ActorKind.UNKNOWN.value)
    return part, replace(events, frame=named.assign(id=named["lead_id"] + f":{kind}"))


def has_happened(leads: LeadFields, chunk: pd.DataFrame, kind: EventKind, moment: Moment) -> pd.Series:
    """Where the date is filled in and its condition holds; a rejection without one needs the status."""
    is_dated = picked(chunk, moment.at).notna() & picked(chunk, leads.columns["id"]).notna()
    if kind == EventKind.REJECTED and moment.when is None:
        return is_dated & (status_of(leads, chunk) == LeadStatus.REJECTED)
    return is_dated & matching(chunk, moment.when)


def rejection_rows(convert: Converter, leads: LeadFields, part: pd.DataFrame, events: Rows) -> Rows:
    """The cards of rejected leads, where the moment of the rejection could be read."""
    cards = convert.rows(Rejection, part, leads.rejection, leads)
    cards.frame[["id", "lead_id"]] = events.frame[["id", "lead_id"]]
    return cards.where(events.frame["at"].notna())


def contract_rows(convert: Converter, lead_id: Column, contracts: Contracts, chunk: pd.DataFrame) -> Iterator[Rows]:
    """Contracts, then the events of signing and terminating them; one without an id is `<lead>:contract`."""
    columns = {"lead_id": lead_id} | contracts.columns
    is_signed = matching(chunk, contracts.when) & picked(chunk, columns["signed_at"]).notna()
    rows = convert.rows(Contract, chunk[is_signed], columns, contracts)
    rows.frame["currency"] = convert.currency
    rows.frame["id"] = rows.frame["id"].fillna(rows.frame["lead_id"] + ":contract")
    yield rows
    yield signing_rows(rows, EventKind.CONTRACT_SIGNED, "signed_at")
    yield signing_rows(rows, EventKind.CONTRACT_TERMINATED, "terminated_at")


def signing_rows(contracts: Rows, kind: EventKind, at: str) -> Rows:
    """An event for each contract that has the date `at`; its id is `<contract>:<kind>`."""
    dated = contracts.frame[contracts.frame[at].notna() & contracts.frame["lead_id"].notna()]
    frame = unknown(Event, dated.index).assign(lead_id=dated["lead_id"], at=dated[at], kind=kind.value)
    events = frame.assign(id=dated["id"] + f":{kind}", actor_kind=ActorKind.UNKNOWN.value)
    columns = {"at" if name == at else name: column for name, column in contracts.columns.items()}
    return replace(contracts, noun=Event, frame=events, faults=(), columns=columns)


def event_rows(convert: Converter, name: str, table: Events, chunk: pd.DataFrame) -> Iterator[Rows]:
    """The events of a file, and empty cards for the rejections among them.

    Rows without a lead are nobody's: a telephone exchange has many. Without an id, two events of one kind, lead
    and second are one; an exchange may put a client's phone into its ids, and those count for none.
    """
    is_ours = matching(chunk, table.when) & picked(chunk, table.columns["lead_id"]).notna()
    rows = convert.rows(Event, chunk[is_ours], table.columns, table)
    frame = rows.frame
    if "actor_kind" not in table.columns:
        frame["actor_kind"] = np.where(frame["actor_id"].notna(), ActorKind.PERSON.value, ActorKind.UNKNOWN.value)
    natural = frame["lead_id"] + ":" + frame["kind"] + ":" + frame["at"].astype("int64").astype(str)
    frame["id"] = (f"{name}:" + frame["id"]).fillna(natural)
    if "id" not in table.columns:
        rows = rows.where(~frame["id"].duplicated())
    yield rows
    rejected = rows.frame[rows.frame["kind"] == EventKind.REJECTED]
    cards = unknown(Rejection, rejected.index).assign(id=rejected["id"], lead_id=rejected["lead_id"])
    yield replace(rows, noun=Rejection, frame=cards, faults=())


def spend_rows(convert: Converter, spend: Spending, chunks: Iterable[pd.DataFrame]) -> Iterator[Rows]:
    """Spend by day, channel, campaign and project; rows that cannot be added stay apart, with their faults."""
    rows = Rows(Spend, unknown(Spend, pd.RangeIndex(0)))
    whole = [rows.frame]
    for chunk in chunks:
        rows = convert.rows(Spend, chunk, spend.columns, spend)
        rows.frame["currency"] = convert.currency
        rows.frame[["campaign_id", "project_id"]] = rows.frame[["campaign_id", "project_id"]].fillna("")
        is_whole = rows.frame.notna().all(axis=1)
        yield rows.where(~is_whole)
        whole.append(rows.frame[is_whole])
    names = list(whole[0])
    key = [name for name in names if name != "amount_minor"]
    every = pd.concat(whole)
    total: Any = every.groupby(key, as_index=False, sort=False)["amount_minor"].sum()
    total.index = every.drop_duplicates(key).index
    yield replace(rows, frame=total[names], faults=(), texts=None)


def plan_rows(convert: Converter, plans: Plans, chunk: pd.DataFrame) -> Iterator[Rows]:
    """One row a KPI and period; a blank cell is no plan."""
    for kpi, column in plans.kpis.items():
        part = chunk[picked(chunk, column).notna()]
        frame = unknown(Plan, part.index).assign(kpi=kpi, project_id="")
        frame["value"], faults = convert.field(kpi, int, part, column, plans)
        strays: list[Fault] = []
        if plans.project_id:
            projects, strays = convert.field("project_id", str, part, plans.project_id, plans)
            is_blank = picked(part, plans.project_id).isna()
            frame["project_id"] = projects.mask(is_blank, "")  # of the whole company; what cannot be read is not
        frame["from_on"], frame["to_on"], wrong = convert.period(part, plans)
        columns = {name: named.column for name, named in plans.period.items() if named.column}
        columns |= {"value": column.column or "", "from_on": columns.get("year") or columns.get("from_on", "")}
        unread = (*(replace(fault, field="value") for fault in faults), *strays, *wrong)
        yield Rows(Plan, frame, unread, plans.title, columns, texts=part)
