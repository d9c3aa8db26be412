"""What an account of amoCRM is set up with, for the draft of its mapping."""

from planerka.crm.amocrm.client import Asked, Client, Json
from planerka.crm.amocrm.directory import own_code, sales_of, stages_of
from planerka.crm.base import Account, FieldFact, PipelineFact, StageFact
from planerka.model import ReferenceKind


async def described(client: Client) -> Account:
    account = await client.account()
    pipelines = await client.all(Asked("/leads/pipelines", "pipelines"))
    reasons = await client.all(Asked("/leads/loss_reasons", "loss_reasons"))
    users = await client.all(Asked("/users", "users"))
    fields = await client.all(Asked("/leads/custom_fields", "custom_fields"))
    return Account(
        kind="amocrm",
        address=client.http.name,
        currency=account.get("currency"),
        time_zone=None,
        pipelines=tuple(map(pipeline_fact, sales_of(pipelines, None))),
        reasons={str(reason["id"]): reason["name"] for reason in reasons},
        managers={str(user["id"]): user["name"] for user in users},
        fields=tuple(map(field_fact, fields)),
    )


def pipeline_fact(pipeline: Json) -> PipelineFact:
    stages = tuple(
        StageFact(id=key, title=stage["name"], code=own_code(ReferenceKind.STAGE, stage))
        for key, stage in stages_of([pipeline]).items()
    )
    return PipelineFact(id=str(pipeline["id"]), title=pipeline["name"], stages=stages)


def field_fact(field: Json) -> FieldFact:
    values = tuple(str(choice["value"]) for choice in field.get("enums") or ())
    return FieldFact(id=str(field["id"]), title=field["name"], values=values)
