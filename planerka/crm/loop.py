"""An event loop beside callers that know nothing of it, and what is read ahead of them.

The port of a CRM is a plain iterator and the store a plain transaction; the way to the CRM is asynchronous, for while
one request waits for its answer the next ones may be on their way.
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterable, Iterator
from contextlib import suppress
from typing import Any, Generic, TypeVar

from planerka.crm.base import Batch, Window

T = TypeVar("T")

AHEAD_TIMES = 2
"""Windows that may be read, or wait to be stored, for each that is being read."""


class LoopThread:
    """A loop in a thread of its own, which ends with the process."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, name="requests to the CRM", daemon=True).start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of the coroutine; it is cancelled, and ends first, where its caller is interrupted."""
        tasks: list[asyncio.Task[Any] | None] = []

        async def known() -> T:
            tasks.append(asyncio.current_task())
            return await work

        try:
            return asyncio.run_coroutine_threadsafe(known(), self.loop).result()
        except BaseException:
            asyncio.run_coroutine_threadsafe(ended(tasks), self.loop).result()
            raise

    def iterate(self, items: AsyncGenerator[T, None]) -> Iterator[T]:
        """The same items; the generator is closed also where its reader gives up halfway."""

        async def following() -> tuple[T, ...]:
            return tuple([item async for item in first_of(items)])

        try:
            while item := self.run(following()):
                yield item[0]
        finally:
            self.run(items.aclose())


async def ended(tasks: list[asyncio.Task[Any] | None]) -> None:
    """Cancels them; the list is looked into late, for a task that was begun before this one enters itself."""
    for task in filter(None, tasks):
        task.cancel()
        await asyncio.wait([task])


async def first_of(items: AsyncIterator[T]) -> AsyncGenerator[T, None]:
    with suppress(StopAsyncIteration):
        yield await anext(items)


class Ahead(Generic[T]):
    """An asynchronous generator, read by a task of its own up to `most_n` items ahead of whoever reads this."""

    def __init__(self, items: AsyncGenerator[T, None], most_n: int) -> None:
        self.queue: asyncio.Queue[tuple[T, ...] | Exception] = asyncio.Queue(most_n)
        self.task = asyncio.create_task(self.fill(items))

    async def fill(self, items: AsyncGenerator[T, None]) -> None:
        try:
            async for item in items:
                await self.queue.put((item,))
        except Exception as error:
            await self.queue.put(error)
        else:
            await self.queue.put(())
        finally:
            await items.aclose()

    async def items(self) -> AsyncGenerator[T, None]:
        """The items, and in the end the error that ended them."""
        try:
            while item := await self.queue.get():
                if isinstance(item, Exception):
                    raise item
                yield item[0]
        finally:
            await self.close()

    async def close(self) -> None:
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task


class WindowsAhead:
    """Windows of a pull: while one is being stored, the next ones are being read."""

    def __init__(
        self,
        thread: LoopThread,
        read: Callable[[Window], AsyncGenerator[Batch, None]],
        *,
        windows_n: int,
        batches_n: int,
    ) -> None:
        """`windows_n` at one time, and of each up to `batches_n` batches before its turn has come."""
        self.thread, self.read_one, self.windows_n, self.batches_n = thread, read, windows_n, batches_n
        self.expected: list[Window] = []
        self.wanted: list[Window] = []
        self.running: dict[Window, Ahead[Batch]] = {}

    def expect(self, windows: Iterable[Window]) -> list[Window]:
        """The windows that will be read, in this order; any other may be read too."""
        self.expected = list(windows)
        return self.expected

    def read(self, window: Window) -> Iterator[Batch]:
        """The batches of a window; the next ones begin to be read. Where reading fails, everything is given up."""
        try:
            self.thread.run(self.begin(window))
            yield from self.thread.iterate(self.running[window].items())
        except BaseException:
            self.wanted = []
            self.thread.run(self.give_up(self.running))
            raise
        del self.running[window]

    async def begin(self, window: Window) -> None:
        place = self.expected.index(window) if window in self.expected else None
        self.wanted = [window] if place is None else self.expected[place : place + AHEAD_TIMES * self.windows_n]
        await self.give_up(self.running.keys() - set(self.wanted))
        if window not in self.running:  # others that are read ahead may have taken all the places
            self.start(window)
        self.begin_more()

    def begin_more(self) -> None:
        """So many are being read at one time; one that is read to its end, and waits to be stored, holds nobody up."""
        busy_n = sum(not ahead.task.done() for ahead in self.running.values())
        waiting = [window for window in self.wanted if window not in self.running]
        for window in waiting[: max(0, self.windows_n - busy_n)]:
            self.start(window)

    def start(self, window: Window) -> None:
        self.running[window] = Ahead(self.read_one(window), self.batches_n)
        self.running[window].task.add_done_callback(lambda _: self.begin_more())

    async def give_up(self, windows: Iterable[Window]) -> None:
        for window in list(windows):
            await self.running.pop(window).close()
