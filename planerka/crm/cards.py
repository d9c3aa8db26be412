"""Cards of a CRM as rows of an export: what makes leads, events and contracts of one makes them of the other.

An adapter flattens each card to a row of texts (instants by `STAMP`), with these columns beside those of the CRM:
`status` (a `LeadStatus`) and `contact`, which stands for the client where no phone does.
"""

from collections.abc import Iterator
from collections.abc import Mapping as Dict

import pandas as pd

from planerka.crm.base import Batch
from planerka.crm.mapping import AccountMapping, columns_in
from planerka.crm.mapping_parts import Column, Condition, LeadFields
from planerka.crm.nouns import contract_rows, dated_rows, lead_rows, rejection_rows
from planerka.crm.rows import Converter, Rows
from planerka.errors import MappingError, SettingsError
from planerka.model import Event, EventKind, LeadStatus, ReferenceKind

OF_HISTORY = (EventKind.REJECTED, EventKind.REOPENED, EventKind.ASSIGNED, EventKind.OWNER_CHANGED)
"""What a CRM tells by itself: a date of the card would tell it a second time."""

STEPS = {"qualified": EventKind.QUALIFIED, "meeting": EventKind.MEETING_HELD, "booking": EventKind.BOOKED}
"""What has happened when a lead enters a stage that the mapping gives this code."""

STAMP = "%Y-%m-%dT%H:%M:%S%z"
"""How instants are written, as 2026-11-23T11:37:49+0000: no other format is like it, and it is tried first."""

STATUSES = {"contract": LeadStatus.WON, "rejected": LeadStatus.REJECTED}
"""What a lead is that stands on a stage of this code; on any other it is open."""


class Cards:
    """The cards of one account.

    `known` has the columns that the CRM has for fields of a lead; those of the mapping go first.
    """

    def __init__(self, mapping: AccountMapping, known: Dict[str, str], phone_key: bytes | None) -> None:
        own_ids = frozenset(mapping.references.get(ReferenceKind.CHANNEL, {}))
        self.convert = Converter(mapping.zone, mapping.currency, mapping.phone_region, own_ids)
        self.phone_key = phone_key
        self.leads = lead_fields(mapping.leads, known, phone_key)
        self.contracts = mapping.contracts
        if self.contracts and self.contracts.is_there:
            raise MappingError("`contracts`: those of a CRM are read off its leads: remove `file` and `lead_id`")
        self.columns = columns_in((self.leads, self.contracts)) - {"status", "contact"}

    def batches(self, cards: pd.DataFrame) -> Iterator[Batch]:
        """Leads, what the dates of their cards tell, and contracts; nothing empty."""
        leads = lead_rows(self.convert, self.leads, cards, self.phone_key)
        leads.frame["client_id"] = leads.frame["client_id"].fillna(cards["contact"].astype("str"))
        yield leads.batch()
        for kind, moment in self.leads.dates.items():
            yield from filled(dated_rows(self.convert, self.leads, cards, kind, moment)[1])
        if self.contracts:
            for rows in contract_rows(self.convert, self.leads.columns["id"], self.contracts, cards):
                yield from filled(rows)

    def rejections(self, cards: pd.DataFrame, events: pd.DataFrame) -> Iterator[Batch]:
        """The cards of rejected leads, in the order of `events`, the rejections that they stand for."""
        told = Rows(Event, events.set_index(cards.index))
        yield from filled(rejection_rows(self.convert, self.leads, cards, told))


def lead_fields(own: LeadFields, known: Dict[str, str], phone_key: bytes | None) -> LeadFields:
    """The fields of the mapping, and where it has none those that the CRM knows by itself."""
    if told := [kind for kind in OF_HISTORY if kind in own.dates]:
        raise MappingError(f"`leads.dates.{told[0]}`: the CRM's own history has it: remove it")
    if "phone" in own.columns and not phone_key:
        raise SettingsError("the mapping reads phones: set PLANERKA_PHONE_KEY, which keys their hashes")
    columns = {name: Column(column=column) for name, column in known.items() if name != "phone" or phone_key}
    update = {"columns": columns | own.columns, "formats": (STAMP, *own.formats)}
    conditions = {
        name: getattr(own, name) or Condition.model_validate({"column": "status", "in": (status,)})
        for name, status in (("rejected", LeadStatus.REJECTED), ("won", LeadStatus.WON))
    }
    return own.model_copy(update=update | conditions)


def filled(rows: Rows) -> Iterator[Batch]:
    """A batch, unless it is empty."""
    if len(rows.frame):
        yield rows.batch()
