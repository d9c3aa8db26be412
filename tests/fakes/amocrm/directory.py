"""What an account is set up with: users, pipelines, loss reasons, fields; each is found again by its name."""

from collections.abc import Sequence
from itertools import count
from typing import Any

from tests.fakes.amocrm.rows import Record, Records
from tests.fakes.amocrm.state import LOST, WON, Stage, State


class Directory(State):
    def add_user(self, name: str) -> int:
        rights = {"leads": {"view": "A", "edit": "A"}, "is_admin": False, "is_free": False, "is_active": True}
        user_id = next(self._ids)
        self.users[user_id] = {
            "id": user_id,
            "name": name,
            "email": f"user{user_id}@planerka.example",
            "lang": "ru",
            "rights": rights | {"group_id": None, "role_id": None},
        }
        return user_id

    def dismiss_user(self, user_id: int) -> None:
        """Who left stays in the list, inactive; leads stay theirs, and none can be given to them."""
        rights = self.users[user_id]["rights"]
        self.users[user_id] = self.users[user_id] | {"rights": rights | {"is_active": False}}

    def add_pipeline(self, name: str, stages: Sequence[str], *, is_archive: bool = False) -> int:
        """A pipeline with "Неразобранное" before its stages, and won and lost after them; the first one is main."""
        pipeline_id = next(self._ids)
        named = [("Неразобранное", 1), *((stage, 0) for stage in stages)]
        statuses = [(next(self._ids), stage, kind) for stage, kind in named]
        statuses += [(WON, "Успешно реализовано", 0), (LOST, "Закрыто и не реализовано", 0)]
        self.pipelines[pipeline_id] = {
            "id": pipeline_id,
            "name": name,
            "sort": len(self.pipelines) + 1,
            "is_main": not self.pipelines,
            "is_unsorted_on": True,
            "is_archive": is_archive,
            "account_id": self.id,
            "_statuses": [self._status(pipeline_id, n, *status) for n, status in enumerate(statuses, 1)],
        }
        return pipeline_id

    def _status(self, pipeline_id: int, number: int, status_id: int, name: str, kind: int) -> Record:
        return {
            "id": status_id,
            "name": name,
            "sort": status_id * 70 if status_id in (WON, LOST) else number * 10,
            "is_editable": kind == 0 and status_id not in (WON, LOST),
            "pipeline_id": pipeline_id,
            "color": "#fffeb2",
            "type": kind,
            "account_id": self.id,
        }

    def add_loss_reason(self, name: str) -> int:
        reason_id, now = next(self._ids), self.now()
        self.loss_reasons[reason_id] = {
            "id": reason_id,
            "name": name,
            "sort": 100000,
            "created_at": now,
            "updated_at": now,
        }
        return reason_id

    def add_field(
        self,
        name: str,
        kind: str = "text",
        *,
        enums: Sequence[str] = (),
        entity: str = "leads",
        code: str | None = None,
    ) -> int:
        """A custom field of leads or contacts; `kind` is `text`, `numeric`, `select`, `checkbox`, `date` …"""
        numbered = zip(count(1), enums, strict=False)
        choices = [{"id": next(self._ids), "value": value, "sort": number * 500} for number, value in numbered]
        field_id = next(self._ids)
        self.fields[field_id] = {
            "id": field_id,
            "name": name,
            "type": kind,
            "account_id": self.id,
            "code": code,
            "sort": 500,
            "is_api_only": False,
            "enums": choices or None,
            "group_id": None,
            "entity_type": entity,
        }
        return field_id

    def user(self, name: str) -> int:
        return named(self.users, name)

    def loss_reason(self, name: str) -> int:
        return named(self.loss_reasons, name)

    def field(self, name: str) -> int:
        return named(self.fields, name)

    def stage(self, pipeline: str, status: str) -> Stage:
        """The ids of a stage: `stage("Продажи", "Встреча")`."""
        pipeline_id = named(self.pipelines, pipeline)
        statuses = {s["name"]: s["id"] for s in self.pipelines[pipeline_id]["_statuses"]}
        return pipeline_id, statuses[status]

    def status(self, stage: Stage) -> Record | None:
        """The status as the API shows it; None where that pipeline has no such stage."""
        pipeline = self.pipelines.get(stage[0])
        statuses = pipeline["_statuses"] if pipeline else []
        return next((s for s in statuses if s["id"] == stage[1]), None)

    def unsorted_stage(self, pipeline_id: int) -> Stage:
        return pipeline_id, self.pipelines[pipeline_id]["_statuses"][0]["id"]

    def field_values(self, values: dict[int, Any]) -> list[Record] | None:
        """`custom_fields_values` of {field id: value or values}; null where there are none."""
        return [self._field_value(i, v if isinstance(v, list) else [v]) for i, v in values.items()] or None

    def _field_value(self, field_id: int, values: list[Any]) -> Record:
        field = self.fields[field_id]
        enums = {choice["value"]: choice["id"] for choice in field["enums"] or ()}
        shown = [{"value": v} | ({"enum_id": enums[v], "enum_code": None} if v in enums else {}) for v in values]
        about = {"field_id": field_id, "field_name": field["name"], "field_code": field["code"]}
        return about | {"field_type": field["type"], "values": shown}


def named(records: Records, name: str) -> int:
    return next(int(key) for key, record in records.items() if record["name"] == name)
