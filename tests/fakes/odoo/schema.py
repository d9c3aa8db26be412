"""The models a connector meets, with the fields, titles and orders that the real ones have."""

from dataclasses import dataclass, field
from functools import partial

from tests.fakes.odoo.fields import Field

Fields = dict[str, Field]

char = partial(Field, type="char")
text = partial(Field, type="text")
html = partial(Field, type="html")
integer = partial(Field, type="integer")
number = partial(Field, type="float")
reference = partial(Field, type="many2one_reference")
boolean = partial(Field, type="boolean")
instant = partial(Field, type="datetime")
day = partial(Field, type="date")
choice = partial(Field, type="selection")
one = partial(Field, type="many2one")
many = partial(Field, type="one2many", is_computed=True)

ACTIVE = boolean(string="Active", default=True)


@dataclass(frozen=True, kw_only=True)
class Model:
    title: str
    fields: Fields
    order: str = "id"
    called: str = "name"
    """The field whose value names a row."""
    all_fields: Fields = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "all_fields", {"id": integer(string="ID", is_readonly=True)} | self.fields | MAGIC)


MAGIC: Fields = {
    "display_name": char(string="Display Name", is_computed=True, is_readonly=True),
    "create_uid": one(string="Created by", relation="res.users", is_readonly=True),
    "create_date": instant(string="Created on", is_readonly=True),
    "write_uid": one(string="Last Updated by", relation="res.users", is_readonly=True),
    "write_date": instant(string="Last Updated on", is_readonly=True),
}

LEAD: Fields = {
    "name": char(string="Opportunity", is_required=True),
    "user_id": one(string="Salesperson", relation="res.users", tracking=100),
    "team_id": one(string="Sales Team", relation="crm.team", tracking=100),
    "company_id": one(string="Company", relation="res.company"),
    "company_currency": one(string="Currency", relation="res.currency", is_computed=True, is_readonly=True),
    "description": html(string="Notes"),
    "active": boolean(string="Active", default=True, tracking=72),
    "type": choice(
        string="Type",
        choices=(("lead", "Lead"), ("opportunity", "Opportunity")),
        is_required=True,
        tracking=15,
    ),
    "priority": choice(
        string="Priority", choices=(("0", "Low"), ("1", "Medium"), ("2", "High"), ("3", "Very High")), default="0"
    ),
    "stage_id": one(string="Stage", relation="crm.stage", tracking=100),
    "expected_revenue": Field(type="monetary", string="Expected Revenue", tracking=100),
    "date_closed": instant(string="Closed Date", is_readonly=True),
    "date_open": instant(string="Assignment Date", is_readonly=True),
    "date_last_stage_update": instant(string="Last Stage Update", is_readonly=True),
    "date_conversion": instant(string="Conversion Date", is_readonly=True),
    "date_deadline": day(string="Expected Closing"),
    "partner_id": one(string="Contact", relation="res.partner", tracking=10),
    "contact_name": char(string="Contact Name", tracking=30),
    "partner_name": char(string="Company Name", tracking=20),
    "email_from": char(string="Email", tracking=40),
    "phone": char(string="Phone", tracking=50),
    "phone_sanitized": char(string="Sanitized Number", is_readonly=True),
    "city": char(string="City"),
    "referred": char(string="Referred By"),
    "probability": number(string="Probability"),
    "automated_probability": number(string="Automated Probability", is_readonly=True),
    "won_status": choice(
        string="Won/Lost",
        choices=(("won", "Won"), ("lost", "Lost"), ("pending", "Pending")),
        is_readonly=True,
        tracking=70,
    ),
    "lost_reason_id": one(string="Lost Reason", relation="crm.lost.reason", tracking=71),
    "source_id": one(string="Source", relation="utm.source"),
    "medium_id": one(string="Medium", relation="utm.medium"),
    "campaign_id": one(string="Campaign", relation="utm.campaign"),
    "message_ids": many(string="Messages", relation="mail.message"),
    "activity_ids": many(string="Activities", relation="mail.activity"),
}

MESSAGE: Fields = {
    "subject": char(string="Subject"),
    "date": instant(string="Date"),
    "body": html(string="Contents", default=""),
    "model": char(string="Related Document Model"),
    "res_id": reference(string="Related Document ID"),
    "record_name": char(string="Message Record Name", is_computed=True, is_readonly=True),
    "message_type": choice(
        string="Type",
        choices=(
            ("email", "Incoming Email"),
            ("comment", "Comment"),
            ("email_outgoing", "Outgoing Email"),
            ("notification", "System notification"),
            ("auto_comment", "Automated Targeted Notification"),
            ("out_of_office", "Out-of-office Message"),
            ("user_notification", "User Specific Notification"),
            ("sms", "SMS"),
            ("snailmail", "Snailmail"),
        ),
        is_required=True,
        default="comment",
    ),
    "subtype_id": one(string="Subtype", relation="mail.message.subtype"),
    "mail_activity_type_id": one(string="Mail Activity Type", relation="mail.activity.type"),
    "is_internal": boolean(string="Employee Only"),
    "author_id": one(string="Author", relation="res.partner"),
    "email_from": char(string="From"),
    "notified_partner_ids": Field(type="many2many", string="Partners with Need Action", relation="res.partner"),
    "tracking_value_ids": many(string="Tracking values", relation="mail.tracking.value"),
}

