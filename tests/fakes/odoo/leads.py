"""The rules of crm.lead: what else changes when a lead changes."""

from typing import Any

from tests.fakes.odoo.chatter import Thread, say, tell_assigned
from tests.fakes.odoo.errors import user_error, validation_error
from tests.fakes.odoo.records import Ids
from tests.fakes.odoo.search import search
from tests.fakes.odoo.tables import Row

MERGED_BY_FIRST = (
    *("name", "partner_id", "campaign_id", "company_id", "team_id", "source_id", "medium_id", "stage_id", "user_id"),
    *("contact_name", "partner_name", "email_from", "phone", "city", "expected_revenue", "referred"),
)
MERGED_AT_ONCE_N = 5


class Leads(Thread):
    """A lead is won in a won stage with a probability of 100, lost when it is archived with one of 0, else pending."""

    def write(self, vals: Row) -> bool:
        self._demand("write")
        values = self._taken(vals)
        for record_id in self._ids:
            self._write(record_id, self._with_consequences(self._row(record_id), values))
        return True

    def unlink(self) -> bool:
        """All that was said about a lead goes with it, and nothing is left to tell of it."""
        super().unlink()
        for lead_id in self._ids:
            for model, field in (("mail.message", "model"), ("mail.activity", "res_model")):
                about = [["res_id", "=", lead_id], [field, "=", "crm.lead"]]
                self._forget(model, [*about, ["active", "in", [True, False]]] if model == "mail.activity" else about)
        return True

    def action_set_lost(self, **additional_values: Any) -> None:
        self.action_archive()
        self.write(additional_values | {"probability": 0, "automated_probability": 0})

    def action_unarchive(self) -> None:
        """The reason goes; the probability comes back, but for one that was set by hand."""
        for lead_id in [r for r in self._ids if not self._row(r)["active"]]:
            lead = self._on([lead_id])
            lead.write({"active": True})
            lead.write({"lost_reason_id": False})
            row, automated = self._row(lead_id), self._automated(self._row(lead_id)["stage_id"])
            self._session.update("crm.lead", lead_id, automated_probability=automated)
            if round(row["probability"], 2) == round(row["automated_probability"], 2):
                lead.write({"probability": automated})

    def action_restore(self) -> None:
        self._demand("write")
        self.action_unarchive()
        for lead_id in self._ids:
            self._on([lead_id]).write({"probability": self._row(lead_id)["automated_probability"]})

    def action_set_won(self) -> bool:
        self.action_unarchive()
        won = next(iter(search(self._session, "crm.stage", [["is_won", "=", True]])))
        return self.write({"stage_id": won["id"], "probability": 100})

    def merge_opportunity(self, user_id: Any = False, team_id: Any = False, auto_unlink: bool = True) -> Ids:
        """The most advanced of the leads takes over what the others have; the others are deleted without a trace."""
        if len(self._ids) <= 1:
            raise user_error("Select at least two Leads/Opportunities from the list to merge them.")
        if len(self._ids) > MERGED_AT_ONCE_N:
            raise user_error("To prevent data loss, Leads and Opportunities can only be merged by groups of 5.")
        head, *tail = sorted((self._row(record_id) for record_id in self._ids), key=self._confidence, reverse=True)
        merged = self._merged([head, *tail]) | {k: v for k, v in (("user_id", user_id), ("team_id", team_id)) if v}
        self._inherit(head["id"], tail)
        self._on([head["id"]]).write(merged)
        if auto_unlink:
            for lead in tail:
                self._session.delete("crm.lead", lead["id"])
        return [head["id"]]

    def _create(self, vals: Row) -> int:
        session, now = self._session, self._session.now
        taken = self._taken(vals)
        values: Row = {"user_id": session.user_id, "company_id": 1, "team_id": first_id(self, "crm.team")}
        values |= {"stage_id": first_id(self, "crm.stage"), "type": session.database.new_type, "active": True}
        values |= taken
        automated = self._automated(values["stage_id"])
        values.setdefault("probability", automated)
        values.setdefault("automated_probability", automated)
        values |= {"date_last_stage_update": now, "date_open": now if values["user_id"] else None}
        if values["probability"] >= 100 or not values["active"]:
            values["date_closed"] = session.wall
        lead_id = super()._create(values)
        session.update("crm.lead", lead_id, **self._partner_values(taken), **self._derived(lead_id))
        session.before.pop(("crm.lead", lead_id))
        tell_assigned(session, session.get("crm.lead", lead_id))
        if not session.context.get("tracking_disable"):
            body = '<div summary="o_mail_notification"><p>A new lead has been created.</p></div>'
            say(session, "crm.lead", lead_id, body, "crm.mt_lead_create")
        return lead_id

    def _write(self, record_id: int, values: Row) -> None:
        owner_id = self._row(record_id)["user_id"]
        super()._write(record_id, values)
        self._session.update("crm.lead", record_id, **self._derived(record_id))
        if values.get("user_id", owner_id) != owner_id:
            tell_assigned(self._session, self._row(record_id))

    def _with_consequences(self, lead: Row, values: Row) -> Row:
        """What is written beside what was asked: the dates of the stage, of the assignment and of the end."""
        values, now = values | self._partner_values(values), self._session.now
        is_moved = "stage_id" in values and lead["stage_id"] != values["stage_id"]
        if is_moved:
            values["date_last_stage_update"] = now
            automated = self._automated(values["stage_id"])
            is_by_hand = round(lead["probability"], 2) != round(lead["automated_probability"], 2)
            if self._is_won_stage(values["stage_id"]):
                values |= {"active": True, "probability": 100.0}
            elif not is_by_hand and lead["active"]:
                values.setdefault("probability", automated)
            values["automated_probability"] = automated
        if "user_id" in values and lead["user_id"] != values["user_id"]:
            values["date_open"] = now if values["user_id"] else None
        return values | self._closing(lead, values, is_moved)

    def _closing(self, lead: Row, values: Row, is_moved: bool) -> Row:
        """The date of the end is set by a probability of 100 or by archiving, and cleared by one above 0."""
        asked = values.get("probability", 0)
        if asked >= 100 or values.get("active") is False:
            return {} if is_moved and self._is_won_stage(lead["stage_id"]) else {"date_closed": self._session.wall}
        return {"date_closed": None} if asked > 0 or is_moved else {}

    def _derived(self, lead_id: int) -> Row:
        row = self._session.get("crm.lead", lead_id)
        is_won = self._is_won_stage(row["stage_id"])
        if is_won and row["probability"] != 100:
            raise validation_error("A lead in a Won stage cannot be lost. Move it to another stage first.")
        if not 0 <= row["probability"] <= 100:
            words = "The probability of closing the deal should be between 0% and 100%!"
            raise validation_error(f"The operation cannot be completed: {words}")
        is_lost = not row["active"] and row["probability"] == 0
        return {
            "won_status": "won" if is_won else "lost" if is_lost else "pending",
            "phone_sanitized": (row["phone"] or "").replace(" ", "").replace("-", "") or None,
        }

    def _partner_values(self, values: Row) -> Row:
        """A contact brings its phone, address and name."""
        if not values.get("partner_id"):
            return {}
        partner = self._session.get("res.partner", values["partner_id"])
        brought = {"phone": partner["phone"], "email_from": partner["email"], "contact_name": partner["name"]}
        return {name: value for name, value in brought.items() if name not in values and value}

    def _automated(self, stage_id: int | None) -> float:
        return 100.0 if self._is_won_stage(stage_id) else self._session.database.automated_probability

    def _is_won_stage(self, stage_id: int | None) -> bool:
        return bool(stage_id and self._session.get("crm.stage", stage_id)["is_won"])

    def _confidence(self, lead: Row) -> tuple:
        is_not_lost = lead["active"] or lead["type"] == "opportunity"
        stage = self._session.get("crm.stage", lead["stage_id"])
        return is_not_lost, lead["type"] == "opportunity", stage["sequence"], lead["probability"], lead["id"]

    def _merged(self, leads: list[Row]) -> Row:
        values = {n: next((lead[n] for lead in leads if lead[n]), None) for n in MERGED_BY_FIRST}
        values["type"] = "opportunity" if any(lead["type"] == "opportunity" for lead in leads) else "lead"
        values["description"] = "<br/><br/>".join(lead["description"] for lead in leads if lead["description"])
        reasons = [lead["lost_reason_id"] for lead in leads if lead["lost_reason_id"]]
        values["lost_reason_id"] = None if leads[0]["probability"] else next(iter(reasons), None)
        return {name: value for name, value in values.items() if leads[0][name] != value}

    def _inherit(self, head_id: int, tail: list[Row]) -> None:
        """Messages and activities of the others are under the head from now on."""
        for lead in tail:
            say(self._session, "crm.lead", head_id, f"<div>Merged {lead['name']} into this one.</div>", "mail.mt_note")
            for model, field in (("mail.message", "model"), ("mail.activity", "res_model")):
                for row in list(search(self._session, model, [["res_id", "=", lead["id"]], [field, "=", "crm.lead"]])):
                    self._session.update(model, row["id"], res_id=head_id)

    def _forget(self, model: str, domain: list) -> None:
        for row in list(search(self._session, model, domain)):
            self._session.delete(model, row["id"])
            if model == "mail.message":
                self._forget("mail.tracking.value", [["mail_message_id", "=", row["id"]]])


def first_id(leads: Leads, model: str) -> int | None:
    row = next(iter(search(leads._session, model, [])), None)
    return row["id"] if row else None
