"""Calls of Odoo's JSON-2 API: pages of a model by ascending ids, and whether what comes back is what was asked for."""

from collections.abc import AsyncGenerator, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pyarrow as pa

from planerka.crm.base import Window
from planerka.crm.http import Dialect, Http, KeyLogin, Then, Words, both
from planerka.errors import CrmAnswerError

Json = dict[str, Any]
Domain = Sequence[Any]

PAGE_N = 1000
IDS_N = 1000
"""Rows of a page; ids in one request."""

ACCESS = "odoo.exceptions.AccessError"
DATABASE_FAILED = "psycopg2."
"""Errors of Odoo's own database: the request was right, and whether a write was done is not known."""

MISTAKE = "mistake"
WORDS_N = 300


def words(answer: Any) -> Words:
    """Odoo's name for an error, and the first line of what it says: the others quote records, or its own code."""
    name = answer.get("name") if isinstance(answer, dict) else None
    if not isinstance(name, str):
        return Words(None, "")
    text = str(answer.get("message") or "").strip().partition("\n")[0][:WORDS_N]
    return Words(None if name.startswith(DATABASE_FAILED) else ACCESS if name == ACCESS else MISTAKE, text)


DIALECT = Dialect(
    words=words,
    patience={
        **both(500, Then.REFUSED, MISTAKE),  # a wrong field or argument comes as 500, and does so again
        **both(403, Then.REFUSED, ACCESS),
        **both(404, Then.MOVED),
        **both(404, Then.REFUSED, MISTAKE),
    },
)
"""A 404 that is not of Odoo's JSON says that there is no such database, or no Odoo."""


def login(key: str, database: str) -> KeyLogin:
    """The login of Odoo; one server may hold many databases."""
    return KeyLogin(key, scheme="bearer", beside={"X-Odoo-Database": database})


def path_of(model: str, method: str) -> str:
    return f"/json/2/{model}/{method}"


def written(at: datetime) -> str:
    """An instant as a domain of Odoo has it: UTC without a zone, whole seconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def instant(text: str) -> datetime:
    """The instant of a time in an answer of Odoo."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def instants(texts: pd.Series) -> pd.Series:
    """Those of a column; NaT where a text is missing."""
    found = pa.array(texts, pa.string(), from_pandas=True).cast(pa.timestamp("us"))
    return pd.Series(found.to_numpy(zero_copy_only=False)).dt.tz_localize(UTC)


class Odoo:
    """One database. Rows that are archived are there like the others."""

    def __init__(self, http: Http) -> None:
        self.http = http

    async def call(self, model: str, method: str, **arguments: Any) -> Any:
        """What a method answers that changes nothing."""
        body = {"context": {"active_test": False}, **arguments}
        return await self.http.read("POST", path_of(model, method), body=body)

    async def write(self, model: str, method: str, **arguments: Any) -> Any:
        """What a method answers that changes something; CrmLostAnswerError where it may have been done."""
        return await self.http.write("POST", path_of(model, method), body=arguments)

    async def rows(self, model: str, domain: Domain, fields: Iterable[str], **more: Any) -> list[Json]:
        """The rows of a search; a many2one is an id, for names are nobody's business here."""
        wanted = {"id", *fields}
        found = await self.call(model, "search_read", domain=domain, fields=[*wanted], **{"load": "", **more})
        if not isinstance(found, list) or not all(isinstance(row, dict) and row.keys() >= wanted for row in found):
            raise CrmAnswerError(f"{self.http.name} sent no rows of {model}: is that address the one of Odoo 19?")
        return found

    async def pages(self, model: str, domain: Domain, fields: Iterable[str], **more: Any) -> AsyncGenerator[list[Json]]:
        """Every row once, by ascending ids, however many others are written meanwhile.

        A page may be shorter than was asked for: only an empty one is the end.
        """
        names, last_id = list(fields), 0
        while True:
            after = [*domain, ["id", ">", last_id]]
            page = await self.rows(model, after, names, order="id asc", limit=PAGE_N, **more)
            if not page:
                return
            for row in page:
                if row["id"] <= last_id:
                    raise self.unasked(model, row)
                last_id = row["id"]
            yield page

    async def changed(
        self, model: str, window: Window, domain: Domain, fields: Iterable[str], **more: Any
    ) -> AsyncGenerator[list[Json]]:
        """What was written last in the window. A row written anew while it is read leaves it, and comes in a later one.

        Odoo shows seconds and keeps more: a window begins and ends at whole ones.
        """
        until = written(window.until)
        since = written(window.since) if window.since else ""
        bounds = [["write_date", "<", until], *([["write_date", ">=", since]] if since else [])]
        async for page in self.pages(model, [*bounds, *domain], {"write_date", *fields}, **more):
            for row in page:
                if not since <= row["write_date"] < until:
                    raise self.unasked(model, row)
            yield page

    async def by_id(
        self, model: str, ids: Iterable[int], fields: Iterable[str], domain: Domain = (), **more: Any
    ) -> list[Json]:
        """The rows with these ids that there are and that may be seen, by ascending ids."""
        wanted, names, found = sorted(set(ids)), list(fields), list[Json]()
        for start in range(0, len(wanted), IDS_N):
            some = set(wanted[start : start + IDS_N])
            rows = await self.rows(model, [["id", "in", sorted(some)], *domain], names, order="id asc", **more)
            for row in rows:
                if row["id"] not in some:
                    raise self.unasked(model, row)
            found += rows
        return found

    def unasked(self, model: str, row: Json) -> CrmAnswerError:
        return CrmAnswerError(
            f"{self.http.name} answers a search of {model} with row {row['id']}, which was not asked for: a filter or "
            "the order was passed over; look for a module of Odoo that changes searches"
        )
