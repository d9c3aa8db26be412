"""The history of a lead: what Odoo tracks of its state, change by change, and what that says has happened to it.

A change of state writes the lead too, in one transaction: whoever reads the leads of a window with their history
has missed no change. Where tracking was switched off, as for a load of old leads, the dates of the card stand in.
Times stay texts, as Odoo writes them: they sort, and a page of them is read at once.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

from planerka.crm.cards import STEPS
from planerka.crm.events import Row, event_row
from planerka.crm.odoo.account import LEAD, Account
from planerka.crm.odoo.client import Json, Odoo
from planerka.crm.odoo.flat import STATE, status_of
from planerka.model import ActorKind, EventKind, LeadStatus

ODOOBOT = 1
"""Who acts where nobody does: rules, scheduled jobs, leads of a form."""

VALUES = tuple(f"{side}_value_{kind}" for side in ("old", "new") for kind in ("integer", "char"))

State = dict[str, Any]


class Change(NamedTuple):
    """One transaction that changed the state of a lead: the fields that it changed, as they were and as they became."""

    message_id: int
    at: str
    actor_id: int
    before: State
    after: State


async def changes_of(odoo: Odoo, account: Account, leads: Sequence[Json]) -> dict[int, list[Change]]:
    """The changes of each lead, oldest first; none where the key may not read them."""
    if account.tracked is None:
        return {}
    ids = [lead["id"] for lead in leads]
    domain = [["model", "=", LEAD], ["res_id", "in", ids], ["tracking_value_ids.field_id", "in", list(account.tracked)]]
    found: dict[int, list[Change]] = {}
    async for messages in odoo.pages("mail.message", domain, ["res_id", "create_date", "create_uid"]):
        changes = {m["id"]: Change(m["id"], m["create_date"], m["create_uid"], {}, {}) for m in messages}
        await fill(changes, odoo, account)
        for message in messages:
            found.setdefault(message["res_id"], []).append(changes[message["id"]])
    return found


async def fill(changes: dict[int, Change], odoo: Odoo, account: Account) -> None:
    """What each of the changes, by its message, has changed. Ids, with 0 for nothing, are integers; the outcome is a
    word.
    """
    tracked, outcomes = account.tracked or {}, account.outcomes
    domain = [["mail_message_id", "in", list(changes)], ["field_id", "in", list(tracked)]]
    async for page in odoo.pages("mail.tracking.value", domain, ["mail_message_id", "field_id", *VALUES]):
        for row in page:
            name, change = tracked.get(row["field_id"]), changes.get(row["mail_message_id"])
            if name is None or change is None:
                raise odoo.unasked("mail.tracking.value", row)
            if name == "won_status":
                old, new = row["old_value_char"], row["new_value_char"]
                change.before[name], change.after[name] = outcomes.get(old, old), outcomes.get(new, new)
            else:
                change.before[name], change.after[name] = row["old_value_integer"], row["new_value_integer"]
    for change in changes.values():
        complete(change.before, change.after)


def complete(before: State, after: State) -> None:
    """Before Odoo tracked the outcome it was to be seen by a reason that came or went together with the archiving."""
    was_active, is_active = before.pop("active", None), after.pop("active", None)
    if was_active is None or "won_status" in after:
        return
    had_reason, has_reason = before.get("lost_reason_id"), after.get("lost_reason_id")
    if has_reason and not is_active:
        before["won_status"], after["won_status"] = "pending", "lost"
    if had_reason and not has_reason and is_active:
        before["won_status"], after["won_status"] = "lost", "pending"


class Owners:
    """Who owned a lead since when."""

    def __init__(self, lead_id: str, at: str, owner: Any) -> None:
        self.lead_id, self.since = lead_id, [(at, owner)]

    def at(self, at: str) -> str | None:
        """The owner then; the first one where it was before anything that is known."""
        return key_of(next((owner for since, owner in reversed(self.since) if since <= at), self.since[0][1]))


class Life:
    """One lead: its states in the order of time, and its events."""

    def __init__(self, lead: Json, changes: Sequence[Change], codes: dict[str, str], staff: Collection[int]) -> None:
        """A lead inherits the history of those that were merged into it: what is older than itself is not its own."""
        self.lead, self.codes, self.staff = lead, codes, staff
        self.id, self.created_at = str(lead["id"]), lead["create_date"]
        self.changes = [change for change in changes if change.at >= self.created_at]
        self.first: State = {name: lead[name] for name in STATE}
        for change in reversed(self.changes):
            self.first |= change.before
        self.owners = Owners(self.id, self.created_at, self.first["user_id"])

    def events(self) -> list[Row]:
        """Everything that the state of the lead went through."""
        state, found = self.first, [*self.beginning()]
        for change in self.changes:
            before = state | change.before
            state = before | change.after
            if state["user_id"] != before["user_id"]:
                self.owners.since.append((change.at, state["user_id"]))
            found += self.told_by(change, before, state)
        return [*found, *self.untold(found)]

    def beginning(self) -> Iterator[Row]:
        made = Change(0, self.created_at, self.lead["create_uid"], {}, {})
        owner = self.first["user_id"]
        yield self.event(made, EventKind.CREATED, owner, id=f"{self.id}:created")
        if owner:
            yield self.event(made, EventKind.ASSIGNED, owner, id=f"{self.id}:assigned")

    def told_by(self, change: Change, before: State, after: State) -> Iterator[Row]:
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
            was_owned = any(former for _, former in self.owners.since[:-1])
            kind = EventKind.OWNER_CHANGED if was_owned else EventKind.ASSIGNED
            yield self.event(change, kind, after["user_id"])

    def untold(self, found: list[Row]) -> Iterator[Row]:
        """What the card says and no change does; its ids are `<lead>:<kind>`."""
        milestone = STEPS.get(self.codes.get(str(self.lead["stage_id"]), ""))
        if milestone and all(row["kind"] != milestone for row in found):
            yield self.by_card(milestone, "date_last_stage_update")
        if self.is_rejected(self.lead) and not self.is_told(found):
            yield self.by_card(EventKind.REJECTED, "date_closed", reason_id=key_of(self.lead["lost_reason_id"]))

    def is_told(self, found: list[Row]) -> bool:
        """Whether history has the rejection that the card shows: it ends with it, or with a return to work that came
        between the reading of the card and that of the history.
        """
        outcomes = [row for row in found if row["kind"] in (EventKind.REJECTED, EventKind.REOPENED)]
        return any(row["kind"] == EventKind.REJECTED or row["at"] >= self.lead["write_date"] for row in outcomes[-1:])

    def by_card(self, kind: EventKind, date: str, **more: Any) -> Row:
        """An event that a date of the card stands for; who did it is not known."""
        at = self.lead[date] or self.lead["date_last_stage_update"] or self.created_at
        change = Change(0, at, 0, {}, {})
        return self.event(change, kind, self.lead["user_id"], id=f"{self.id}:{kind}", **more)

    def event(self, change: Change, kind: EventKind, owner: Any, **more: Any) -> Row:
        told = event_row(f"m{change.message_id}:{kind}", self.id, kind, change.at, key_of(owner))
        return told | acted(change.actor_id, self.staff) | more

    def is_rejected(self, state: State) -> bool:
        return status_of(state["won_status"], state["stage_id"], self.codes) == LeadStatus.REJECTED


def key_of(value: Any) -> str | None:
    """An id; Odoo's false and 0 are nothing."""
    return str(value) if value else None


def acted(user_id: Any, staff: Collection[int]) -> Row:
    """Who did it. A portal user is a client, whose number and name are not for planerka."""
    if user_id not in staff:
        return {"actor_kind": str(ActorKind.UNKNOWN)}
    return {"actor_id": str(user_id), "actor_kind": str(ActorKind.ROBOT if user_id == ODOOBOT else ActorKind.PERSON)}
