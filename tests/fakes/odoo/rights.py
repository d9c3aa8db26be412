"""Who may do what: the groups that come with the CRM module, and the words of a refusal."""

from enum import StrEnum

from tests.fakes.odoo.errors import OdooError, access_error, client_mistake
from tests.fakes.odoo.tables import Row, Session


class Role(StrEnum):
    """A user's groups, as the settings of a user in Odoo offer them."""

    ADMINISTRATOR = "administrator"
    SALES_MANAGER = "sales_manager"
    SALES_ALL = "sales_all"
    SALES_OWN = "sales_own"
    EMPLOYEE = "employee"


SALES = {Role.SALES_MANAGER, Role.SALES_ALL, Role.SALES_OWN}
EVERYBODY = {*Role} - {Role.ADMINISTRATOR}
VERBS = {"read": "access", "write": "modify", "create": "create", "unlink": "delete"}

ADMIN_ONLY = {
    "mail.tracking.value": "Role / Administrator",
    "ir.model.fields": "Access Rights",
    "ir.model": "Access Rights",
}
OWN_SETTINGS = {"crm.stage", "crm.lost.reason", "crm.team", "mail.activity.type"}
SALES_ADMINISTRATOR, SALES_OWN = "Sales/Administrator", "Sales/User: Own Documents Only"


def allowed(model: str, operation: str) -> tuple[set[Role], list[str]]:
    """The roles that may, besides the administrator, and the groups that a refusal names."""
    if model in ADMIN_ONLY:
        return set(), [ADMIN_ONLY[model]]
    if model == "crm.lead":
        if operation == "unlink":
            return {Role.SALES_MANAGER}, [SALES_ADMINISTRATOR]
        return SALES, [SALES_ADMINISTRATOR, SALES_OWN]
    if operation == "read" or model.startswith("mail."):
        return EVERYBODY, []
    if model in OWN_SETTINGS:
        return {Role.SALES_MANAGER}, [SALES_ADMINISTRATOR]
    return set(), [ADMIN_ONLY["ir.model.fields"]]


def role(session: Session) -> Role:
    return session.database.roles[session.user_id]


def may(session: Session, model: str, operation: str) -> bool:
    if operation not in VERBS:
        raise client_mistake("Invalid access mode", "builtins.AssertionError")
    return role(session) == Role.ADMINISTRATOR or role(session) in allowed(model, operation)[0]


def demand(session: Session, model: str, operation: str) -> None:
    """OdooError, status 403, if the user may not do that to any row of the model."""
    if may(session, model, operation):
        return
    groups = "".join(f"\t- {group}\n" for group in allowed(model, operation)[1])
    raise access_error(
        f"You are not allowed to {VERBS[operation]} '{session.model(model).title}' ({model}) records.\n\n"
        f"This operation is allowed for the following groups:\n{groups}\n"
        "Contact your administrator to request access if necessary."
    )


def sees(session: Session, model: str, row: Row) -> bool:
    """A salesman of own documents sees own and unassigned leads, and what was said there; the rest is not there."""
    if role(session) != Role.SALES_OWN:
        return True
    if model == "mail.message" and row["model"] == "crm.lead":
        lead = session.find("crm.lead", row["res_id"])
        return lead is None or sees(session, "crm.lead", lead)
    return model != "crm.lead" or row["user_id"] in (None, session.user_id)


def top_secret(session: Session, model: str) -> OdooError:
    """Said of a row that is there and not for this user."""
    name, title = session.get("res.users", session.user_id)["name"], session.model(model).title
    return access_error(
        "Uh-oh! Looks like you have stumbled upon some top-secret records.\n\n"
        f"Sorry, {name} (id={session.user_id}) doesn't have 'read' access to:\n- {title} ({model})\n\n"
        "If you really, really need access, perhaps you can win over your friendly administrator "
        "with a batch of freshly baked cookies."
    )


def demand_field(session: Session, model: str, name: str) -> None:
    if (model, name) == ("mail.message", "tracking_value_ids") and role(session) != Role.ADMINISTRATOR:
        raise access_error(
            f'You do not have enough rights to access the field "{name}" on {session.model(model).title} ({model}). '
            f"Please contact your system administrator.\n\nOperation: read\nUser: {session.user_id}\n"
            "Groups: allowed for groups 'Role / Administrator'"
        )
