"""Whose a lead was: amoCRM shows the owner of today, and tells of each change of one."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, NamedTuple

import pandas as pd

from planerka.crm.amocrm.client import Json, Span

GIVEN = "entity_responsible_changed"

NOBODY = 0


class Change(NamedTuple):
    """A lead went from one user, or from NOBODY, to another; `id` is that of its event. They sort by lead and time."""

    lead_id: int
    at: int
    id: str
    by: int
    before: int
    after: int


class Given:
    """Every change of owner of a lead in a time, of many windows together: in little room, a quarter may have 100,000.

    `changes`: one row a change, named as `Change` names it.
    """

    def __init__(self, changes: pd.DataFrame, time: Span) -> None:
        self.changes, self.time = changes, time

    @classmethod
    def none(cls, time: Span) -> "Given":
        """Of a time in which nobody is asked about."""
        return cls(frame_of([]), time)

    def of(self, lead_ids: Iterable[int]) -> Iterator[Change]:
        told = self.changes[self.changes["lead_id"].isin(list(lead_ids))]
        return map(Change._make, told.itertuples(index=False, name=None))


def changes_of(events: Iterable[Json]) -> list[Change]:
    """The changes of owner of leads among events."""
    return [
        Change(
            lead_id=event["entity_id"],
            at=event["created_at"],
            id=event["id"],
            by=event["created_by"],
            before=owner_in(event["value_before"]),
            after=owner_in(event["value_after"]),
        )
        for event in events
        if event["type"] == GIVEN and event["entity_type"] == "lead"
    ]


def frame_of(changes: list[Change]) -> pd.DataFrame:
    frame = pd.DataFrame(changes, columns=list(Change._fields))
    return frame.astype(
        {"lead_id": "int64", "at": "int64", "id": "str", "by": "int64", "before": "int64", "after": "int64"}
    )


def owner_in(values: list[Json]) -> int:
    owners = (value["responsible_user"]["id"] for value in values if "responsible_user" in value)
    return next(owners, None) or NOBODY


def person(user_id: Any) -> str | None:
    """None for 0, which is nobody."""
    return str(user_id) if user_id else None


class Owners:
    """Who a lead belonged to at a time: by the changes that are known, and for the rest as it is now."""

    def __init__(self, changes: Iterable[Change], leads: dict[int, Json]) -> None:
        self.leads = leads
        self.changes = {key: list(some) for key, some in groupby(sorted(changes), key=lambda change: change.lead_id)}

    def at(self, lead_id: int, moment: int) -> str | None:
        changes = self.changes.get(lead_id, [])
        later = next((change for change in changes if change.at > moment), None)
        if later:
            return person(later.before)
        return person(changes[-1].after if changes else self.leads[lead_id]["responsible_user_id"])
