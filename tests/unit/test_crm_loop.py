"""What is read ahead comes in its order, no further ahead than it may, and stops where its reader does."""

import asyncio
import inspect
import os
import signal
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from planerka.crm.base import Window
from planerka.crm.loop import Ahead, LoopThread, WindowsAhead
from tests.services import run

START = datetime(2026, 11, 16, tzinfo=UTC)
WINDOWS = [Window(since=START + timedelta(days=n), until=START + timedelta(days=n + 1)) for n in range(5)]


class Source:
    """Gives three items a window; remembers what was asked of it, and what was given up."""

    def __init__(self, fails_at: Window | None = None) -> None:
        self.made, self.ended, self.fails_at = [], [], fails_at

    async def stream(self, window):
        try:
            for n in range(3):
                self.made.append((WINDOWS.index(window), n))
                if window == self.fails_at and n == 1:
                    raise ValueError("the CRM is away")
                yield WINDOWS.index(window), n
        finally:
            self.ended.append(WINDOWS.index(window))


def windows_ahead(source: Source, windows_n: int = 2, batches_n: int = 1) -> WindowsAhead:
    return WindowsAhead(LoopThread(), source.stream, windows_n=windows_n, batches_n=batches_n)


def test_windows_come_whole_and_in_their_order():
    ahead = windows_ahead(Source())
    found = [item for window in ahead.expect(WINDOWS) for item in ahead.read(window)]
    assert [(window, n) for window in range(5) for n in range(3)] == found


def test_the_next_windows_are_being_read_while_one_is_stored():
    """As many as may be, and as many again that are read to their end; none beyond: what is read ahead takes memory."""
    source = Source()
    ahead = windows_ahead(source, windows_n=1, batches_n=9)
    ahead.expect(WINDOWS)
    batches = ahead.read(WINDOWS[0])
    next(batches)
    while len(source.ended) < 2:
        ahead.thread.run(asyncio.sleep(0))
    assert {0, 1} == {window for window, _ in source.made}
    batches.close()


def test_a_window_that_was_not_expected_is_read_too():
    assert [(3, 0), (3, 1), (3, 2)] == list(windows_ahead(Source()).read(WINDOWS[3]))


def test_an_error_comes_where_it_happened_and_everything_is_given_up():
    source = Source(fails_at=WINDOWS[0])
    ahead = windows_ahead(source)
    ahead.expect(WINDOWS)
    found = []
    with pytest.raises(ValueError, match="the CRM is away"):
        found.extend(ahead.read(WINDOWS[0]))
    begun = {window for window, _ in source.made}
    assert ([(0, 0)], begun, {}) == (found, set(source.ended), ahead.running)


def test_a_reader_that_gives_up_halfway_ends_the_reading():
    """As where the database fails while a batch is being stored."""
    source = Source()
    ahead = windows_ahead(source)
    ahead.expect(WINDOWS)
    batches = ahead.read(WINDOWS[0])
    next(batches)
    batches.close()
    begun = {window for window, _ in source.made}
    assert (begun, {}) == (set(source.ended), ahead.running)


def test_a_failed_window_is_read_again_from_its_beginning():
    source = Source(fails_at=WINDOWS[0])
    ahead = windows_ahead(source)
    with pytest.raises(ValueError, match="away"):
        list(ahead.read(WINDOWS[0]))
    source.fails_at = None
    assert [(0, 0), (0, 1), (0, 2)] == list(ahead.read(WINDOWS[0]))


def test_a_window_out_of_its_turn_is_begun_although_others_take_all_the_places():
    """Nor does it let all that are waiting begin."""
    held, begun = threading.Event(), []

    async def stream(window):
        begun.append(WINDOWS.index(window))
        yield WINDOWS.index(window)
        while not held.is_set():
            await asyncio.sleep(0.001)

    ahead = WindowsAhead(LoopThread(), stream, windows_n=1, batches_n=2)
    ahead.expect(WINDOWS)
    later, earlier = ahead.read(WINDOWS[1]), ahead.read(WINDOWS[0])
    assert (1, 0, [1, 0]) == (next(later), next(earlier), begun)
    held.set()
    earlier.close()


def is_blocked(thread: threading.Thread) -> bool:
    """Whether it waits for a lock: an interrupt before that may come where Python's own locks cannot bear it."""
    frame = sys._current_frames()[thread.ident]
    lines, first = inspect.getsourcelines(threading.Condition.wait)
    blocks_at = first + max(n for n, line in enumerate(lines) if line.strip() == "waiter.acquire()")
    return (frame.f_code.co_name, frame.f_lineno) == ("wait", blocks_at)


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Also where the tests were begun in the background of a shell, which has them ignore Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_who_interrupts_a_read_is_told_of_nothing_else():
    """Ctrl-C while a batch is waited for: the reading has ended before the interrupt goes on."""
    ended = []

    async def stream(window):
        try:
            yield 0
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)  # as connections that are closed
            ended.append(window)

    def interrupt() -> None:
        while not (ahead.thread.run(is_waited_for()) and is_blocked(threading.main_thread())):
            pass
        os.kill(os.getpid(), signal.SIGINT)

    async def is_waited_for() -> bool:
        return len(asyncio.all_tasks()) == 3  # this one, what reads ahead, and what waits for it

    ahead = WindowsAhead(LoopThread(), stream, windows_n=1, batches_n=1)
    batches = ahead.read(WINDOWS[0])
    next(batches)
    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        next(batches)
    assert ([WINDOWS[0]], {}) == (ended, ahead.running)


def test_no_more_is_read_ahead_than_was_permitted():
    source = Source()

    async def first() -> None:
        ahead = Ahead(source.stream(WINDOWS[0]), 1)
        while len(source.made) < 2:  # one in the queue, one at its door
            await asyncio.sleep(0)
        for _ in range(100):
            await asyncio.sleep(0)
        await ahead.close()

    run(first())
    assert [(0, 0), (0, 1)] == source.made


def test_the_loop_is_a_thread_that_holds_no_process_up():
    LoopThread()
    assert all(thread.daemon for thread in threading.enumerate() if thread.name == "requests to the CRM")
