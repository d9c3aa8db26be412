"""Tables of an account: records that a test made one by one, or columns that describe a million of them."""

from collections.abc import Callable, Iterable, Mapping
from operator import itemgetter
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tests.fakes.amocrm.query import Among, Between, Condition, Selection
from tests.fakes.index import Index

Record = dict[str, Any]
"""A record as the API shows it; keys that begin with `_` are not shown."""

INDEXED = ("entity_id", "created_at", "updated_at")
"""Columns that a server finds the records of a filter by, besides their ids."""

KEPT_SELECTIONS_N = 16


class Rows(Protocol):
    def page(self, selection: Selection, start: int, length_n: int) -> list[Record]:
        """Records `start` and after of the selection, as they stand now."""

    def one(self, key: int | str) -> Record | None: ...


class Records(dict[int | str, Record]):
    """Records by id; `columns` has what a filter asks for and a record does not hold under that name.

    A record is changed by putting another in its place: the indexes know nothing of what is done to it otherwise.
    """

    def __init__(self, columns: Mapping[str, Callable[[Record], Any]] | None = None) -> None:
        super().__init__()
        self.columns = columns or {}
        self.indexes = {name: Index() for name in INDEXED}
        self._changes_n = 0
        self._selected: dict[Selection, tuple[int, list[Record]]] = {}
        """What was selected after so many changes: the pages of a list are asked for one after another."""

    def __setitem__(self, key: int | str, record: Record) -> None:
        before = self.get(key, {})
        super().__setitem__(key, record)
        self._index(key, before, record)

    def __delitem__(self, key: int | str) -> None:
        self.pop(key)

    def pop(self, key: int | str, *default: Any) -> Any:
        before, popped = self.get(key, {}), super().pop(key, *default)
        self._index(key, before, {})
        return popped

    def _index(self, key: int | str, before: Record, after: Record) -> None:
        for name, index in self.indexes.items():
            index.move(key, before.get(name), after.get(name))
        self._changes_n += 1
        self._selected.clear()

    def page(self, selection: Selection, start: int, length_n: int) -> list[Record]:
        changes_n = self._changes_n  # read first: a test may change the account from another thread
        known_n, rows = self._selected.get(selection, (None, []))
        if known_n != changes_n:
            rows = self._select(selection)
            self._selected[selection] = changes_n, rows
        return rows[start : start + length_n]

    def _select(self, selection: Selection) -> list[Record]:
        rows = [r for key in self._candidates(selection.conditions) if (r := self.get(key)) is not None]
        for condition in selection.conditions:
            rows = self._holding(rows, condition)
        rows.sort(key=itemgetter("id"), reverse=selection.order != "id" or not selection.is_ascending)
        if selection.order != "id":
            # A deleted lead has null there, a user nothing at all.
            rows.sort(key=lambda r: r.get(selection.order) or 0, reverse=not selection.is_ascending)
        return rows

    def one(self, key: int | str) -> Record | None:
        return self.get(key)

    def _candidates(self, conditions: tuple[Condition, ...]) -> list[int | str]:
        """Keys, among them those of all records that meet the conditions, by the index that has the fewest."""
        found = [self._found(c) for c in conditions if c.column in ("id", *INDEXED)]
        return min(found, key=len) if found else list(self)

    def _found(self, condition: Condition) -> list[int | str]:
        if condition.column == "id":
            return list(condition.values)
        index = self.indexes[condition.column]
        if isinstance(condition, Between):
            return index.between(condition.low, condition.high)
        return index.among(condition.values)

    def _holding(self, rows: list[Record], condition: Condition) -> list[Record]:
        name = condition.column
        values = map(self.columns[name], rows) if name in self.columns else (r.get(name) for r in rows)
        pairs = zip(rows, values, strict=True)
        if isinstance(condition, Between):
            return [r for r, value in pairs if value is not None and condition.low <= value <= condition.high]
        return [r for r, value in pairs if value in condition.values]


class Columnar:
    """Rows that are built from their number when a page is asked for; they do not change.

    `find` has the numbers of the rows with a key, for columns that are computed and so need no search (`id`);
    `codes` has the number under which a column of words keeps a word.
    """

    def __init__(
        self,
        columns: Mapping[str, NDArray[np.int64]],
        build: Callable[[int], Record],
        find: Mapping[str, Callable[[Iterable[Any]], NDArray[np.int64]]],
        codes: Mapping[str, Mapping[str, int]] | None = None,
    ) -> None:
        self.columns = columns
        self.build = build
        self.find = find
        self.codes = codes or {}
        self.rows_n = len(next(iter(columns.values())))
        self._sorted: dict[str, NDArray[np.int64]] = {}
        self._selections: dict[Selection, NDArray[np.int64]] = {}

    def page(self, selection: Selection, start: int, length_n: int) -> list[Record]:
        if selection not in self._selections:
            if len(self._selections) >= KEPT_SELECTIONS_N:
                del self._selections[next(iter(self._selections))]
            self._selections[selection] = self._select(selection)
        return [self.build(int(n)) for n in self._selections[selection][start : start + length_n]]

    def one(self, key: int | str) -> Record | None:
        numbers = self.find["id"]([key])
        return self.build(int(numbers[0])) if numbers.size else None

    def _select(self, selection: Selection) -> NDArray[np.int64]:
        numbers = self._candidates(selection.conditions)
        for condition in selection.conditions:
            if condition.column not in self.find:
                numbers = numbers[self._mask(numbers, condition)]
        return self._ordered(numbers, selection)

    def _candidates(self, conditions: tuple[Condition, ...]) -> NDArray[np.int64]:
        found = [self.find[c.column](c.values) for c in conditions if isinstance(c, Among) and c.column in self.find]
        if found:
            return np.unique(found[0]) if len(found) == 1 else np.intersect1d(found[0], found[1])
        for condition in conditions:
            if isinstance(condition, Between):
                return self._within(condition)
        return np.arange(self.rows_n)

    def _within(self, condition: Between) -> NDArray[np.int64]:
        values = self.columns[condition.column]
        by_value = self._by(condition.column)
        low = np.searchsorted(values, condition.low, "left", sorter=by_value)
        high = np.searchsorted(values, condition.high, "right", sorter=by_value)
        return by_value[low:high]

    def _by(self, column: str) -> NDArray[np.int64]:
        if column not in self._sorted:
            self._sorted[column] = np.argsort(self.columns[column], kind="stable")
        return self._sorted[column]

    def _mask(self, numbers: NDArray[np.int64], condition: Condition) -> NDArray[np.bool_]:
        values = self.columns[condition.column][numbers]
        if isinstance(condition, Between):
            return (values >= condition.low) & (values <= condition.high)
        codes = self.codes.get(condition.column)
        wanted = condition.values if codes is None else {codes[str(w)] for w in condition.values if w in codes}
        return np.isin(values, list(wanted))

    def _ordered(self, numbers: NDArray[np.int64], selection: Selection) -> NDArray[np.int64]:
        sign = 1 if selection.is_ascending else -1
        if selection.order == "id":
            return np.sort(numbers)[::sign]
        return numbers[np.lexsort((-numbers, sign * self.columns[selection.order][numbers]))]
