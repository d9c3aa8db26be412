"""What is said under a record: notes, done activities, and the history of the fields that are tracked."""

import html
import re
from typing import Any

from tests.fakes.odoo.errors import client_mistake, is_restricted
from tests.fakes.odoo.records import Ids, Records, display_name
from tests.fakes.odoo.tables import Row, Session

SUBTYPES = {
    "mail.mt_comment": 1,
    "mail.mt_note": 2,
    "mail.mt_activities": 3,
    "crm.mt_lead_create": 5,
    "crm.mt_lead_stage": 6,
    "crm.mt_lead_won": 7,
    "crm.mt_lead_lost": 8,
    "crm.mt_lead_restored": 9,
}
ACTIVITY_TYPES = {
    "mail.mail_activity_data_email": 1,
    "mail.mail_activity_data_call": 2,
    "mail.mail_activity_data_meeting": 3,
    "mail.mail_activity_data_todo": 4,
}
POSTED = {"author_id", "email_from", "mail_activity_type_id", "partner_ids", "attachment_ids", "parent_id"}
SCRIPT = re.compile(r"<script.*?</script>|\son\w+=(\"[^\"]*\"|'[^']*')", re.DOTALL | re.IGNORECASE)


def tell_assigned(session: Session, lead: Row) -> None:
    """A new owner who is not the one acting is told under the lead itself."""
    if lead["user_id"] in (None, session.user_id) or session.context.get("tracking_disable"):
        return
    said = {"message_type": "user_notification", "is_internal": True}
    subject = f"You have been assigned to {lead['name']}"
    body = "<span>You have been assigned to the Lead.</span>"
    say(session, "crm.lead", lead["id"], body, "mail.mt_note", subject=subject, **said)


def sanitised(markup: str) -> str:
    """HTML as it is kept: without scripts, in an element."""
    clean = SCRIPT.sub("", markup)
    return clean if clean.startswith("<") else f"<p>{clean}</p>"


def say(session: Session, model: str, record_id: int, body: str, subtype: str, **more: Any) -> int:
    """A message under a record, which is not changed by it. Its date is when it was said, not when the call began."""
    values = {"model": model, "res_id": record_id, "body": body, "date": session.wall, "message_type": "notification"}
    author = session.get("res.users", session.user_id)["partner_id"]
    return session.insert("mail.message", values | {"subtype_id": SUBTYPES[subtype], "author_id": author} | more)


def track(session: Session) -> None:
    """The history of a transaction: one message a lead, with what each tracked field was before it and is now."""
    if session.context.get("tracking_disable") or session.context.get("mail_notrack"):
        return
    fields = session.model("crm.lead").fields
    tracked = sorted((name for name, f in fields.items() if f.tracking), key=lambda name: -fields[name].tracking)
    for (model, record_id), before in session.before.items():
        after = session.find(model, record_id)
        if model != "crm.lead" or after is None:
            continue
        changed = [name for name in tracked if before[name] != after[name]]
        if changed:
            message_id = say(session, model, record_id, "", subtype_of(changed, after))
            for name in changed:
                record_change(session, message_id, name, before, after)


def subtype_of(changed: list[str], after: Row) -> str:
    if "stage_id" in changed and after["won_status"] == "won":
        return "crm.mt_lead_won"
    if "lost_reason_id" in changed and after["lost_reason_id"]:
        return "crm.mt_lead_lost"
    if "stage_id" in changed:
        return "crm.mt_lead_stage"
    if "won_status" in changed:
        return "crm.mt_lead_lost" if after["won_status"] == "lost" else "crm.mt_lead_restored"
    return "mail.mt_note"


def record_change(session: Session, message_id: int, name: str, before: Row, after: Row) -> None:
    values = tracked_value(session, name, before[name], "old") | tracked_value(session, name, after[name], "new")
    currency = {"currency_id": 1} if name == "expected_revenue" else {}
    row = {"mail_message_id": message_id, "field_id": session.database.field_ids["crm.lead", name]}
    session.insert("mail.tracking.value", row | values | currency)


def tracked_value(session: Session, name: str, value: Any, side: str) -> Row:
    """Ids and flags are integers, with the name beside an id; a choice is words of a language, not its key."""
    field = session.model("crm.lead").fields[name]
    if field.type == "many2one":
        title = display_name(session, str(field.relation), value) if value else ""
        return {f"{side}_value_integer": value or 0, f"{side}_value_char": title}
    if field.type == "boolean":
        return {f"{side}_value_integer": int(value)}
    if field.type == "monetary":
        return {f"{side}_value_float": value}
    word = session.word(dict(field.choices).get(value, "")) if field.choices else value
    return {f"{side}_value_char": word}


