"""What was said and done about a lead: mails, calls and meetings that are done, tasks."""

from collections.abc import Callable
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from planerka.clock import start_of
from planerka.crm.events import Row, event_row
from planerka.crm.odoo.account import LEAD, Account
from planerka.crm.odoo.client import Json, written
from planerka.crm.odoo.history import Owners, acted
from planerka.model import EventKind

SENT = ("email_outgoing", "sms")
SAID = [
    ["model", "=", LEAD],
    "|",
    ["mail_activity_type_id.category", "in", ["phonecall", "meeting"]],
    "|",
    ["message_type", "in", ["email", *SENT]],
    "&",
    ["message_type", "=", "comment"],
    ["notified_partner_ids.partner_share", "=", True],
]
"""Of all that stands under a lead: done calls and meetings, mails, what was written there and sent to the client."""
SAID_FIELDS = ("res_id", "date", "create_date", "create_uid", "author_id", "message_type", "mail_activity_type_id")

PLANNED = [["res_model", "=", LEAD]]
PLANNED_FIELDS = ("res_id", "create_date", "create_uid", "date_deadline", "active")

DONE = {"phonecall": EventKind.CALL_OUT, "meeting": EventKind.MEETING_HELD}


class Happenings:
    """Rows of messages and activities as events, for leads whose owners are known."""

    def __init__(self, account: Account, categories: dict[int, str], zone: ZoneInfo) -> None:
        """`categories` are those of the types of activity, by their id."""
        self.account, self.categories, self.zone = account, categories, zone

    def said(self, row: Json, owners: Owners) -> Row:
        """A mail has the time that stands in it, unless that is later than when it came."""
        recorded_at = row["create_date"]
        at = min(row["date"] or recorded_at, recorded_at)
        author = self.account.colleagues.get(row["author_id"])
        kind = DONE.get(self.categories.get(row["mail_activity_type_id"], ""))
        if kind is None:
            is_ours = author or row["message_type"] in SENT
            kind = EventKind.MESSAGE_OUT if is_ours else EventKind.MESSAGE_IN
        actor = author if author or kind == EventKind.MESSAGE_IN else row["create_uid"]
        told = event_row(f"m{row['id']}:{kind}", owners.lead_id, kind, at, owners.at(at), recorded_at=recorded_at)
        return told | acted(actor, self.account.staff)

    def planned(self, row: Json, owners: Owners) -> Row:
        """A task is due until the end of its day; one that was done, as a call that is only logged, until then."""
        at = row["create_date"]
        due_at = written(start_of(date.fromisoformat(row["date_deadline"]) + timedelta(days=1), self.zone))
        if not row["active"]:
            due_at = min(due_at, row["write_date"])
        told = event_row(f"a{row['id']}", owners.lead_id, EventKind.TASK_SET, at, owners.at(at), due_at=due_at)
        return told | acted(row["create_uid"], self.account.staff)


def told(rows: list[Json], owners: dict[int, Owners], of: Callable[[Json, Owners], Row]) -> list[Row]:
    """The events of the rows whose lead is known: others stand under leads that are gone, or not of sales."""
    return [of(row, owners[row["res_id"]]) for row in rows if row["res_id"] in owners]
