"""What a real Odoo gives against what anybody would write to read it: where PLANERKA_TEST_ODOO_… lead to one."""

from collections.abc import Iterator
from typing import Any

from planerka.crm.base import Window
from planerka.crm.odoo.account import LEAD
from planerka.crm.odoo.client import PAGE_N, written
from planerka.crm.odoo.happenings import PLANNED, PLANNED_FIELDS, SAID, SAID_FIELDS
from planerka.model import Lead
from tests.bench.registry import Ratio, bench, best_of
from tests.builders_odoo import MISSING, real_site

ROUNDS_N = 3
HISTORY_FIELDS = ("res_id", "create_date", "create_uid")
VALUE_FIELDS = ("mail_message_id", "field_id", "old_value_integer", "old_value_char", "new_value_integer")
VALUE_FIELDS += ("new_value_char",)

Json = dict[str, Any]


class Bench:
    """One Odoo, read whole: by the adapter, and by a loop with one client that asks for the same and makes nothing."""

    def __init__(self) -> None:
        self.site = real_site()
        self.crm = self.site.crm()
        self.reader, self.tracked = self.crm.reader, list(self.crm.account.tracked or ())
        self.window = Window(since=None, until=self.crm.data_until(self.site.now()))

    def ours(self) -> int:
        """How many leads there are."""
        return sum(len(batch.rows) for batch in self.crm.read(self.window) if batch.noun is Lead)

    def bare(self) -> int:
        leads_n = 0
        for leads in self.changed(LEAD, [], self.reader.lead_fields):
            leads_n += len(leads)
            self.history([lead["id"] for lead in leads])
        for model, domain, fields in (
            ("mail.message", SAID, SAID_FIELDS),
            ("mail.activity", PLANNED, PLANNED_FIELDS),
        ):
            for _ in self.changed(model, domain, fields):
                pass
        return leads_n

    def history(self, lead_ids: list[int]) -> None:
        about = [["model", "=", LEAD], ["res_id", "in", lead_ids], ["tracking_value_ids.field_id", "in", self.tracked]]
        for messages in self.pages("mail.message", about, HISTORY_FIELDS):
            ids = [message["id"] for message in messages]
            of_them = [["mail_message_id", "in", ids], ["field_id", "in", self.tracked]]
            for _ in self.pages("mail.tracking.value", of_them, VALUE_FIELDS):
                pass

    def changed(self, model: str, domain: list[Any], fields: Any) -> Iterator[list[Json]]:
        until = ["write_date", "<", written(self.window.until)]
        return self.pages(model, [until, *domain], ["write_date", *fields])

    def pages(self, model: str, domain: list[Any], fields: Any) -> Iterator[list[Json]]:
        asked = {"fields": ["id", *fields], "order": "id asc", "limit": PAGE_N, "load": ""}
        asked["context"] = {"active_test": False}
        last_id = 0
        while page := self.site.call(model, "search_read", domain=[*domain, ["id", ">", last_id]], **asked):
            yield page
            last_id = page[-1]["id"]


def read_leads() -> Ratio:
    odoo = Bench()
    assert odoo.bare() == odoo.ours()
    return Ratio(ours_s=best_of(ROUNDS_N, odoo.ours), peer_s=best_of(ROUNDS_N, odoo.bare), limit=1 / 0.8)


if not MISSING:
    bench("read leads of a real Odoo against a bare paging loop")(read_leads)