TRACKING: Fields = {
    "field_id": one(string="Field", relation="ir.model.fields", is_readonly=True),
    "old_value_integer": integer(string="Old Value Integer", is_readonly=True),
    "old_value_float": number(string="Old Value Float", is_readonly=True),
    "old_value_char": char(string="Old Value Char", is_readonly=True),
    "old_value_text": text(string="Old Value Text", is_readonly=True),
    "old_value_datetime": instant(string="Old Value DateTime", is_readonly=True),
    "new_value_integer": integer(string="New Value Integer", is_readonly=True),
    "new_value_float": number(string="New Value Float", is_readonly=True),
    "new_value_char": char(string="New Value Char", is_readonly=True),
    "new_value_text": text(string="New Value Text", is_readonly=True),
    "new_value_datetime": instant(string="New Value Datetime", is_readonly=True),
    "currency_id": one(string="Currency", relation="res.currency", is_readonly=True),
    "mail_message_id": one(string="Message ID", relation="mail.message", is_required=True),
}

ACTIVITY: Fields = {
    "res_model": char(string="Related Document Model", is_readonly=True),
    "res_model_id": one(string="Document Model", relation="ir.model"),
    "res_id": reference(string="Related Document ID"),
    "res_name": char(string="Document Name", is_readonly=True),
    "activity_type_id": one(string="Activity Type", relation="mail.activity.type"),
    "summary": char(string="Summary"),
    "note": html(string="Note"),
    "date_deadline": day(string="Due Date", is_required=True),
    "date_done": day(string="Done Date", is_readonly=True),
    "feedback": text(string="Feedback"),
    "automated": boolean(string="Automated activity", is_readonly=True),
    "user_id": one(string="Assigned to", relation="res.users"),
    "state": choice(
        string="State",
        choices=(("overdue", "Overdue"), ("today", "Today"), ("planned", "Planned"), ("done", "Done")),
        is_computed=True,
        is_readonly=True,
    ),
    "active": ACTIVE,
}

USER: Fields = {
    "name": char(string="Name", is_required=True),
    "login": char(string="Login", is_required=True),
    "active": ACTIVE,
    "tz": char(string="Timezone"),
    "lang": char(string="Language", default="en_US"),
    "share": boolean(string="Share User", is_readonly=True),
    "partner_id": one(string="Related Partner", relation="res.partner"),
    "company_id": one(string="Company", relation="res.company"),
}

FIELD: Fields = {
    "name": char(string="Field Name", is_required=True),
    "field_description": char(string="Field Label"),
    "model": char(string="Model Name"),
    "ttype": char(string="Field Type"),
    "relation": char(string="Related Model"),
    "state": char(string="Type", default="base"),
    "tracking": integer(string="Enable Ordered Tracking"),
    "store": boolean(string="Stored"),
    "readonly": boolean(string="Readonly"),
    "required": boolean(string="Required"),
}


def named(title: str, /, **more: Field) -> Model:
    """A list of names; the extra fields it has are few."""
    order = "sequence, name, id" if "sequence" in more else "name" if title == "Medium" else "id"
    return Model(title=title, fields={"name": char(string="Name", is_required=True)} | more, order=order)


MODELS = {
    "crm.lead": Model(title="Lead", fields=LEAD, order="priority desc, id desc"),
    "crm.stage": named(
        "CRM Stages",
        sequence=integer(string="Sequence", default=1),
        is_won=boolean(string="Is Won Stage?"),
        fold=boolean(string="Folded in Pipeline"),
        team_ids=Field(type="many2many", string="Sales Teams", relation="crm.team"),
    ),
    "crm.lost.reason": named("Opp. Lost Reason", active=ACTIVE),
    "crm.team": named("Sales Team", sequence=integer(string="Sequence", default=10), active=ACTIVE),
    "utm.source": named("UTM Source"),
    "utm.medium": named("UTM Medium", active=ACTIVE),
    "utm.campaign": named("UTM Campaign", title=char(string="Campaign Name"), active=ACTIVE),
    "res.users": Model(title="User", fields=USER, order="name, login"),
    "res.partner": named(
        "Contact",
        phone=char(string="Phone"),
        email=char(string="Email"),
        partner_share=boolean(string="Share Partner", default=True),
        active=ACTIVE,
    ),
    "res.lang": named("Languages", code=char(string="Locale Code"), active=ACTIVE),
    "res.company": named("Companies", currency_id=one(string="Currency", relation="res.currency")),
    "res.currency": named(
        "Currency", symbol=char(string="Symbol"), rounding=number(string="Rounding Factor"), active=ACTIVE
    ),
    "mail.message": Model(title="Message", fields=MESSAGE, order="id desc", called="subject"),
    "mail.message.subtype": named(
        "Message subtypes", res_model=char(string="Model"), internal=boolean(string="Internal Only")
    ),
    "mail.tracking.value": Model(title="Mail Tracking Value", fields=TRACKING, order="id desc", called="field_id"),
    "mail.activity": Model(title="Activity", fields=ACTIVITY, order="date_deadline, id", called="summary"),
    "mail.activity.type": named(
        "Activity Type", category=char(string="Action"), icon=char(string="Icon"), active=ACTIVE
    ),
    "ir.model": named("Models", model=char(string="Model")),
    "ir.model.fields": Model(title="Fields", fields=FIELD, order="name, id"),
}
