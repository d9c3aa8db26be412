"""What was said and done about a lead: mails, calls and meetings that are done, tasks."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from planerka.clock import start_of
from planerka.crm.odoo.account import LEAD, Account
from planerka.crm.odoo.client import Json, instant
from planerka.crm.odoo.history import Life, acted, event
from planerka.model import Event, EventKind

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
PLANNED_FIELDS = ("res_id", "create_date", "create_uid", "date_deadline")

DONE = {"phonecall": EventKind.CALL_OUT, "meeting": EventKind.MEETING_HELD}


class Happenings:
    """Rows of messages and activities as events, for leads whose life is known."""

    def __init__(self, account: Account, categories: dict[int, str], zone: ZoneInfo) -> None:
        """`categories` are those of the types of activity, by their id."""
        self.account, self.categories, self.zone = account, categories, zone

    def said(self, row: Json, life: Life) -> Event:
        """A mail has the time that stands in it, unless that is later than when it came."""
        recorded_at = instant(row["create_date"])
        at = min(instant(row["date"] or row["create_date"]), recorded_at)
        author = self.account.colleagues.get(row["author_id"])
        kind = DONE.get(self.categories.get(row["mail_activity_type_id"], ""))
        if kind is None:
            is_ours = author or row["message_type"] in SENT
            kind = EventKind.MESSAGE_OUT if is_ours else EventKind.MESSAGE_IN
        actor = author if author or kind == EventKind.MESSAGE_IN else row["create_uid"]
        said = {"recorded_at": recorded_at, **acted(actor, self.account.staff)}
        return event(f"m{row['id']}:{kind}", life.id, kind, at, life.owner_at(at), **said)

    def planned(self, row: Json, life: Life) -> Event:
        """A task, whatever became of it; it is due until the end of its day."""
        at, actor = instant(row["create_date"]), row["create_uid"]
        due_at = start_of(date.fromisoformat(row["date_deadline"]) + timedelta(days=1), self.zone)
        more = {"due_at": due_at, **acted(actor, self.account.staff)}
        return event(f"a{row['id']}", life.id, EventKind.TASK_SET, at, life.owner_at(at), **more)


def told(rows: list[Json], lives: dict[int, Life], of: Callable[[Json, Life], Event]) -> Iterator[Event]:
    """The events of the rows whose lead is known: others stand under leads that are gone, or not of sales."""
    for row in rows:
        if row["res_id"] in lives:
            yield of(row, lives[row["res_id"]])
