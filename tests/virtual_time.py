"""An event loop in which waiting takes no time: its clock jumps to whatever is due next.

For what happens within the process only: an answer that comes through a socket may arrive after the jump.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

from tests.services import without_event_loop

T = TypeVar("T")


class Impatient(selectors.DefaultSelector):
    """Never waits; remembers how long it was asked to."""

    waited_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(0)
        if not found and timeout:
            self.waited_s += timeout
        return found


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.impatient = Impatient()
        super().__init__(self.impatient)

    def time(self) -> float:
        return self.impatient.waited_s


def run(work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine, however long it has waited."""

    def virtually() -> T:
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            return runner.run(work)

    return without_event_loop(virtually)
