"""One window of amoCRM: the leads that changed, and what happened to leads."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from planerka.crm.amocrm import lists
from planerka.crm.amocrm.cards import contacts_of, phones_of, rows_of, slim
from planerka.crm.amocrm.client import Asked, Client, Json, Span
from planerka.crm.amocrm.directory import LOST, Directory
from planerka.crm.amocrm.happenings import MOVED, Happenings, Move, in_order, is_rejection, moves_of
from planerka.crm.amocrm.owners import GIVEN, Given, Owners, changes_of
from planerka.crm.amocrm.telling import Telling, told_frame
from planerka.crm.base import Batch
from planerka.crm.cards import Cards
from planerka.crm.events import Row
from planerka.crm.mapping_parts import Moment
from planerka.crm.nouns import dated_rows
from planerka.model import Event, EventKind, LeadStatus

BATCH_N = 5_000
LEADS_N = 2_000
"""Events and leads of a batch."""

SAME_MOMENT_S = 2
"""How far the event of a closing and `closed_at` of the card may be apart."""


@dataclass(frozen=True)
class Source:
    """What all windows of a pull have in common. `url` is the address of the account."""

    client: Client
    cards: Cards
    directory: Directory
    url: str
    given: Given


class WindowReading:
    """`is_ours`: whether it is for this window to tell of a lead that did not change in it, but is named."""

    def __init__(self, source: Source, span: Span, is_ours: Callable[[int], bool]) -> None:
        self.client, self.cards, self.directory, self.url = source.client, source.cards, source.directory, source.url
        self.given, self.span, self.is_ours = source.given, span, is_ours
        self.leads: dict[int, Json] = {}

    async def batches(self) -> AsyncGenerator[Batch, None]:
        """The leads of the window, those that its events name, then its events."""
        happened = Happenings()
        takes = [
            (lists.events_of(self.span), happened.take_events),
            (lists.calls_of("leads", self.span), happened.take_lead_calls),
            (lists.calls_of("contacts", self.span), happened.take_contact_calls),
            (lists.tasks_of(self.span), happened.take_tasks),
        ]
        tasks = [asyncio.create_task(self.taken(asked, take)) for asked, take in takes]
        try:
            async for changed in gathered(self.changed(), LEADS_N):
                for lead in changed:
                    self.is_ours(lead["id"])  # no later window need tell of it
                async for batch in self.told(changed):
                    yield batch
            for task in tasks:
                await task
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        async for batch in self.what_happened(happened):
            yield batch

    async def changed(self) -> AsyncGenerator[list[Json], None]:
        async for page in self.client.every(lists.leads_of(self.span)):
            yield self.of_sales(page)

    async def named(self, lead_ids: set[int]) -> AsyncGenerator[list[Json], None]:
        ids = sorted(lead_ids)
        for start in range(0, len(ids), LEADS_N):
            some = ids[start : start + LEADS_N]
            yield self.of_sales(await self.client.by_id("/leads", "leads", some, **lists.CARD))

    async def taken(self, asked: Asked, take: Callable[[list[Json]], None]) -> None:
        async for page in self.client.every(asked):
            take(page)

    def of_sales(self, leads: Iterable[Json]) -> list[Json]:
        columns, pipelines = self.cards.columns, self.directory.pipelines
        return [slim(lead, columns) for lead in leads if lead["pipeline_id"] in pipelines and not lead["is_deleted"]]

    async def told(self, leads: list[Json]) -> AsyncGenerator[Batch, None]:
        """Leads, with what their cards tell."""
        self.leads |= {lead["id"]: lead for lead in leads}
        rows = rows_of(leads, self.cards.columns, self.directory, self.url, await self.phones(leads))
        for batch in self.cards.batches(rows):
            yield batch
        created = Moment(at=self.cards.leads.columns["created_at"])
        yield dated_rows(self.cards.convert, self.cards.leads, rows, EventKind.CREATED, created)[1].batch()

    async def phones(self, leads: list[Json]) -> dict[int, str]:
        """The phones of the leads' contacts, where they are read."""
        if "phone" not in self.cards.columns:
            return {}
        ids = {contact for lead in leads for contact in contacts_of(lead)}
        return {contact["id"]: phones_of(contact) for contact in await self.client.by_id("/contacts", "contacts", ids)}

    async def what_happened(self, happened: Happenings) -> AsyncGenerator[Batch, None]:
        of_contact = await self.leads_of_contacts(happened.contact_ids())
        named = happened.lead_ids().union(*of_contact.values()) - self.leads.keys()
        async for found in self.named(named):
            if ours := [lead for lead in found if self.is_ours(lead["id"])]:
                async for batch in self.told(ours):
                    yield batch
            self.leads |= {lead["id"]: lead for lead in found}
        besides = await self.given_besides(happened, of_contact)
        given = chain(happened.changes, self.given.of(self.leads), changes_of(besides))
        telling = Telling(self.directory, self.leads, Owners(given, self.leads))
        moves = in_order(happened.moves)
        for batch in event_batches(told_events(telling, happened, moves, of_contact)):
            yield batch
        for batch in self.rejections(telling, await self.last_ones(moves)):
            yield batch

    async def given_besides(self, happened: Happenings, of_contact: dict[int, list[int]]) -> list[Json]:
        """Changes of owner that the pull has not asked for, of the leads that may have some.

        They are changed while it goes on, or something is told of them once more that is older than all of it; the
        history tells of nothing once more.
        """
        time = self.given.time
        may_have = {key for key, lead in self.leads.items() if lead["updated_at"] > time.last}
        if self.span.first >= time.first:
            again = happened.written_before(time.first)
            may_have |= again.lead_ids().union(*(of_contact.get(key, ()) for key in again.contact_ids()))
        return await self.events_of(GIVEN, sorted(may_have & self.leads.keys()))

    async def events_of(self, kind: str, lead_ids: list[int]) -> list[Json]:
        events: list[Json] = []
        for start in range(0, len(lead_ids), lists.IDS_OF_EVENTS_N):
            some = lead_ids[start : start + lists.IDS_OF_EVENTS_N]
            events += await self.client.all(lists.events_of_leads(kind, some))
        return events

    async def leads_of_contacts(self, contact_ids: set[int]) -> dict[int, list[int]]:
        contacts = await self.client.by_id("/contacts", "contacts", contact_ids, **{"with": "leads"})
        return {one["id"]: [lead["id"] for lead in one["_embedded"].get("leads") or ()] for one in contacts}

    async def last_ones(self, moves: list[Move]) -> list[Move]:
        """The rejections that no other one of their lead followed, until now: of them alone the card may still tell."""
        of_lead = {move.lead_id: move for move in moves if self.is_rejection(move) and move.lead_id in self.leads}
        is_last = {move: self.is_last(move) for move in of_lead.values()}
        doubtful = sorted(move.lead_id for move, known in is_last.items() if known is None)
        latest = await self.last_rejections(doubtful)
        return [move for move, known in is_last.items() if known or latest.get(move.lead_id) == move.id]

    def is_rejection(self, move: Move) -> bool:
        return is_rejection(move, self.directory)

    def is_last(self, move: Move) -> bool | None:
        """None where the card does not tell whether its lead was rejected again after this window."""
        lead = self.leads[move.lead_id]
        if lead["updated_at"] <= self.span.last:
            return True
        is_closed = lead["status_id"] == LOST and lead["closed_at"] is not None and move.after.endswith(f":{LOST}")
        return abs(lead["closed_at"] - move.at) <= SAME_MOMENT_S if is_closed else None

    async def last_rejections(self, lead_ids: list[int]) -> dict[int, str]:
        """The event of the last rejection of each lead."""
        moves = in_order(moves_of(await self.events_of(MOVED, lead_ids)))
        return {move.lead_id: move.id for move in moves if self.is_rejection(move)}

    def rejections(self, telling: Telling, moves: list[Move]) -> Iterator[Batch]:
        """Rejections with their reasons, and their cards while the leads are lost.

        A reopened lead may go on showing its reason, or not: without it nothing is told, nor is what else its card says
        now. What was stored while the rejection was fresh stays.
        """
        reason = self.cards.leads.columns["reason_id"]
        for start in range(0, len(moves), BATCH_N):
            some = moves[start : start + BATCH_N]
            leads = [self.leads[move.lead_id] for move in some]
            cards = rows_of(leads, self.cards.columns, self.directory, self.url, {})
            events = told_frame([telling.of_rejection(move) for move in some])
            events["reason_id"], _ = self.cards.convert.field("reason_id", str, cards, reason, self.cards.leads)
            is_lost = cards["status"] == LeadStatus.REJECTED
            told = events[is_lost | events["reason_id"].notna()]
            yield Batch(noun=Event, rows=told.reset_index(drop=True))
            yield from self.cards.rejections(cards[is_lost], events[is_lost])