class Thread(Records):
    """A record that things are said about."""

    def message_post(
        self,
        *,
        body: str = "",
        subject: str | None = None,
        message_type: str = "notification",
        subtype_xmlid: str | None = None,
        body_is_html: bool = False,
        **more: Any,
    ) -> Ids:
        """Text is escaped; an unknown subtype becomes a note in silence."""
        if len(self._ids) != 1:
            raise client_mistake(f"Expected singleton: {self._model}({', '.join(map(str, self._ids))})")
        if unknown := sorted(more.keys() - POSTED):
            raise client_mistake(f"Those values are not supported when posting or notifying: {', '.join(unknown)}")
        self._session.model("mail.message").fields["message_type"].taken("mail.message", "message_type", message_type)
        if self._session.find(self._model, self._ids[0]) is None or not self.has_access("read"):
            self._row(self._ids[0])
        markup = f"<span>{sanitised(body)}</span>" if body_is_html else f"<p>{html.escape(body, quote=False)}</p>"
        subtype = subtype_xmlid if subtype_xmlid in SUBTYPES else "mail.mt_note"
        said = {"message_type": message_type, "subject": subject, "notified_partner_ids": more.get("partner_ids")}
        said |= {"author_id": more["author_id"]} if "author_id" in more else {}
        return [say(self._session, self._model, self._ids[0], markup if body else "", subtype, **said)]

    def activity_schedule(
        self,
        act_type_xmlid: str = "",
        date_deadline: str | None = None,
        summary: str = "",
        note: str = "",
        **act_values: Any,
    ) -> Ids:
        """An unknown type becomes a to-do in silence; whoever is not asking is told by a message of their own."""
        type_id = ACTIVITY_TYPES.get(act_type_xmlid, act_values.pop("activity_type_id", None) or 4)
        deadline = date_deadline or self._session.today.isoformat()
        values = {"activity_type_id": type_id, "date_deadline": deadline, "summary": summary or None, "automated": True}
        values |= {
            "note": sanitised(note) if note else None,
            "res_model_id": self._session.database.model_ids[self._model],
        }
        made = [{"res_id": record_id, **values, **act_values} for record_id in self._ids]
        return Activities(self._session, "mail.activity", []).create(made)


class Activities(Records):
    """What somebody is to do about a record: done, it is archived, and a message says so."""

    def action_feedback(self, feedback: str | None = None, attachment_ids: Any = None) -> int | bool:
        self._demand("write")
        message_ids = [self._done(self._row(record_id), feedback) for record_id in self._ids]
        return message_ids[0] if message_ids else False

    def action_done(self) -> int | bool:
        return self.action_feedback()

    def _create(self, vals: Row) -> int:
        values: Row = {"date_deadline": self._session.today, "activity_type_id": 4} | self._taken(vals)
        model_id = values.get("res_model_id")
        about = self._session.get("ir.model", model_id)["model"] if model_id else None
        lead = self._session.find(about, values["res_id"]) if about in self._session.database.tables else None
        activity_id = self._session.insert("mail.activity", values | {"res_model": about})
        if lead is None:
            raise is_restricted("Activity", "create", [activity_id], self._session.user_id)
        self._session.update("mail.activity", activity_id, res_name=lead["name"])
        if values.get("user_id") not in (None, self._session.user_id):
            self._tell(self._session.get("mail.activity", activity_id))
        return activity_id

    def _tell(self, activity: Row) -> None:
        subject = f'"{activity["res_name"]}: {activity["summary"] or "Activity"}" assigned to you'
        body = f"<div>has just assigned you the following activity: {html.escape(activity['summary'] or '')}</div>"
        said = {"message_type": "user_notification", "subject": subject, "is_internal": True}
        say(self._session, activity["res_model"], activity["res_id"], body, "mail.mt_note", **said)

    def _done(self, activity: Row, feedback: str | None) -> int:
        """Archive it and say so; the message has the type of the activity, and all the rest as words."""
        session, kind = self._session, self._session.get("mail.activity.type", activity["activity_type_id"])
        done = {"active": False, "date_done": self._session.today, "feedback": feedback or None}
        session.update("mail.activity", activity["id"], **done)
        body = done_body(session, activity, kind, feedback)
        said = {"mail_activity_type_id": kind["id"]}
        return say(session, activity["res_model"], activity["res_id"], body, "mail.mt_activities", **said)


def done_body(session: Session, activity: Row, kind: Row, feedback: str | None) -> str:
    """Who did it is the author of the message; who was to do it is named only if that was somebody else."""
    icon = f'<span class="fa {kind["icon"]} fa-fw"></span>'
    body = f"<div>\n    <p>\n        {icon}<span>{session.word(kind['name'])}</span> done\n"
    if activity["user_id"] != session.user_id:
        assignee = display_name(session, "res.users", activity["user_id"]) if activity["user_id"] else ""
        body += f"         (originally assigned to {assignee and f'<span>{html.escape(str(assignee))}</span>'})\n"
    if activity["summary"]:
        body += f"        <span>: </span><span>{html.escape(activity['summary'])}</span>"
    body += "\n    </p>\n"
    if activity["note"]:
        original = '    \n        <div class="o_mail_note_title fw-bold">Original note:</div>\n'
        body += f"{original}        <div>{activity['note']}</div>\n"
    if feedback:
        words = html.escape(feedback, quote=False)
        body += f'    <div>\n        <div class="fw-bold">Feedback:</div>\n            {words}\n    </div>\n'
    return body + "</div>"


class Messages(Records):
    """Messages can be made and rewritten by hand: their date is whatever was said, create_date is not."""

    def _create(self, vals: Row) -> int:
        author = self._session.get("res.users", self._session.user_id)["partner_id"]
        values = {"date": self._session.wall, "author_id": author} | self._taken(vals)
        return self._session.insert(self._model, values | {"body": sanitised(values.get("body") or "")})

    def _write(self, record_id: int, values: Row) -> None:
        body = {"body": sanitised(values["body"] or "")} if "body" in values else {}
        super()._write(record_id, values | body)
