"""What is asked of an account of Odoo once: its fields, people, stages and reasons, its money, what the key may see."""

from dataclasses import dataclass
from functools import cached_property

from planerka.crm.mapping import AccountMapping
from planerka.crm.names import nearest
from planerka.crm.odoo.client import Json, Odoo
from planerka.errors import MappingError
from planerka.model import ReferenceKind

LEAD = "crm.lead"
TRACKED = ("won_status", "stage_id", "user_id", "lost_reason_id", "active")

LISTED = {
    ReferenceKind.STAGE: ("crm.stage", ("name", "sequence", "is_won", "team_ids")),
    ReferenceKind.REASON: ("crm.lost.reason", ("name",)),
    ReferenceKind.MANAGER: ("res.users", ("name", "active", "share", "partner_id")),
}


@dataclass(frozen=True)
class Account:
    """`types` has the type of each field of a lead, `relations` the model that it points to.

    `tracked` has the fields of a lead whose history is kept, by their number in Odoo; None where the key may not read
    history. `outcomes` has the values of `won_status` by what they are called in each language: history keeps words.
    """

    types: dict[str, str]
    relations: dict[str, str]
    listed: dict[ReferenceKind, list[Json]]
    currencies: dict[str, str]
    tracked: dict[int, str] | None
    outcomes: dict[str, str]

    @cached_property
    def colleagues(self) -> dict[int, int]:
        """Users by their card among the contacts; portal users are clients."""
        return {user["partner_id"]: user["id"] for user in self.listed[ReferenceKind.MANAGER] if not user["share"]}

    @cached_property
    def staff(self) -> frozenset[int]:
        """Users who work here, and OdooBot."""
        return frozenset(self.colleagues.values())

    @property
    def titles(self) -> dict[tuple[ReferenceKind, str], str]:
        """Without portal users: their names are clients'."""
        rows = [(kind, row) for kind, listed in self.listed.items() for row in listed if not row.get("share")]
        return {(kind, str(row["id"])): row["name"] for kind, row in rows}

    def check(self, mapping: AccountMapping, columns: set[str]) -> None:
        """MappingError where the mapping names a field that a lead has not, or another currency than the company."""
        for column in sorted(columns):
            name = column.removesuffix(".name")
            if name not in self.types:
                raise MappingError(f"a lead of this Odoo has no field {name!r}: {nearest(name, self.types)}")
            if column != name and name not in self.relations:
                raise MappingError(f"{column!r}: {name} points to no other record: write {name!r}")
        for company, currency in self.currencies.items():
            if currency != mapping.currency:
                raise MappingError(
                    f"{company} counts in {currency}, the mapping in {mapping.currency}: correct `currency`"
                )

    def unmapped(self, mapping: AccountMapping) -> list[str]:
        """Stages and reasons of sales to which the mapping gives no code, as `stage 4 (Won)`."""
        teams = set(map(int, mapping.pipelines or ()))
        rows = [
            (kind, row)
            for kind in (ReferenceKind.STAGE, ReferenceKind.REASON)
            for row in self.listed[kind]
            if not teams or not row.get("team_ids") or teams & set(row["team_ids"])
        ]
        names = mapping.references
        return [
            f"{kind} {row['id']} ({row['name']})"
            for kind, row in rows
            if (name := names.get(kind, {}).get(str(row["id"]))) is None or name.code is None
        ]


async def account_of(odoo: Odoo) -> Account:
    fields = await odoo.call(LEAD, "fields_get", attributes=["type", "relation"])
    may_read = await odoo.call("mail.tracking.value", "has_access", ids=[], operation="read")
    listed = {
        kind: [row async for page in odoo.pages(model, [], names) for row in page]
        for kind, (model, names) in LISTED.items()
    }
    return Account(
        types={name: field["type"] for name, field in fields.items()},
        relations={name: field["relation"] for name, field in fields.items() if field["type"] == "many2one"},
        listed=listed,
        currencies=await currencies_of(odoo),
        tracked=await tracked_of(odoo) if may_read else None,
        outcomes=await outcomes_of(odoo),
    )


async def currencies_of(odoo: Odoo) -> dict[str, str]:
    """The currency of each company that the key belongs to."""
    companies = await odoo.rows("res.company", [], ["name", "currency_id"], load="_classic_read")
    return {company["name"]: company["currency_id"][1] for company in companies}


async def tracked_of(odoo: Odoo) -> dict[int, str]:
    domain = [["model", "=", LEAD], ["name", "in", list(TRACKED)]]
    return {row["id"]: row["name"] for row in await odoo.rows("ir.model.fields", domain, ["name"])}


async def outcomes_of(odoo: Odoo) -> dict[str, str]:
    """History keeps the words for a value as the screen of whoever changed it showed them."""
    found: dict[str, str] = {}
    for language, _ in await odoo.call("res.lang", "get_installed"):
        asked = {"allfields": ["won_status"], "attributes": ["selection"], "context": {"lang": language}}
        fields = await odoo.call(LEAD, "fields_get", **asked)
        found |= {title: key for key, title in fields["won_status"]["selection"]}
    return found