def told_events(
    telling: Telling, happened: Happenings, moves: list[Move], of_contact: dict[int, list[int]]
) -> Iterator[Row]:
    """Everything but rejections. What hangs on a contact is told of each of its leads that was open then."""

    def leads_of(contact_id: int, at: int) -> list[int]:
        return telling.open_then(of_contact.get(contact_id, ()), at)

    for move in moves:
        yield from telling.of_move(move)
    for change in happened.changes:
        yield from telling.of_owner(change)
    for message in happened.messages:
        is_lead = message.entity == "lead"
        own = [message.entity_id] if message.entity_id in telling.leads else []
        yield from telling.of_message(message, own if is_lead else leads_of(message.entity_id, message.at))
    for call in happened.lead_calls:
        yield from telling.of_call(call, [call.entity_id] if call.entity_id in telling.leads else [])
    for call in happened.contact_calls:
        yield from telling.of_call(call, leads_of(call.entity_id, call.at))
    for task in happened.tasks:
        yield from telling.of_task(task)


def event_batches(rows: Iterable[Row]) -> Iterator[Batch]:
    frame = told_frame(rows)
    for start in range(0, len(frame), BATCH_N):
        yield Batch(noun=Event, rows=frame.iloc[start : start + BATCH_N].reset_index(drop=True))


async def gathered(pages: AsyncIterator[list[Json]], least_n: int) -> AsyncGenerator[list[Json], None]:
    """Pages put together until there are so many records."""
    some: list[Json] = []
    async for page in pages:
        some += page
        if len(some) >= least_n:
            yield some
            some = []
    if some:
        yield some
