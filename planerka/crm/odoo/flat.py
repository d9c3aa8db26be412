"""Leads of Odoo as the rows of an export: texts under the names of its fields."""

import html
import re
from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any

import pandas as pd

from planerka.crm.cards import STATUSES
from planerka.crm.mapping import AccountMapping
from planerka.crm.odoo.account import Account
from planerka.crm.odoo.client import Json
from planerka.model import LeadStatus, ReferenceKind

KNOWN = {
    "id": "id",
    "created_at": "create_date",
    "manager_id": "user_id",
    "stage_id": "stage_id",
    "reason_id": "lost_reason_id",
    "channel_id": "source_id",
    "campaign_id": "campaign_id",
    "phone": "phone",
    "url": "url",
}
"""Fields of a lead that every Odoo has, and where; `url` is made here."""

STATE = ("won_status", "stage_id", "user_id", "lost_reason_id")
DATES = ("create_date", "write_date", "date_closed", "date_last_stage_update")
ALWAYS = (*STATE, *DATES, "partner_id", "create_uid", "team_id")

OUTCOMES = {"won": LeadStatus.WON, "lost": LeadStatus.REJECTED}

TAG = re.compile(r"<[^>]*>")


def codes_of(mapping: AccountMapping, kind: ReferenceKind) -> dict[str, str]:
    """What ids of a kind mean to planerka."""
    return {key: name.code for key, name in mapping.references.get(kind, {}).items() if name.code}


def status_of(outcome: Any, stage_id: Any, codes: dict[str, str]) -> LeadStatus:
    """By Odoo's own mark, and by what the mapping says of the stage. A lead that is archived and not lost is open."""
    by_stage = STATUSES.get(codes.get(str(stage_id), ""), LeadStatus.OPEN)
    return OUTCOMES.get(outcome, by_stage)


def text_of(value: Any, kind: str) -> str | None:
    """A value as a cell: nothing, which Odoo calls false, is None, and only a yes-or-no field says no.

    Of a number that nobody has filled in Odoo says 0: whether somebody wrote it is not known.
    """
    if kind == "boolean":
        return str(bool(value)).lower()
    if not value:
        return None
    if kind == "datetime":
        return f"{value.replace(' ', 'T')}+0000"
    if kind in ("float", "monetary"):
        return format(Decimal(repr(value)), "f")
    if kind == "html":
        return html.unescape(TAG.sub(" ", value)).strip() or None
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def unnamed(lead: Json, relations: Collection[str]) -> Json:
    """A lead that was read with names: a field has the id of what it points to, `<field>.name` the name."""
    pointed = {name: value for name, value in lead.items() if name in relations and isinstance(value, list)}
    names = {f"{name}.name": value[1] for name, value in pointed.items()}
    return lead | {name: value[0] for name, value in pointed.items()} | names


def flat(
    leads: Sequence[Json], columns: Collection[str], account: Account, codes: dict[str, str], url: str
) -> pd.DataFrame:
    """One row a lead, with the columns, `status`, `contact` and `url`."""
    kinds = {column: account.types.get(column, "char") for column in sorted(columns)}
    cells = {column: [text_of(lead.get(column), kind) for lead in leads] for column, kind in kinds.items()}
    cells["contact"] = [f"contact {lead['partner_id']}" if lead["partner_id"] else None for lead in leads]
    cells["status"] = [str(status_of(lead["won_status"], lead["stage_id"], codes)) for lead in leads]
    cells["url"] = [f"{url}/odoo/crm/{lead['id']}" for lead in leads]
    return pd.DataFrame(cells, dtype=object)
