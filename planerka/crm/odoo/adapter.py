"""Odoo on the port of a CRM. docs/odoo.md is its manual."""

from collections.abc import AsyncGenerator, Iterator, Sequence
from datetime import datetime, timedelta
from functools import cached_property

from planerka.crm.base import Account as AccountFacts
from planerka.crm.base import Batch, Window
from planerka.crm.cards import STEPS
from planerka.crm.http import Http
from planerka.crm.lacking import account_lacks
from planerka.crm.odoo.account import LEAD, Account, account_of
from planerka.crm.odoo.client import Odoo, instant
from planerka.crm.odoo.describing import described
from planerka.crm.odoo.flat import KNOWN
from planerka.crm.odoo.reading import Reader, of_sales, own_columns
from planerka.crm.odoo.writing import Writer
from planerka.crm.streamed import StreamedCrm
from planerka.errors import CrmAnswerError, CrmClosedError, MappingError
from planerka.model import Command, Receipt
from planerka.phones import first_phone

SAFETY = timedelta(seconds=5)
"""Odoo dates a change by the beginning of its transaction. Most end within this time; the overlap has the others."""

ALL_LEADS = "sales_team.group_sale_salesman_all_leads"

DONE = ("created", "call_out", "meeting_held", "message_out", "message_in", "task_set", "rejected")
DONE_FIELDS = ("recorded_at", "actor_id", "actor_kind", "manager_id", "reason_id", "due_at")
TRACKED = ("assigned", "owner_changed", "stage_changed", "reopened", "from_stage_id", "to_stage_id")
"""What every Odoo can tell, and what only its history does."""


class OdooCrm(StreamedCrm):
    """One database of Odoo; implements `crm.base.AccountCrm`."""

    KNOWN, WINDOWS_N, BATCHES_N = KNOWN, 2, 8

    def connect(self, http: Http) -> None:
        self.odoo, self.sales = Odoo(http), of_sales(self.mapping)

    @cached_property
    def account(self) -> Account:
        """What is asked once; MappingError where the mapping does not fit it."""
        account = self.thread.run(account_of(self.odoo))
        account.check(self.mapping, own_columns(self.cards))
        return account

    @cached_property
    def reader(self) -> Reader:
        url = str(self.odoo.http.client.base_url).rstrip("/")
        return Reader(self.odoo, self.account, self.mapping, self.cards, url)

    def lacks(self) -> frozenset[str]:
        kinds = {STEPS[code] for code in self.reader.codes.values() if code in STEPS}
        told = (*DONE, *DONE_FIELDS) if self.account.tracked is None else (*DONE, *DONE_FIELDS, *TRACKED, *kinds)
        return account_lacks(self.mapping, self.cards.leads, self.cards.contracts, told)

    def check_access(self) -> str:
        if unmapped := self.account.unmapped(self.mapping):
            raise MappingError(
                f"no code in the mapping for {', '.join(unmapped)}: write under `references` what each means"
            )
        leads_n, may_write = self.thread.run(self.rights())
        history = "history can be read"
        if self.account.tracked is None:
            history = (
                "history cannot be read, and with it no change of stage or manager, no return to work, no reason of an "
                "earlier rejection: make the user of the key an administrator (Settings, Users, Role)"
            )
        writing = (
            "returns to work can be written" if may_write else "nothing can be written: give the key rights to sell"
        )
        return f"{self.source}: {leads_n} leads can be read; {history}; {writing}"

    async def rights(self) -> tuple[int, bool]:
        """How many leads can be read, and whether commands can be carried out. CrmClosedError where some are hidden."""
        user_id = (await self.odoo.call("res.users", "context_get"))["uid"]
        if not await self.odoo.call("res.users", "has_group", ids=[user_id], group_ext_id=ALL_LEADS):
            raise CrmClosedError(
                f"user {user_id}, whose key this is, sees no leads but its own: give it the right `Sales: User: All "
                "Documents` in Odoo"
            )
        if await self.odoo.call(LEAD, "search_count", domain=[["id", "<", 0]]):
            raise CrmAnswerError("Odoo passes over the conditions of a search: look for a module that changes searches")
        may_write = await self.odoo.call(LEAD, "has_access", ids=[], operation="write")
        return await self.odoo.call(LEAD, "search_count", domain=self.sales), bool(may_write)

    def data_until(self, now: datetime) -> datetime:
        """A few seconds ago, by the earlier of two clocks, ours and Odoo's."""
        self.thread.run(self.odoo.call("res.users", "context_get"))
        theirs = self.odoo.http.told_at or now
        return (min(now, theirs) - SAFETY).replace(microsecond=0)

    async def first_at(self) -> datetime | None:
        first = await self.odoo.rows(LEAD, self.sales, ["create_date"], order="create_date", limit=1)
        return instant(first[0]["create_date"]) if first else None

    def read(self, window: Window) -> Iterator[Batch]:
        assert self.reader  # asked for here: the loop, in which windows are read, may not wait for itself
        yield from super().read(window)

    async def stream(self, window: Window) -> AsyncGenerator[Batch, None]:
        async for batch in self.reader.window(window):
            yield batch

    def lead_ids(self) -> Iterator[str]:
        """Those of every team: a lead that was moved out of sales has not vanished."""
        for page in self.thread.iterate(self.odoo.pages(LEAD, [], [])):
            yield from (str(lead["id"]) for lead in page)

    def phones(self) -> set[str]:
        column = self.cards.leads.columns.get("phone")
        if column is None or column.column is None:
            return set()
        pages = self.thread.iterate(self.odoo.pages(LEAD, self.sales, [column.column]))
        texts = (str(lead[column.column]) for page in pages for lead in page if lead[column.column])
        return {phone for text in texts if (phone := first_phone(text, self.mapping.phone_region))}

    def describe(self) -> AccountFacts:
        return self.thread.run(described(self.odoo))

    @property
    def writer(self) -> Writer:
        return Writer(self.odoo, self.account, self.mapping)

    def rehearse(self, command: Command) -> Sequence[str]:
        return self.thread.run(self.writer.rehearse(command))

    def apply(self, command: Command) -> Receipt:
        self.thread.run(self.writer.carry_out(command))
        done_at = self.clock()
        return Receipt(marker=command.marker, handed_over_at=done_at, confirmed_at=done_at)
