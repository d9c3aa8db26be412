"""What an account of amoCRM is set up with: pipelines of sales, users, loss reasons, fields; and what they mean."""

from collections.abc import Iterable
from dataclasses import dataclass

from planerka.crm.amocrm.client import Asked, Client, Json
from planerka.crm.cards import STATUSES
from planerka.crm.mapping import AccountMapping
from planerka.crm.mapping_parts import Name
from planerka.errors import MappingError
from planerka.model import LeadStatus, ReferenceKind

WON, LOST = 142, 143
"""The two last stages of every pipeline."""

UNSORTED_TYPE = 1

CODES = {WON: "contract", LOST: "rejected"}
"""What these stages mean, unless the mapping says otherwise."""


def stage_id(pipeline_id: int, status_id: int) -> str:
    return f"{pipeline_id}:{status_id}"


@dataclass(frozen=True)
class Directory:
    """`pipelines` are the titles of those of sales, `stages` theirs in their order, `fields` the fields of leads."""

    stages: dict[str, Json]
    names: dict[ReferenceKind, dict[str, Name]]
    users: dict[str, Json]
    fields: dict[str, Json]
    pipelines: dict[int, str]

    def code(self, stage: str | None) -> str | None:
        name = self.names[ReferenceKind.STAGE].get(stage or "")
        return name.code if name else None

    def status(self, stage: str) -> LeadStatus:
        return STATUSES.get(self.code(stage) or "", LeadStatus.OPEN)

    def is_ordinary(self, stage: str) -> bool:
        """Whether somebody works on the leads that stand there; in "Неразобранное" nobody does yet."""
        return stage in self.stages and self.stages[stage]["type"] != UNSORTED_TYPE and self.is_open(stage)

    def is_open(self, stage: str) -> bool:
        return self.status(stage) == LeadStatus.OPEN

    def uncoded(self, kind: ReferenceKind) -> list[str]:
        """Stages and reasons of which the mapping does not say what they mean."""
        return [f"{key} ({name.title})" for key, name in self.names[kind].items() if name.code is None]


async def directory_of(client: Client, mapping: AccountMapping) -> Directory:
    """Read anew for every pull: people rename stages, and leave."""
    pipelines = await client.all(Asked("/leads/pipelines", "pipelines"))
    users = await client.all(Asked("/users", "users"))
    reasons = await client.all(Asked("/leads/loss_reasons", "loss_reasons"))
    fields = await client.all(Asked("/leads/custom_fields", "custom_fields"))
    sales = sales_of(pipelines, mapping.pipelines)
    stages = stages_of(sales)
    titles = {
        ReferenceKind.STAGE: stage_titles(sales),
        ReferenceKind.REASON: {str(reason["id"]): str(reason["name"]) for reason in reasons},
        ReferenceKind.MANAGER: {str(user["id"]): str(user["name"]) for user in users},
    }
    return Directory(
        stages=stages,
        names={kind: named(mapping, kind, titles.get(kind, {}), stages) for kind in ReferenceKind},
        users={str(user["id"]): user for user in users},
        fields={str(one["id"]): one for one in fields},
        pipelines={pipeline["id"]: pipeline["name"] for pipeline in sales},
    )


def sales_of(pipelines: list[Json], wanted: tuple[str, ...] | None) -> list[Json]:
    """The pipelines of sales, as amoCRM sorts them. MappingError where the mapping names one that is not there."""
    known = {str(pipeline["id"]): pipeline for pipeline in sorted(pipelines, key=lambda one: one["sort"])}
    for key in wanted or ():
        if key not in known:
            there = ", ".join(f"{other} ({pipeline['name']})" for other, pipeline in known.items())
            raise MappingError(
                f"`pipelines`: {key!r} is not in the account; there are {there}: give one of these numbers"
            )
    return [pipeline for key, pipeline in known.items() if wanted is None or key in wanted]


def stages_of(pipelines: Iterable[Json]) -> dict[str, Json]:
    return {
        stage_id(pipeline["id"], stage["id"]): stage
        for pipeline in pipelines
        for stage in sorted(pipeline["_embedded"]["statuses"], key=lambda one: one["sort"])
    }


def stage_titles(sales: list[Json]) -> dict[str, str]:
    """With the name of the pipeline where there are several: each has stages of the same names."""
    return {
        key: f"{pipeline['name']}: {stage['name']}" if len(sales) > 1 else str(stage["name"])
        for pipeline in sales
        for key, stage in stages_of([pipeline]).items()
    }


def named(
    mapping: AccountMapping, kind: ReferenceKind, titles: dict[str, str], stages: dict[str, Json]
) -> dict[str, Name]:
    """What the mapping says of the ids of a kind, over what the account does."""
    known = {
        key: Name(title=title, code=own_code(stages[key]) if kind == ReferenceKind.STAGE else None)
        for key, title in titles.items()
    }
    for key, name in mapping.references.get(kind, {}).items():
        before = known.get(key, Name())
        known[key] = Name(title=name.title or before.title, code=name.code or before.code)
    return known


def own_code(stage: Json) -> str | None:
    """What the stage means in every account."""
    return "new" if stage["type"] == UNSORTED_TYPE else CODES.get(stage["id"])
