"""What an account is set up with, for a mapping to be drafted from."""

from planerka.crm.amocrm.client import Client
from planerka.crm.amocrm.directory import Directory, own_code
from planerka.crm.base import Account, FieldFact, PipelineFact, StageFact
from planerka.model import ReferenceKind


async def description(client: Client, directory: Directory) -> Account:
    """`directory` as it is read without a mapping, with every pipeline."""
    account = await client.account()
    fields = [
        FieldFact(id=key, title=one["name"], values=tuple(choice["value"] for choice in one.get("enums") or ()))
        for key, one in directory.fields.items()
    ]
    return Account(
        kind="amocrm",
        address=client.http.name,
        currency=account.get("currency"),
        time_zone=account.get("_embedded", {}).get("datetime_settings", {}).get("timezone"),
        pipelines=tuple(pipeline_fact(directory, key, title) for key, title in directory.pipelines.items()),
        reasons={key: name.title or key for key, name in directory.names[ReferenceKind.REASON].items()},
        fields=tuple(fields),
    )


def pipeline_fact(directory: Directory, pipeline_id: int, title: str) -> PipelineFact:
    stages = [
        StageFact(id=key, title=stage["name"], code=own_code(stage))
        for key, stage in directory.stages.items()
        if stage["pipeline_id"] == pipeline_id
    ]
    return PipelineFact(id=str(pipeline_id), title=title, stages=tuple(stages))
