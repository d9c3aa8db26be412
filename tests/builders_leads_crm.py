"""The world of `builders_leads` in a CRM, and companies that live on it."""

import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

from flows.wiring import wire
from planerka.regulation.editions import load_all
from planerka.regulation.signed import sign_edition
from tasks.company import Company
from tests.builders_cycle import environment
from tests.builders_leads import (
    NOW,
    REASONS,
    Act,
    Story,
    acts_of,
)
from tests.builders_leads_export import REJECTION_CARD, write_mapping
from tests.fakes.serving import served

CARD = {"offer": "Предложение", "competitor": "Застройщик", "horizon": "Горизонт", "original": "Исходная заявка"}
FIELDS = dict(zip(("comment", *CARD), REJECTION_CARD, strict=True))
"""The field of a rejection that each part of a card is."""

COMMON = {"currency": "RUB", "time_zone": "Europe/Moscow"}


class Recording:
    """An app, and the requests that came to it, written as a dry run writes them."""

    def __init__(self, app: Any) -> None:
        self.app, self.lines = app, list[str]()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""

        async def listening() -> Any:
            nonlocal body
            message = await receive()
            body += message.get("body", b"")
            return message

        await self.app(scope, listening, send)
        content = json.dumps(json.loads(body or b"null"), ensure_ascii=False)
        self.lines.append(f"{scope['method']} {scope['path']} {content}")


class World:
    """A CRM that acts are put into, one after another. `ids` has its number of each story; `clock` is its own.

    `asked` has the requests that came to it.
    """

    kind: str
    is_write: re.Pattern[str]
    app: Any

    def __init__(self, clock: datetime) -> None:
        self.clock, self.ids, self.asked = clock, dict[int, int](), list[str]()

    @property
    def written(self) -> list[str]:
        """Those of the requests that change something."""
        return [line for line in self.asked if self.is_write.match(line)]

    def settings(self) -> dict[str, str]:
        raise NotImplementedError

    def mapping(self) -> dict[str, Any]:
        raise NotImplementedError

    def put(self, story: Story, act: Act) -> None:
        raise NotImplementedError

    def forget(self, lead_id: int) -> None:
        """Somebody deletes a lead."""
        raise NotImplementedError

    def notes_on(self, lead_id: int) -> list[str]:
        raise NotImplementedError


def contracts_of(signed_at: str, price: str) -> dict[str, Any]:
    columns = {"signed_at": signed_at, "price_minor": price, "unit_kind": {"constant": "flat"}}
    return {"when": {"column": "status", "in": ["won"]}, "columns": columns}


def coded(number_of: Callable[[str], int]) -> dict[str, dict[str, str]]:
    return {str(number_of(title)): {"code": code} for title, code in REASONS.items()}


def put_all(world: World, stories: Sequence[Story], since: datetime | None, until: datetime) -> None:
    """What happened in `[since, until)`; then it is `until` there."""
    for story, act in acts_of(stories):
        if (since is None or act.at >= since) and act.at < until:
            world.put(story, act)
    world.clock = until


def settings_of(world: World, url: str, folder: Path) -> dict[str, str]:
    mapping = write_mapping(folder, world.mapping())
    about = {"KIND": world.kind, "URL": url, "MAPPING": str(mapping), "REQUESTS_PER_S": "1000"} | world.settings()
    return {f"PLANERKA_SOURCE__{name}": value for name, value in about.items()}


@contextmanager
def open_company(folder: Path, now: datetime, settings: dict[str, str]) -> Iterator[Company]:
    """A company of the source in the settings, whose heads have signed the rules."""
    variables = environment(folder, PLANERKA_PHONE_KEY="a key of phones", **settings)
    with patch.dict(os.environ, variables, clear=True), patch("flows.wiring.clock", lambda: now), ExitStack() as opened:
        company = wire()
        opened.callback(company.engine.dispose)
        for edition in load_all(company.settings.rulebook / "regulation"):
            for role in ("marketing", "sales"):
                sign_edition(company.engine, edition, role, "Иванова", now)
        yield company


@contextmanager
def opened_in(world: World, folder: Path) -> Iterator[Company]:
    """A company of that CRM, which is reached over HTTP."""
    recording = Recording(world.app)
    world.asked = recording.lines
    with served(recording) as url, open_company(folder, NOW, settings_of(world, url, folder)) as company:
        yield company
