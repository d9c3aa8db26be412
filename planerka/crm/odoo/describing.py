"""What an Odoo is set up with, for the draft of a mapping."""

from typing import cast

from planerka.crm.base import Account, FieldFact, PipelineFact, StageFact
from planerka.crm.odoo.account import LEAD, account_of
from planerka.crm.odoo.client import Json, Odoo
from planerka.model import ReferenceKind


async def described(odoo: Odoo) -> Account:
    account = await account_of(odoo)
    teams = [row async for page in odoo.pages("crm.team", [], ("name",)) for row in page]
    fields = await odoo.call(LEAD, "fields_get", attributes=["string", "selection", "manual"])
    currencies = set(account.currencies.values())
    stages = account.listed[ReferenceKind.STAGE]
    return Account(
        kind="odoo",
        address=odoo.http.name,
        currency=currencies.pop() if len(currencies) == 1 else None,
        time_zone=(await odoo.call("res.users", "context_get")).get("tz") or None,
        pipelines=tuple(
            PipelineFact(id=str(team["id"]), title=team["name"], stages=stage_facts(stages, team["id"]))
            for team in teams
        ),
        reasons={str(reason["id"]): reason["name"] for reason in account.listed[ReferenceKind.REASON]},
        fields=tuple(field_fact(name, field) for name, field in sorted(fields.items()) if field.get("manual")),
    )


def stage_facts(stages: list[Json], team_id: int) -> tuple[StageFact, ...]:
    """The stages that a team goes through, in their order: those of its own, and those of nobody."""
    own = [stage for stage in stages if not stage["team_ids"] or team_id in stage["team_ids"]]
    return tuple(
        StageFact(id=str(stage["id"]), title=stage["name"], code="contract" if stage["is_won"] else None)
        for stage in sorted(own, key=lambda stage: (stage["sequence"], stage["id"]))
    )


def field_fact(name: str, field: Json) -> FieldFact:
    choices = cast(list[tuple[str, str]], field.get("selection") or [])
    return FieldFact(id=name, title=field["string"], values=tuple(key for key, _ in choices))
