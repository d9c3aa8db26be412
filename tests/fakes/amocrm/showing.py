"""How a record is shown: what is there only when `with` asks for it, and what is embedded."""

from tests.fakes.amocrm.account import AmoAccount
from tests.fakes.amocrm.rows import Record


def public(record: Record) -> Record:
    return {name: value for name, value in record.items() if name[0] != "_"}


def show_plain(_account: AmoAccount, record: Record, _asked_with: frozenset[str]) -> Record:
    return public(record)


def show_lead(account: AmoAccount, record: Record, asked_with: frozenset[str]) -> Record:
    shown = public(record)
    if "source_id" not in asked_with:
        del shown["source_id"]
    embedded = {"tags": record["_tags"], "companies": []}
    if "contacts" in asked_with:
        embedded["contacts"] = [{"id": c, "is_main": n == 0} for n, c in enumerate(record["_contacts"])]
    if "loss_reason" in asked_with:
        reason = account.loss_reasons.one(record["loss_reason_id"] or 0)
        embedded["loss_reason"] = [reason] if reason else []
    return shown | {"_embedded": embedded}


def show_contact(account: AmoAccount, record: Record, asked_with: frozenset[str]) -> Record:
    embedded: Record = {"tags": [], "companies": []}
    if "leads" in asked_with:
        embedded["leads"] = [
            {"id": lead_id} for lead_id in record.get("_leads") or account.leads_of_contact(record["id"])
        ]
    return public(record) | {"_embedded": embedded}


def show_event(_account: AmoAccount, record: Record, _asked_with: frozenset[str]) -> Record:
    return record | {"_embedded": {"entity": {"id": record["entity_id"]}}}


def show_unsorted(_account: AmoAccount, record: Record, _asked_with: frozenset[str]) -> Record:
    shown = public(record)
    del shown["id"]
    return shown | {"_embedded": {"leads": [{"id": record["_lead"]}], "contacts": [], "companies": []}}


def show_pipeline(pipeline: Record) -> Record:
    return public(pipeline) | {"_embedded": {"statuses": pipeline["_statuses"]}}
