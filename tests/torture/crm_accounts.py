"""CRMs to torture. What people do there is done by HTTP, many leads in one call, and written down."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import sleep

from planerka.crm.base import Crm
from planerka.model import Command, EventKind, LeadStatus

CHANGED_AT_ONCE_N = 200

Happened = Counter[tuple[str, EventKind, str | None]]
"""How often what has happened: a lead, the kind of an event, and (of a change of stage) the new one."""


@dataclass
class Card:
    """A lead as its CRM has it; `reason_id` None while it is open."""

    channel_id: str
    stage_id: str
    reason_id: str | None = None

    @property
    def status(self) -> LeadStatus:
        return LeadStatus.REJECTED if self.reason_id else LeadStatus.OPEN


@dataclass(frozen=True)
class Pulled:
    """A pull: up to when it is complete, and when it was over."""

    until: datetime
    ended_at: datetime


class Account(ABC):
    """A CRM, and everything that was done to its leads: `cards`, and the events that this makes."""

    source: str
    stages: Sequence[str]
    reasons: Sequence[str]

    def __init__(self) -> None:
        self.cards: dict[str, Card] = {}
        self.events = Happened()

    @abstractmethod
    def create(self, leads_n: int) -> None:
        """Open leads in all stages, of several sources."""

    @abstractmethod
    def move(self, lead_ids: Sequence[str], stage: str) -> None:
        """Open leads to another stage."""

    @abstractmethod
    def lose(self, lead_ids: Sequence[str], reason: str) -> None:
        """Open leads."""

    @abstractmethod
    def restore(self, lead_ids: Sequence[str]) -> None:
        """Lost leads, to the stage where they were."""

    def forgotten(self, pulls: Sequence[Pulled]) -> Happened:
        """The rejections that the CRM could not tell of in any of these pulls; a pull may have seen them all the same.

        None, where it keeps the reason of each.
        """
        return Happened()

    @abstractmethod
    def now(self) -> datetime: ...

    @abstractmethod
    def crm(self) -> Crm: ...

    @abstractmethod
    @contextmanager
    def cutting(self) -> Iterator[Crm]:
        """The adapter, which sees no more than two of three answers: the third is cut off after the server acted."""

    @abstractmethod
    def command(self, lead_id: str) -> Command: ...

    @abstractmethod
    def done(self, lead_id: str, marker: str = "") -> tuple[int, int, int]:
        """What can be seen of a command on the card of its lead: notes and tasks with its marker (by default: all that
        there are), and returns to work."""

    def load(self, leads_n: int) -> None:
        """Half of the leads are lost, a quarter of these restored."""
        self.create(leads_n)
        ids = list(self.cards)[::2]
        for n, start in enumerate(range(0, len(ids), CHANGED_AT_ONCE_N)):
            self.lose(ids[start : start + CHANGED_AT_ONCE_N], self.reasons[n % 2])
        for start in range(0, len(ids), 4 * CHANGED_AT_ONCE_N):
            self.restore(ids[start : start + CHANGED_AT_ONCE_N])

    def settle(self) -> None:
        """Wait until all that was done so far is old enough to be pulled."""
        done_at, crm = self.now() + timedelta(seconds=1), self.crm()
        while crm.data_until(self.now()) < done_at:
            sleep(0.5)

    def created(self, lead_id: str, channel: str, stage: str) -> None:
        self.cards[lead_id] = Card(channel, stage)
        self.events[lead_id, EventKind.CREATED, None] += 1

    def moved(self, lead_id: str, stage: str) -> None:
        self.cards[lead_id].stage_id = stage
        self.events[lead_id, EventKind.STAGE_CHANGED, stage] += 1

    def lost(self, lead_id: str, reason: str) -> None:
        self.cards[lead_id].reason_id = reason
        self.events[lead_id, EventKind.REJECTED, None] += 1

    def reopened(self, lead_id: str) -> None:
        self.cards[lead_id].reason_id = None
        self.events[lead_id, EventKind.REOPENED, None] += 1
