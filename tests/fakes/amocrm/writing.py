"""PATCH and POST: checked as a whole, then written as a whole; `request_id` is echoed and guards against nothing."""

from typing import Any

from tests.fakes.amocrm.account import AmoAccount
from tests.fakes.amocrm.answers import Answer, found, invalid, problem, reason_without_loss
from tests.fakes.amocrm.reading import Call
from tests.fakes.amocrm.rows import Record
from tests.fakes.amocrm.state import LOST, Stage

MOST_RECORDS_N = 250

HEAVY_RECORDS_N = 50
"""A write of more is carried out, and takes longer than nginx waits for it."""

Error = tuple[int, str, str]
"""Number of the record in its request, path, code."""


def patch_lead(account: AmoAccount, call: Call, key: str) -> Answer:
    if not isinstance(call.body, dict):
        return problem(400, "Invalid request body")
    return update_leads(account, [call.body | {"id": int(key)}], call.by)


def patch_leads(account: AmoAccount, call: Call) -> Answer:
    refused = not_records(call.body)
    return refused or update_leads(account, call.body, call.by)


def not_records(body: Any) -> Answer | None:
    """The refusal of a body that is no array of records, or of too many."""
    if not isinstance(body, list) or not all(isinstance(record, dict) for record in body):
        return invalid((0, "", "InvalidType"))
    return problem(400, "Invalid request body") if not 0 < len(body) <= MOST_RECORDS_N else None


def update_leads(account: AmoAccount, changes: list[Record], by: int) -> Answer:
    """Write all of the changes or, when one of them does not pass, none."""
    errors = [error for n, change in enumerate(changes) for error in errors_of_change(account, n, change)]
    if errors:
        return invalid(*errors)
    unlost = [c["id"] for c in changes if "loss_reason_id" in c and stage_after(account, c)[1] != LOST]
    if unlost:
        return reason_without_loss(unlost)
    for change in changes:
        account.change_lead(change["id"], by=by, **arguments(account, change))
    written = [
        {"id": c["id"], "updated_at": account.leads[c["id"]]["updated_at"], "request_id": request_id(n, c)}
        for n, c in enumerate(changes)
    ]
    return found({"_embedded": {"leads": written}})


def request_id(number: int, record: Record) -> str:
    return str(record.get("request_id", number))


def stage_after(account: AmoAccount, change: Record) -> Stage:
    lead = account.leads[change["id"]]
    after = lead | change
    return after["pipeline_id"], after["status_id"]


def errors_of_change(account: AmoAccount, number: int, change: Record) -> list[Error]:
    """What is wrong with one change: no such lead, stage, reason or active user. "Неразобранное" is no choice."""
    if change.get("id") not in account.leads:
        return [(number, "id", "NotSupportedChoice")]
    wrong = []
    status = account.status(stage_after(account, change))
    if {"status_id", "pipeline_id"} & change.keys() and (status is None or status["type"] == 1):
        wrong.append("status_id")
    if "responsible_user_id" in change and not is_active(account, change["responsible_user_id"]):
        wrong.append("responsible_user_id")
    if change.get("loss_reason_id") is not None and change["loss_reason_id"] not in account.loss_reasons:
        wrong.append("loss_reason_id")
    wrong += [f"custom_fields_values.{n}.field_id" for n in unknown_fields(account, change)]
    return [(number, path, "NotSupportedChoice") for path in wrong]


def unknown_fields(account: AmoAccount, change: Record) -> list[int]:
    fields = change.get("custom_fields_values") or []
    return [n for n, field in enumerate(fields) if field.get("field_id") not in account.fields]


def is_active(account: AmoAccount, user_id: object) -> bool:
    return isinstance(user_id, int) and user_id in account.users and account.users[user_id]["rights"]["is_active"]


def arguments(account: AmoAccount, change: Record) -> dict[str, Any]:
    """A change as `AmoAccount.change_lead` takes it."""
    made: dict[str, Any] = {name: change[name] for name in ("name", "price") if name in change}
    if {"status_id", "pipeline_id"} & change.keys():
        made["stage"] = stage_after(account, change)
    if "responsible_user_id" in change:
        made["responsible"] = change["responsible_user_id"]
    if change.get("loss_reason_id"):
        made["loss_reason"] = change["loss_reason_id"]
    if change.get("custom_fields_values"):
        fields = change["custom_fields_values"]
        made["fields"] = {f["field_id"]: [v["value"] for v in f["values"] or ()] or None for f in fields}
    return made


def post_notes(account: AmoAccount, call: Call, entity: str, key: str | None = None) -> Answer:
    refused = not_records(call.body)
    if refused:
        return refused
    asked = [record | ({"entity_id": int(key)} if key else {}) for record in call.body]
    owners = {"leads": account.leads, "contacts": account.contacts}[entity]
    errors: list[Error] = [
        (n, "entity_id", "NotSupportedChoice") for n, note in enumerate(asked) if note.get("entity_id") not in owners
    ]
    errors += [(n, "params.text", "NotBlank") for n, note in enumerate(asked) if is_blank(note)]
    if errors:
        return invalid(*errors)
    ids = [account.add_note(a["entity_id"], a["note_type"], a["params"], by=call.by, entity=entity) for a in asked]
    return created("notes", ids, asked)


def is_blank(note: Record) -> bool:
    """A note without its type, or a common one without text."""
    kind, params = note.get("note_type"), note.get("params")
    return not kind or not isinstance(params, dict) or (kind == "common" and not params.get("text"))


def post_tasks(account: AmoAccount, call: Call) -> Answer:
    refused = not_records(call.body)
    errors = [] if refused else [e for n, task in enumerate(call.body) for e in errors_of_task(account, n, task)]
    if refused or errors:
        return refused or invalid(*errors)
    ids = [
        account.add_task(
            task.get("entity_id", 0),
            task["text"],
            complete_till=task["complete_till"],
            responsible=task.get("responsible_user_id"),
            by=call.by,
            kind=task.get("task_type_id", 1),
            entity=task.get("entity_type", "leads"),
        )
        for task in call.body
    ]
    return created("tasks", ids, call.body)


def errors_of_task(account: AmoAccount, number: int, task: Record) -> list[Error]:
    blank: list[Error] = [(number, name, "NotBlank") for name in ("text", "complete_till") if not task.get(name)]
    if "responsible_user_id" in task and not is_active(account, task["responsible_user_id"]):
        blank.append((number, "responsible_user_id", "NotSupportedChoice"))
    if "entity_id" in task and task["entity_id"] not in account.leads and task["entity_id"] not in account.contacts:
        blank.append((number, "entity_id", "NotSupportedChoice"))
    return blank


def created(name: str, ids: list[int], asked: list[Record]) -> Answer:
    """The ids, with what the client called its records: to send them again makes them again."""
    made = [
        {"id": record_id, "request_id": request_id(n, record)}
        | ({"entity_id": record["entity_id"]} if name == "notes" else {})
        for n, (record_id, record) in enumerate(zip(ids, asked, strict=True))
    ]
    return found({"_embedded": {name: made}})
