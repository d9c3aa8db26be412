"""What a source can never supply, read off its mapping."""

from collections.abc import Iterable
from dataclasses import fields

from planerka.crm.mapping import AccountMapping, AnyMapping, Mapping
from planerka.crm.mapping_parts import Contracts, LeadFields
from planerka.model import Contract, Event, EventKind, Lead, Plan, Rejection, Spend, Stock


def lacks_of(mapping: Mapping) -> frozenset[str]:
    """The names that `Crm.lacks` promises: a noun that is lacking is named with each of its fields.

    `lead.status.rejected` or `lead.status.won` stands for a status that no condition of the mapping gives.
    """
    leads, contracts = mapping.leads, mapping.contracts
    lead = {*leads.columns, "status"} | ({"client_id", "phone_is_valid"} if "phone" in leads.columns else set())
    kinds = kinds_of(mapping)
    status = {f"lead.status.{name}" for name in ("rejected", "won") if getattr(leads, name) is None}
    return frozenset().union(
        status,
        (f"event.{kind}" for kind in EventKind if kind not in kinds),
        unsupplied(Event, event_fields(mapping)),
        unsupplied(Lead, lead),
        unsupplied(Rejection, {"id", "lead_id", *leads.rejection} if EventKind.REJECTED in kinds else None),
        unsupplied(Contract, {"id", "lead_id", "currency", *contracts.columns} if contracts else None),
        *money_lacks(mapping),
        unsupplied(Stock, None),
    )


def money_lacks(mapping: AnyMapping) -> tuple[set[str], set[str]]:
    """What the files of spend and plan do not hold."""
    spend = {*mapping.spend.columns, "currency"} if mapping.spend else None
    return unsupplied(Spend, spend), unsupplied(Plan, {f.name for f in fields(Plan)} if mapping.plan else None)


def unsupplied(noun: type, supplied: Iterable[str] | None) -> set[str]:
    name = noun.__name__.lower()
    lacking = {f"{name}.{f.name}" for f in fields(noun) if f.name not in (supplied or ())}
    return lacking | {name} if supplied is None else lacking


def kinds_of(mapping: Mapping) -> set[EventKind]:
    """The kinds of event that the mapping makes."""
    kinds = {EventKind.CREATED, *mapping.leads.dates}.union(*(table.kinds for table in mapping.events.values()))
    if mapping.contracts:
        kinds.add(EventKind.CONTRACT_SIGNED)
        kinds |= {EventKind.CONTRACT_TERMINATED} if "terminated_at" in mapping.contracts.columns else set()
    return kinds


def event_fields(mapping: Mapping) -> set[str]:
    """The fields of an event that some event of the mapping has.

    The reason is that of the lead, unless a file of events has the rejections; it is there without their day too.
    """
    names = {"id", "lead_id", "kind", "at"}.union(*(table.columns for table in mapping.events.values()))
    for moment in mapping.leads.dates.values():
        names |= {name for name in ("manager_id", "due_at") if getattr(moment, name)}
    is_in_events = any(EventKind.REJECTED in table.kinds for table in mapping.events.values())
    if "reason_id" in mapping.leads.columns and (EventKind.REJECTED in mapping.leads.dates or not is_in_events):
        names.add("reason_id")
    return names | ({"actor_kind"} if "actor_id" in names else set())


def account_lacks(
    mapping: AccountMapping, leads: LeadFields, contracts: Contracts | None, events: Iterable[str]
) -> frozenset[str]:
    """The same of an account of a CRM: `leads` with the columns that the CRM knows by itself.

    `events` are what the CRM can tell by itself: kinds of event (`call_out`) and fields of one (`event.actor_id`).
    """
    lead = {*leads.columns, "status"} | ({"client_id", "phone_is_valid"} if "phone" in leads.columns else {"client_id"})
    supplied = {f"event.{name}" if "." not in name else name for name in events}
    supplied |= {f"event.{kind}" for kind in leads.dates} | {
        f"event.{name}" for name in ("id", "lead_id", "kind", "at")
    }
    if contracts:
        supplied |= {"event.contract_signed"}
        supplied |= {"event.contract_terminated"} if "terminated_at" in contracts.columns else set()
    told = {f"event.{name}" for name in (*EventKind, *(f.name for f in fields(Event)))}
    return frozenset().union(
        told - supplied,
        unsupplied(Lead, lead),
        unsupplied(Rejection, {"id", "lead_id", *leads.rejection}),
        unsupplied(Contract, {"id", "lead_id", "currency", *contracts.columns} if contracts else None),
        *money_lacks(mapping),
        unsupplied(Stock, None),
    )
