"""Rows, and transactions over them: what a call changes is seen by others when it ends, under the time it began."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, tzinfo
from typing import TYPE_CHECKING, Any, Protocol
from zoneinfo import ZoneInfo

from tests.fakes.index import Index
from tests.fakes.odoo.domains import Condition
from tests.fakes.odoo.languages import WORDS
from tests.fakes.odoo.schema import Model

if TYPE_CHECKING:
    from tests.fakes.odoo.database import OdooDatabase

Row = dict[str, Any]

INDEXED = {"id": int, "res_id": int, "mail_message_id": int, "write_date": datetime}
"""Columns that a server finds rows by, and what stands in them."""


class Computed(Protocol):
    """Rows that nobody has written down: each follows from its number."""

    last_id: int

    def get(self, record_id: int) -> Row | None: ...

    def candidates(self, conditions: list[Condition]) -> Iterable[int]:
        """Ids in ascending order, among them all of the rows that meet the conditions."""


class Table:
    """Written rows, over computed ones if there are any; a None was deleted."""

    def __init__(self, computed: Computed | None = None) -> None:
        self.rows: dict[int, Row | None] = {}
        self.computed = computed
        self.last_id = computed.last_id if computed else 0
        self.indexes = {name: Index() for name in INDEXED}

    def take_id(self) -> int:
        """The next number, gone for good even if the transaction fails."""
        self.last_id += 1
        return self.last_id

    def get(self, record_id: int) -> Row | None:
        if record_id in self.rows or self.computed is None:
            return self.rows.get(record_id)
        return self.computed.get(record_id)

    def put(self, record_id: int, row: Row | None) -> None:
        before, after = self.rows.get(record_id) or {}, row or {}
        self.rows[record_id] = row
        for name, index in self.indexes.items():
            index.move(record_id, before.get(name), after.get(name))

    def candidates(self, conditions: list[Condition]) -> Iterable[int]:
        """Ids, ascending, among them all of the rows that meet the conditions."""
        written = self.written(conditions)
        return merged(self.computed.candidates(conditions), written) if self.computed else written

    def written(self, conditions: list[Condition]) -> list[int]:
        """The same of the written rows, by the index that has the fewest."""
        found = []
        for name, index in self.indexes.items():
            own = [c for c in conditions if c.path == name]
            found += [index.among(ids) for c in own if c.operator in ("=", "in") and (ids := ids_of(c.value))]
            low = [c.value for c in own if c.operator in (">", ">=") and isinstance(c.value, INDEXED[name])]
            high = [c.value for c in own if c.operator in ("<", "<=") and isinstance(c.value, INDEXED[name])]
            if low or high:
                found.append(index.between(max(low, default=None), min(high, default=None)))
        return sorted(min(found, key=len) if found else self.indexes["id"].between())


def ids_of(value: Any) -> set[int]:
    """The ids that a condition asks for; none where it asks for anything else, or also for nothing there."""
    values = value if isinstance(value, list) else [value]
    return set(values) if all(type(v) is int and v for v in values) else set()


class Session:
    """One call, or one transaction of a test: the rows as one user sees and changes them.

    `now` is when it began, and the time of everything it changes; `at` puts all of it at another time.
    """

    def __init__(
        self, database: "OdooDatabase", user_id: int, context: dict[str, Any], at: datetime | None = None
    ) -> None:
        self.database, self.user_id, self.context, self.at = database, user_id, context, at
        self.now = at or database.now
        self.changes: dict[str, dict[int, Row | None]] = {}
        self.before: dict[tuple[str, int], Row] = {}

    @property
    def zone(self) -> tzinfo:
        """The zone in which a day of a domain begins: that of the context, of the user, or UTC."""
        return ZoneInfo(self.context.get("tz") or self.get("res.users", self.user_id)["tz"] or "UTC")

    @property
    def wall(self) -> datetime:
        """The time of day, to the second: later than `now` when the transaction is long."""
        return (self.at or self.database.now).replace(microsecond=0)

    @property
    def today(self) -> date:
        return self.wall.replace(tzinfo=UTC).astimezone(self.zone).date()

    def word(self, text: str) -> str:
        """A word of the interface in the language of the context; JSON-2 knows no other, whatever the user has set."""
        return WORDS[self.context.get("lang") or "en_US"].get(text, text)

    def model(self, name: str) -> Model:
        return self.database.models[name]

    def find(self, model: str, record_id: int) -> Row | None:
        """The row as this transaction sees it; None where there is none."""
        changed = self.changes.get(model, {})
        return changed[record_id] if record_id in changed else self.database.tables[model].get(record_id)

    def get(self, model: str, record_id: int) -> Row:
        row = self.find(model, record_id)
        assert row is not None, f"{model} has no {record_id}"
        return row

    def candidates(self, model: str, conditions: list[Condition]) -> Iterable[int]:
        """Ids, ascending: those of rows that may fit, and all that this transaction has changed."""
        found, changed = self.database.tables[model].candidates(conditions), sorted(self.changes.get(model, {}))
        return merged(found, changed) if changed else found

    def insert(self, model: str, values: Row) -> int:
        record_id = self.database.tables[model].take_id()
        row = dict.fromkeys(self.model(model).all_fields)
        row |= {name: f.taken(model, name, f.default) for name, f in self.model(model).fields.items()} | values
        row |= {"id": record_id, "create_uid": self.user_id, "create_date": self.now}
        self.changes.setdefault(model, {})[record_id] = row | {"write_uid": self.user_id, "write_date": self.now}
        return record_id

    def update(self, model: str, record_id: int, **values: Any) -> None:
        row = self.get(model, record_id)
        self.before.setdefault((model, record_id), row)
        signed = values | {"write_uid": self.user_id, "write_date": self.now}
        self.changes.setdefault(model, {})[record_id] = row | signed

    def delete(self, model: str, record_id: int) -> None:
        self.changes.setdefault(model, {})[record_id] = None

    def commit(self) -> None:
        """Make it seen: of a row that was there before, what this transaction changed and nothing else."""
        for model, rows in self.changes.items():
            table = self.database.tables[model]
            for record_id, row in rows.items():
                there, before = table.get(record_id), self.before.get((model, record_id))
                if there is not None and before is not None and row is not None:
                    row = there | {name: value for name, value in row.items() if value != before.get(name)}
                table.put(record_id, row)
        self.changes, self.before = {}, {}


def merged(found: Iterable[int], more: list[int]) -> Iterator[int]:
    """Two ascending runs as one; an id of both comes once."""
    position = 0
    for record_id in found:
        while position < len(more) and more[position] < record_id:
            yield more[position]
            position += 1
        if position < len(more) and more[position] == record_id:
            position += 1
        yield int(record_id)
    yield from more[position:]
