"""What changed in a window of Odoo, as batches: leads with their history, then what was said and done about leads."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence

import pandas as pd

from planerka.crm.base import Batch, Window
from planerka.crm.cards import Cards
from planerka.crm.events import Row, events_frame
from planerka.crm.loop import Ahead
from planerka.crm.mapping import AccountMapping
from planerka.crm.odoo.account import LEAD, Account
from planerka.crm.odoo.client import Domain, Json, Odoo, instants
from planerka.crm.odoo.flat import ALWAYS, codes_of, flat, unnamed
from planerka.crm.odoo.happenings import PLANNED, PLANNED_FIELDS, SAID, SAID_FIELDS, Happenings, told
from planerka.crm.odoo.history import Life, Owners, changes_of
from planerka.crm.references import References
from planerka.errors import MappingError
from planerka.model import Event, EventKind, LeadStatus, ReferenceKind

PAGES_AHEAD_N = 4


class Reader:
    """Reads windows of one account. `url` is that of Odoo, for the addresses of cards."""

    def __init__(self, odoo: Odoo, account: Account, mapping: AccountMapping, cards: Cards, url: str) -> None:
        self.odoo, self.account, self.mapping, self.cards, self.url = odoo, account, mapping, cards, url
        self.columns = own_columns(cards)
        self.codes = codes_of(mapping, ReferenceKind.STAGE)
        self.load = {"load": "_classic_read" if any("." in column for column in self.columns) else ""}
        self.lead_fields = sorted({*ALWAYS, *(column.removesuffix(".name") for column in self.columns)} - {"id"})

    async def window(self, window: Window) -> AsyncGenerator[Batch]:
        """Everything of a window, references first. Events of leads that the window has not come after these leads."""
        references, owners = References(self.mapping), dict[int, Owners]()
        changed = self.odoo.changed
        said = Ahead(changed("mail.message", window, SAID, SAID_FIELDS), PAGES_AHEAD_N)
        planned = Ahead(changed("mail.activity", window, PLANNED, PLANNED_FIELDS), PAGES_AHEAD_N)
        own = changed(LEAD, window, of_sales(self.mapping), self.lead_fields, **self.load)
        leads = Ahead(self.with_history(own), PAGES_AHEAD_N)
        try:
            for batch in (references.told(self.account.titles), references.mapped()):
                yield batch
            async for page in leads.items():
                async for batch in self.leads(page, references, owners):
                    yield batch
            async for batch in self.others(said, planned, references, owners):
                yield batch
        finally:
            for pages in (said, planned, leads):
                await pages.close()

    async def others(
        self, said: Ahead[list[Json]], planned: Ahead[list[Json]], references: References, owners: dict[int, Owners]
    ) -> AsyncGenerator[Batch]:
        """Messages and activities, each page after those of its leads that were not read yet."""
        kinds = await self.odoo.rows("mail.activity.type", [], ["category"])
        made = Happenings(self.account, {kind["id"]: kind["category"] for kind in kinds}, self.mapping.zone)
        for pages, of in ((said, made.said), (planned, made.planned)):
            async for rows in pages.items():
                strangers = {row["res_id"] for row in rows} - owners.keys()
                found = await self.odoo.by_id(LEAD, strangers, self.lead_fields, of_sales(self.mapping), **self.load)
                async for batch in self.leads(await self.lived(found), references, owners):
                    yield batch
                for batch in events_batches(told(rows, owners, of)):
                    yield batch

    async def with_history(self, pages: AsyncGenerator[list[Json]]) -> AsyncGenerator[list[Life]]:
        async for page in pages:
            yield await self.lived(page)

    async def lived(self, leads: Sequence[Json]) -> list[Life]:
        """Leads with their history."""
        changes = await changes_of(self.odoo, self.account, leads) if leads else {}
        if self.load["load"]:
            leads = [unnamed(lead, self.account.relations) for lead in leads]
        return [Life(lead, changes.get(lead["id"], ()), self.codes, self.account.staff) for lead in leads]

    async def leads(self, page: list[Life], references: References, owners: dict[int, Owners]) -> AsyncGenerator[Batch]:
        """A page of leads: what they are called by, they themselves, their history, the cards of the rejected ones."""
        if not page:
            return
        owners |= {life.lead["id"]: life.owners for life in page}
        made, rejections = await asyncio.to_thread(self.converted, page)
        for batch in made:
            for named in await self.named(references, batch.rows):
                yield named
        for batch in (*made, *rejections):
            yield batch

    def converted(self, page: list[Life]) -> tuple[list[Batch], list[Batch]]:
        """Leads with their history, and the cards of rejections.

        It takes as long as Odoo needs for a page: away from the loop, which asks for the next ones meanwhile.
        """
        events = [event for life in page for event in life.events()]
        cards = flat([life.lead for life in page], self.columns, self.account, self.codes, self.url)
        return [*self.cards.batches(cards), *events_batches(events)], [*self.rejections(cards, events)]

    async def named(self, references: References, rows: pd.DataFrame) -> list[Batch]:
        """The ids of rows that nobody named yet, with what Odoo calls them."""
        unseen = references.unseen(rows)
        if not unseen:
            return []
        titles = {(kind, key): key for kind, key in unseen}
        for kind in {kind for kind, _ in unseen}:
            column = self.cards.leads.columns.get(f"{kind}_id")
            model = self.account.relations.get((column and column.column) or "")
            ids = [int(key) for of, key in unseen if of == kind and key.isdigit()]
            if model and ids:
                rows_ = await self.odoo.by_id(model, ids, ["display_name"])
                titles |= {(kind, str(row["id"])): row["display_name"] for row in rows_}
        return [references.told(titles)]

    def rejections(self, cards: pd.DataFrame, events: list[Row]) -> Iterator[Batch]:
        """The cards of the leads that are rejected now, as the cards of their last rejections.

        What a card said at an earlier one, nobody knows.
        """
        last = {event["lead_id"]: event for event in events if event["kind"] == EventKind.REJECTED}
        rejected = cards[(cards["status"] == LeadStatus.REJECTED) & cards["id"].isin(last)]
        if len(rejected):
            yield from self.cards.rejections(rejected, events_frame([last[key] for key in rejected["id"]], instants))


def own_columns(cards: Cards) -> set[str]:
    """The columns that Odoo must give, for `url` is made here."""
    return cards.columns - {"url"}


def of_sales(mapping: AccountMapping) -> Domain:
    """The leads of the pipelines of sales, which are teams in Odoo; MappingError where they are no numbers."""
    teams = mapping.pipelines or ()
    if strange := [team for team in teams if not team.isdigit()]:
        raise MappingError(f"`pipelines` has {strange[0]!r}: in Odoo they are sales teams, write their numbers")
    return [["team_id", "in", [int(team) for team in teams]]] if teams else []


def events_batches(events: list[Row]) -> Iterator[Batch]:
    if events:
        yield Batch(noun=Event, rows=events_frame(events, instants))
