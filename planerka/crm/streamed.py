"""What the adapters of CRMs have in common: windows of their time, read ahead, and the files beside them."""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar

import pyarrow as pa

from planerka.crm.base import Batch, Window
from planerka.crm.cards import Cards
from planerka.crm.http import Http
from planerka.crm.loop import LoopThread, WindowsAhead
from planerka.crm.mapping import AccountMapping
from planerka.crm.money_files import MoneyFiles
from planerka.crm.spans import WEEK, spans, spans_before

# Arrow's own pool keeps what it once held: a tenth of the memory of a long pull, which makes thousands of small frames.
# A large file takes a seventh less by it.
pa.set_memory_pool(pa.system_memory_pool())


class StreamedCrm(ABC):
    """A CRM whose records are asked for by the time of their change.

    `KNOWN`: the columns that this CRM has for fields of a lead; `WINDOWS_N`: how many windows are read at one time;
    `BATCHES_N`: how many batches of each wait for its turn.
    """

    KNOWN: ClassVar[Mapping[str, str]]
    WINDOWS_N: ClassVar[int]
    BATCHES_N: ClassVar[int]

    def __init__(
        self,
        mapping: AccountMapping,
        http: Http,
        *,
        folder: Path,
        now: Callable[[], datetime],
        phone_key: bytes | None,
    ) -> None:
        """`http` speaks the dialect of this CRM and has its login. `folder` is that of the mapping file.

        `phone_key` keys the hashes of phones; None: no phone is read, and clients are contacts.
        """
        self.mapping, self.source, self.clock = mapping, mapping.source, now
        self.cards = Cards(mapping, self.KNOWN, phone_key)
        self.money = MoneyFiles(mapping, folder, self.cards.convert)
        self.thread = LoopThread()
        self.ahead = WindowsAhead(self.thread, self.stream, windows_n=self.WINDOWS_N, batches_n=self.BATCHES_N)
        self.newest: Window | None = None
        self.connect(http)

    @abstractmethod
    def connect(self, http: Http) -> None:
        """Begin to speak to the account."""

    @abstractmethod
    async def first_at(self) -> datetime | None:
        """When the oldest lead was created; None where there is none."""

    def length(self) -> timedelta:
        """Of a window. It is stored whole or not at all: a long one costs less, a short one is small in memory."""
        return WEEK

    @abstractmethod
    def stream(self, window: Window) -> AsyncGenerator[Batch, None]:
        """The batches of a window, references first."""

    def windows(self, since: datetime | None, until: datetime) -> Iterator[Window]:
        windows = list(spans(since, until, self.length()))
        self.newest = windows[-1] if windows else None
        yield from self.expect(windows)

    def history(self, before: datetime) -> Sequence[Window]:
        return self.expect(spans_before(self.thread.run(self.first_at()) or before, before, self.length()))

    def expect(self, windows: list[Window]) -> list[Window]:
        """These windows will be read next, in this order."""
        return self.ahead.expect(windows)

    def read(self, window: Window) -> Iterator[Batch]:
        """With the newest window come spend and plan, which the CRM has not."""
        yield from self.ahead.read(window)
        if window == self.newest:
            yield from self.money.batches()
