"""Requests to amoCRM: pages of lists, records by id, and whether what comes back is what was asked for."""

from collections.abc import AsyncGenerator, Callable, Iterable
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from planerka.crm.base import Window
from planerka.crm.http import Dialect, Http, Then, Words, both
from planerka.errors import CrmAnswerError, SettingsError

Json = dict[str, Any]

API = "/api/v4"
PAGE_N = 250
EVENTS_N = 100
"""The most events on a page: who asks for more is given 50."""

IDS_N = 200
"""Ids in one request: its line stays below the 8 KB that a web server takes."""


def words(answer: Any) -> Words:
    """Both forms of an error: a list of `validation-errors`, a map `errors` from an id to a sentence.

    The code is that of the first error, and `problem` where there is none: amoCRM itself speaks, and no server on
    the way to it.
    """
    if not isinstance(answer, dict):
        return Words("problem", "")
    listed = [error for record in answer.get("validation-errors") or () for error in record.get("errors") or ()]
    if listed:
        return Words(str(listed[0].get("code")), "; ".join(f"{e.get('path')}: {e.get('detail')}" for e in listed))
    mapped = answer.get("errors")
    texts = mapped.values() if isinstance(mapped, dict) else [answer.get("detail") or answer.get("title") or ""]
    return Words("problem", "; ".join(map(str, texts)))


DIALECT = Dialect(words=words, patience={**both(404, Then.MOVED), **both(404, Then.REFUSED, "problem")})
"""A 404 that amoCRM did not write is of a server that no longer knows the name of the account."""


@dataclass(frozen=True)
class Span:
    """Seconds since 1970, both included, as the filters of amoCRM have them."""

    first: int
    last: int

    @classmethod
    def of(cls, window: Window) -> "Span":
        """The whole seconds of a closed-open window."""
        first = ceil(window.since.timestamp()) if window.since else 0
        return cls(first, ceil(window.until.timestamp()) - 1)

    def __contains__(self, at: object) -> bool:
        return isinstance(at, int) and self.first <= at <= self.last

    def filter(self, name: str) -> Json:
        return {f"filter[{name}][from]": self.first, f"filter[{name}][to]": self.last}


@dataclass(frozen=True)
class Asked:
    """A list: its path, what its records are called in an answer, and which of them `fits` what was asked for."""

    path: str
    name: str
    params: Json = field(default_factory=dict)
    length_n: int = PAGE_N
    fits: Callable[[Json], bool] = lambda record: True


@dataclass(frozen=True)
class Page:
    records: list[Json]
    is_last: bool


class Client:
    """One account of amoCRM."""

    def __init__(self, http: Http) -> None:
        self.http = http

    async def account(self) -> Json:
        """The account. SettingsError where its filters are switched off: it would answer with everything, silently."""
        account = self.embedding(
            await self.http.read("GET", f"{API}/account?with=is_api_filter_enabled,datetime_settings")
        )
        if not account.get("is_api_filter_enabled"):
            raise SettingsError(
                f"{self.http.name} has no filters in its API (`is_api_filter_enabled`): every question would be "
                "answered with the whole account; ask the support of amoCRM to switch them on"
            )
        return account

    async def every(self, asked: Asked) -> AsyncGenerator[list[Json], None]:
        """Every record once, page by page; those that come or go meanwhile may be among them or not.

        Pages have numbers, and whenever a record comes or goes all behind it move: a plain walk steps over some. So
        each page is made to begin with a record that is known already. Whatever follows that one now, follows it on
        this page. A page that begins with another one may have left something out: it is asked for from further back.
        """
        seen, known_n, length_n = set[Any](), 0, asked.length_n
        while True:
            start, page = await self.page_after(asked, known_n, length_n)
            if start and (not page.records or page.records[0]["id"] not in seen):
                known_n = max(start - length_n // 2, 0)
                continue
            new = [record for record in page.records if record["id"] not in seen]
            seen.update(record["id"] for record in new)
            if new:
                yield new
            if page.is_last:
                return
            end_n = start + len(page.records)
            if not new and end_n <= known_n:
                raise CrmAnswerError(
                    f"{self.http.name} shows {len(seen)} records of {asked.path}, and never the others"
                )
            known_n = end_n
            if not start:
                length_n = len(page.records)  # some lists have shorter pages than are asked for, and so number them

    async def page_after(self, asked: Asked, known_n: int, longest_n: int) -> tuple[int, Page]:
        """How many records stand before it, and a page that begins with one of the first `known_n`; the first for 0.

        Of all lengths of a page up to `longest_n` the one whose pages begin just before that place, and bring the most
        behind it.
        """
        place = max(known_n - 1, 0)
        length_n = max(range(1, longest_n + 1), key=lambda n: n - place % n)
        number = place // length_n
        return number * length_n, await self.page(asked, number + 1, length_n)

    async def all(self, asked: Asked) -> list[Json]:
        return [record async for page in self.every(asked) for record in page]

    async def first(self, asked: Asked) -> Json | None:
        """The first record of a list; None where it has none."""
        return next(iter((await self.page(asked, 1, 1)).records), None)

    async def page(self, asked: Asked, number: int, length_n: int) -> Page:
        """One page; past the last one it is empty."""
        params = {"limit": length_n, "page": number, **asked.params}
        answer = await self.http.read("GET", f"{API}{asked.path}", params=params)
        if answer is None:
            return Page([], is_last=True)
        records = self.records(answer, asked.name)
        if strays := [record for record in records if not asked.fits(record)]:
            raise CrmAnswerError(
                f"{self.http.name} answers {asked.path} with records nobody asked for, as {strays[0].get('id')}: "
                "a filter was passed over; run `planerka doctor`, and ask the support of amoCRM"
            )
        return Page(records, is_last="next" not in answer.get("_links", {}))

    async def by_id(self, path: str, name: str, ids: Iterable[int | str], **params: Any) -> list[Json]:
        """The records with these ids that there are, in any order."""
        found: list[Json] = []
        wanted = sorted({int(key) for key in ids})
        for start in range(0, len(wanted), IDS_N):
            some = frozenset(wanted[start : start + IDS_N])
            asked = Asked(path, name, {"filter[id][]": sorted(some), **params}, fits=among(some))
            found += (await self.page(asked, 1, PAGE_N)).records
        return found

    def records(self, answer: Any, name: str) -> list[Json]:
        records = self.embedding(answer).get("_embedded", {}).get(name)
        if not isinstance(records, list) or not all(isinstance(record, dict) and "id" in record for record in records):
            raise CrmAnswerError(f"{self.http.name} sent an answer without {name}: is that address the one of amoCRM?")
        for record in records:
            record.pop("_links", None)  # nobody follows them, and they are a third of what is kept of an event
        return records

    def embedding(self, answer: Any) -> Json:
        if not isinstance(answer, dict):
            raise CrmAnswerError(f"{self.http.name} sent an answer that is no record: is that address one of amoCRM?")
        return answer


def among(ids: frozenset[int]) -> Callable[[Json], bool]:
    return lambda record: record["id"] in ids
