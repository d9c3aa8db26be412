"""The history of a lead: what Odoo tracks of its state, change by change, and what that says has happened to it.

A change of state writes the lead too, in one transaction: whoever reads the leads of a window with their history
has missed no change. Where tracking was switched off, as for a load of old leads, the dates of the card stand in.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from planerka.crm.cards import STEPS
from planerka.crm.odoo.account import LEAD, Account
from planerka.crm.odoo.client import Json, Odoo, instant
from planerka.crm.odoo.flat import STATE, status_of
from planerka.model import ActorKind, Event, EventKind, LeadStatus

ODOOBOT = 1
"""Who acts where nobody does: rules, scheduled jobs, leads of a form."""

State = dict[str, Any]


@dataclass(frozen=True)
class Change:
    """One transaction that changed the state of a lead: by field the value before and after."""

    message_id: int
    at: datetime
    actor_id: int
    values: dict[str, tuple[Any, Any]]


async def changes_of(odoo: Odoo, account: Account, leads: Sequence[Json]) -> dict[int, list[Change]]:
    """The changes of each lead, oldest first; none where the key may not read them."""
    if account.tracked is None:
        return {}
    ids = [lead["id"] for lead in leads]
    domain = [["model", "=", LEAD], ["res_id", "in", ids], ["tracking_value_ids.field_id", "in", list(account.tracked)]]
    found: dict[int, list[Change]] = defaultdict(list)
    async for messages in odoo.pages("mail.message", domain, ["res_id", "create_date", "create_uid"]):
        values = await values_of(odoo, account, [message["id"] for message in messages])
        for message in messages:
            at, actor_id = instant(message["create_date"]), message["create_uid"]
            found[message["res_id"]].append(Change(message["id"], at, actor_id, values[message["id"]]))
    return found


async def values_of(odoo: Odoo, account: Account, message_ids: list[int]) -> dict[int, dict[str, tuple[Any, Any]]]:
    """Ids, with 0 for nothing, are integers; the outcome is a word."""
    tracked = account.tracked or {}
    names = [
        "mail_message_id",
        "field_id",
        *(f"{side}_value_{kind}" for side in ("old", "new") for kind in ("integer", "char")),
    ]
    domain = [["mail_message_id", "in", message_ids], ["field_id", "in", list(tracked)]]
    found: dict[int, dict[str, tuple[Any, Any]]] = defaultdict(dict)
    async for page in odoo.pages("mail.tracking.value", domain, names):
        for row in page:
            name = tracked[row["field_id"]]
            kind = "char" if name == "won_status" else "integer"
            before, after = (row[f"{side}_value_{kind}"] or False for side in ("old", "new"))
            outcomes: dict[Any, Any] = dict(account.outcomes) if name == "won_status" else {}
            found[row["mail_message_id"]][name] = (outcomes.get(before, before), outcomes.get(after, after))
    for values in found.values():
        complete(values)
    return found


def complete(values: dict[str, tuple[Any, Any]]) -> None:
    """Before Odoo tracked the outcome it was to be seen by a reason that came or went together with the archiving."""
    is_active = values.pop("active", None)
    had_reason, has_reason = values.get("lost_reason_id", (False, False))
    if is_active and "won_status" not in values:
        if has_reason and not is_active[1]:
            values["won_status"] = ("pending", "lost")
        if had_reason and not has_reason and is_active[1]:
            values["won_status"] = ("lost", "pending")


class Life:
    """One lead: its states in the order of time, and its events."""

    def __init__(self, lead: Json, changes: Sequence[Change], codes: dict[str, str], staff: Collection[int]) -> None:
        """A lead inherits the history of those that were merged into it: what is older than itself is not its own."""
        self.lead, self.codes, self.staff = lead, codes, staff
        self.id, self.created_at = str(lead["id"]), instant(lead["create_date"])
        self.changes = [change for change in changes if change.at >= self.created_at]
        first: State = {name: lead[name] for name in STATE}
        for change in reversed(self.changes):
            first |= {name: before for name, (before, _) in change.values.items()}
        self.first = first
        self.owners = [(self.created_at, first["user_id"])]

    def owner_at(self, at: datetime) -> str | None:
        """Who owned the lead then; the first owner where it was before anything that is known."""
        return key_of(next((owner for since, owner in reversed(self.owners) if since <= at), self.owners[0][1]))

    def events(self) -> list[Event]:
        """Everything that the state of the lead went through."""
        state, found = self.first, [*self.beginning()]
        for change in self.changes:
            before = state | {name: old for name, (old, _) in change.values.items()}
            state = before | {name: new for name, (_, new) in change.values.items()}
            if state["user_id"] != before["user_id"]:
                self.owners.append((change.at, state["user_id"]))
            found += self.told_by(change, before, state)
        return [*found, *self.untold(found)]

    def beginning(self) -> Iterator[Event]:
        made = Change(0, self.created_at, self.lead["create_uid"], {})
        owner = self.first["user_id"]
        yield self.event(made, EventKind.CREATED, owner, id=f"{self.id}:created")
        if owner:
            yield self.event(made, EventKind.ASSIGNED, owner, id=f"{self.id}:assigned")

    def told_by(self, change: Change, before: State, after: State) -> Iterator[Event]:
        old, new = before["stage_id"], after["stage_id"]
        owner = before["user_id"]
        if new != old:
            stages = {"from_stage_id": key_of(old), "to_stage_id": key_of(new)}
            yield self.event(change, EventKind.STAGE_CHANGED, owner, **stages)
            code = self.codes.get(str(new), "")
            if code in STEPS and code != self.codes.get(str(old)):
                yield self.event(change, STEPS[code], owner)
        was, now = self.is_rejected(before), self.is_rejected(after)
        if now and not was:
            yield self.event(change, EventKind.REJECTED, owner, reason_id=key_of(after["lost_reason_id"]))
        if was and not now:
            yield self.event(change, EventKind.REOPENED, after["user_id"])
        if after["user_id"] != owner:
            was_owned = any(former for _, former in self.owners[:-1])
            kind = EventKind.OWNER_CHANGED if was_owned else EventKind.ASSIGNED
            yield self.event(change, kind, after["user_id"])

    def untold(self, found: list[Event]) -> Iterator[Event]:
        """What the card says and no change does; its ids are `<lead>:<kind>`."""
        kinds = [event.kind for event in found]
        outcomes = [event for event in found if event.kind in (EventKind.REJECTED, EventKind.REOPENED)]
        milestone = STEPS.get(self.codes.get(str(self.lead["stage_id"]), ""))
        if milestone and milestone not in kinds:
            yield self.by_card(milestone, "date_last_stage_update")
        if self.is_rejected(self.lead) and not (outcomes and self.is_told_by(outcomes[-1])):
            yield self.by_card(EventKind.REJECTED, "date_closed", reason_id=key_of(self.lead["lost_reason_id"]))

    def is_told_by(self, last: Event) -> bool:
        """Whether history has the rejection that the card shows: it ends with it, or with a return to work that came
        between the reading of the card and that of the history.
        """
        return last.kind == EventKind.REJECTED or last.at >= instant(self.lead["write_date"])

    def by_card(self, kind: EventKind, date: str, **more: Any) -> Event:
        """An event that a date of the card stands for; who did it is not known."""
        at = self.lead[date] or self.lead["date_last_stage_update"] or self.lead["create_date"]
        change = Change(0, instant(at), 0, {})
        return self.event(change, kind, self.lead["user_id"], id=f"{self.id}:{kind}", **more)

    def event(self, change: Change, kind: EventKind, owner: Any, **more: Any) -> Event:
        known = {**acted(change.actor_id, self.staff), **more}
        return event(f"m{change.message_id}:{kind}", self.id, kind, change.at, key_of(owner), **known)

    def is_rejected(self, state: State) -> bool:
        return status_of(state["won_status"], state["stage_id"], self.codes) == LeadStatus.REJECTED


def key_of(value: Any) -> str | None:
    """An id; Odoo's false and 0 are nothing."""
    return str(value) if value else None


def acted(user_id: Any, staff: Collection[int]) -> dict[str, Any]:
    """Who did it. A portal user is a client, whose number and name are not for planerka."""
    if user_id not in staff:
        return {"actor_id": None, "actor_kind": ActorKind.UNKNOWN}
    return {"actor_id": str(user_id), "actor_kind": ActorKind.ROBOT if user_id == ODOOBOT else ActorKind.PERSON}


def event(key: str, lead_id: str, kind: EventKind, at: datetime, owner: str | None, **more: Any) -> Event:
    """An event of which nothing else is known than what is said."""
    unknown = dict.fromkeys(
        ("actor_id", "reason_id", "from_stage_id", "to_stage_id", "duration_s", "outcome", "due_at")
    )
    said = {"id": key, "lead_id": lead_id, "kind": kind, "at": at, "recorded_at": at, "manager_id": owner}
    return Event(**{**unknown, "actor_kind": ActorKind.UNKNOWN, **said, **more})
