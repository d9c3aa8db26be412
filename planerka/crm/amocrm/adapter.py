"""The amoCRM adapter: an account on the port of a CRM. docs/amocrm.md is its manual."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from planerka.crm.amocrm import checks, lists
from planerka.crm.amocrm.cards import KNOWN, OWN, phones_of
from planerka.crm.amocrm.client import PAGE_N, Client, Span
from planerka.crm.amocrm.describing import description
from planerka.crm.amocrm.directory import Directory, directory_of
from planerka.crm.amocrm.happenings import CALLS, MESSAGES
from planerka.crm.amocrm.owners import Given, changes_of, frame_of
from planerka.crm.amocrm.reading import Source, WindowReading
from planerka.crm.amocrm.writing import Rehearsal, Writer
from planerka.crm.base import Account, Batch, Window
from planerka.crm.cards import STEPS
from planerka.crm.http import Http
from planerka.crm.lacking import account_lacks
from planerka.crm.references import References
from planerka.crm.spans import DAY, WEEK
from planerka.crm.streamed import StreamedCrm
from planerka.model import Command, EventKind, Receipt, ReferenceKind
from planerka.phones import first_phone

SAFETY = timedelta(seconds=30)
"""What amoCRM has written so lately may not be seen by everybody yet."""

FIELDS = "recorded_at actor_id actor_kind manager_id reason_id from_stage_id to_stage_id duration_s outcome due_at"
"""Of an event: what amoCRM tells by itself."""

LARGE_PAGES_N = 4
"""From so many pages of leads a week on, an account is large."""

REMEMBERED_N = 100_000
"""Leads that were told of: one that was met so long ago is told of again."""


class Told:
    """Which windows tell of which leads: to tell of each before it is named, one of them is enough."""

    def __init__(self) -> None:
        self.places: dict[Window, int] = {}
        self.first: dict[int, int] = {}

    def expect(self, windows: Iterable[Window]) -> None:
        """They will be stored in this order, after those that were expected before."""
        for window in windows:
            self.places[window] = len(self.places)

    def is_for(self, window: Window, lead_id: int) -> bool:
        """Whether it is for this window to tell of the lead: no window that is stored before it does."""
        place = self.places.get(window)
        if place is None:
            return True
        first = self.first.pop(lead_id, place)
        self.first[lead_id] = min(first, place)
        if len(self.first) > REMEMBERED_N:
            del self.first[next(iter(self.first))]
        return place <= first


class AmoCrm(StreamedCrm):
    """One account of amoCRM; implements `crm.base.AccountCrm`.

    Each list of a window is walked by one request after another: it takes several windows at one time to keep to the
    pace of an account. Three do, and each that is being read is in memory with all its events.
    """

    KNOWN, WINDOWS_N, BATCHES_N = KNOWN, 3, 20

    span: timedelta | None
    """Of the windows of this pull; None before it has asked how large the account is."""

    def connect(self, http: Http) -> None:
        self.client = Client(http)
        self.knowing = asyncio.Lock()
        self.begin_anew()

    def length(self) -> timedelta:
        """A day of an account that is large: it has as many records as a small one in weeks. Asked once in a pull."""
        if self.span is None:
            self.span = DAY if self.thread.run(self.is_large()) else WEEK
        return self.span

    async def is_large(self) -> bool:
        """How many records there are amoCRM does not tell: is there so high a page of the leads of this week?"""
        now = self.clock()
        week = Window(since=now - WEEK, until=now)
        page = await self.client.page(lists.leads_of(Span.of(week)), LARGE_PAGES_N, PAGE_N)
        return bool(page.records)

    def begin_anew(self) -> None:
        """A pull begins: nothing is known of what the account is set up with, and nothing was told."""
        self.directory: Directory | None = None
        self.span = None
        self.given: Given | None = None
        self.told = Told()

    def lacks(self) -> frozenset[str]:
        codes = {name.code for name in self.mapping.references.get(ReferenceKind.STAGE, {}).values()}
        steps = {kind for code, kind in STEPS.items() if code in codes}
        moves = {EventKind.STAGE_CHANGED, EventKind.REJECTED, EventKind.REOPENED, EventKind.OWNER_CHANGED}
        kinds = {EventKind.CREATED, EventKind.TASK_SET, *moves, *steps, *CALLS.values(), *MESSAGES.values()}
        told = [*kinds, *(f"event.{name}" for name in FIELDS.split())]
        return account_lacks(self.mapping, self.cards.leads, self.cards.contracts, told)

    def check_access(self) -> str:
        return self.thread.run(checks.access(self.client, self.mapping, self.cards.columns - set(OWN)))

    def data_until(self, now: datetime) -> datetime:
        """A little before now, by our clock or that of amoCRM, whichever is behind: its records go by its own.

        With it a pull begins: CrmError where the account would answer with anything but what is asked for.
        """
        self.begin_anew()
        self.thread.run(self.client.account())
        told_at = self.client.http.told_at
        return (min(now, told_at) if told_at else now).replace(microsecond=0) - SAFETY

    def windows(self, since: datetime | None, until: datetime) -> Iterator[Window]:
        self.told, self.given = Told(), None
        yield from super().windows(since, until)

    def history(self, before: datetime) -> Sequence[Window]:
        """Whose a lead was that has changed hands before `before` is not asked for: that would be all of them."""
        self.given = self.given or Given.none(Span.of(Window(since=before, until=before)))
        return super().history(before)

    def expect(self, windows: list[Window]) -> list[Window]:
        self.told.expect(windows)
        return super().expect(windows)

    def lead_ids(self) -> Iterator[str]:
        """Those of every pipeline: a lead that was moved out of sales has not vanished."""
        for page in self.thread.iterate(self.client.every(lists.ALL_LEADS)):
            yield from (str(lead["id"]) for lead in page)

    def phones(self) -> set[str]:
        return self.thread.run(self.every_phone()) if "phone" in self.cards.columns else set()

    async def every_phone(self) -> set[str]:
        """Of all contacts: those of leads are nearly all of them."""
        contacts = (contact async for page in self.client.every(lists.ALL_CONTACTS) for contact in page)
        region = self.mapping.phone_region
        return {phone async for one in contacts if (phone := first_phone(phones_of(one), region))}

    def describe(self) -> Account:
        return self.thread.run(self.description())

    async def description(self) -> Account:
        nothing = self.mapping.model_copy(update={"pipelines": None, "references": {}})
        return await description(self.client, await directory_of(self.client, nothing))

    def rehearse(self, command: Command) -> Sequence[str]:
        return self.thread.run(self.rehearsed(command))

    async def rehearsed(self, command: Command) -> list[str]:
        await self.client.account()
        rehearsal = Rehearsal(self.client, await self.known(), self.clock)
        await rehearsal.carry_out(command)
        return rehearsal.lines

    def apply(self, command: Command) -> Receipt:
        return self.thread.run(self.carry_out(command))

    async def carry_out(self, command: Command) -> Receipt:
        await self.client.account()
        return await Writer(self.client, await self.known(), self.clock).apply(command)

    async def first_at(self) -> datetime | None:
        lead = await self.client.first(lists.OLDEST_LEAD)
        return datetime.fromtimestamp(lead["created_at"], UTC) if lead else None

    async def known(self) -> Directory:
        """What the account is set up with, asked once in a pull."""
        async with self.knowing:
            if self.directory is None:
                self.directory = await directory_of(self.client, self.mapping)
            return self.directory

    async def changes_of_owner(self) -> Given:
        """Of all windows together, asked once: the oldest of them is read first, and what comes later decides in it.

        Until now, not to the last window alone: the leads, which are read later, show what came after it.
        """
        async with self.knowing:
            if self.given is None:
                now = self.client.http.told_at or self.clock()
                time = Span.of(Window(since=self.ahead.expected[0].since, until=now))
                pages = self.client.every(lists.given_in(time))
                changes = [change async for page in pages for change in changes_of(page)]
                self.given = Given(frame_of(changes), time)
            return self.given

    async def stream(self, window: Window) -> AsyncGenerator[Batch, None]:
        """References first; an id that neither the account nor the mapping names is named before the rows with it."""
        directory = await self.known()
        references = References(self.mapping.model_copy(update={"references": directory.names}))
        yield references.mapped()
        url = str(self.client.http.client.base_url).rstrip("/")
        source = Source(self.client, self.cards, directory, url, await self.changes_of_owner())
        reading = WindowReading(source, Span.of(window), partial(self.told.is_for, window))
        async for batch in reading.batches():
            named = references.new_in(batch.rows)
            if len(named.rows):
                yield named
            if len(batch.rows):
                yield batch
