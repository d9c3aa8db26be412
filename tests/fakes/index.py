"""What a database keeps beside its rows, to find a few of many without looking at all of them."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable
from operator import itemgetter
from threading import Lock
from typing import Any

VALUE = itemgetter(0)


class Index:
    """The values of one column in ascending order, each with the key of its row; a row without one is not in it."""

    def __init__(self) -> None:
        self.pairs: list[tuple[Any, Any]] = []
        self.lock = Lock()
        """A test may change rows from another thread."""

    def move(self, key: Any, before: Any, after: Any) -> None:
        """A row has another value than before; None: none."""
        if before == after:
            return
        with self.lock:
            if before is not None:
                del self.pairs[bisect_left(self.pairs, (before, key))]
            if after is not None:
                insort(self.pairs, (after, key))

    def between(self, low: Any = None, high: Any = None) -> list[Any]:
        """The keys of the rows with these values, both ends included; None: no end."""
        with self.lock:
            start = 0 if low is None else bisect_left(self.pairs, low, key=VALUE)
            end = len(self.pairs) if high is None else bisect_right(self.pairs, high, key=VALUE)
            found = self.pairs[start:end]
        return [key for _, key in found]

    def among(self, values: Iterable[Any]) -> list[Any]:
        return [key for value in values for key in self.between(value, value)]
