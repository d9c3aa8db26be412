"""A write is done once: where its answer was lost, it is looked for before it is repeated."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from planerka.errors import CrmError, CrmLostAnswerError, CrmRefusalError
from planerka.model import Command

LOOKS_N = 6
"""Looks for a write whose answer was lost, a minute in all: the CRM may still be at it."""

Seen = TypeVar("Seen")


async def write_once(
    write: Callable[[], Awaitable[None]], look: Callable[[], Awaitable[Seen]], before: Seen, pause_s: float
) -> None:
    """Write, and once more where the answer is lost and looking shows `before`, as if nothing had been written.

    `pause_s` is the time until the first look; each later one is twice as long. CrmLostAnswerError where the second
    answer is lost too: the next run looks for it. CrmRefusalError where nothing was done.
    """
    try:
        return await write()
    except CrmLostAnswerError:
        pass
    with begun():
        for doubling in range(LOOKS_N):
            await asyncio.sleep(pause_s * 2**doubling)
            if await look() != before:
                return
        await write()


@contextmanager
def begun() -> Iterator[None]:
    """In here a part of a command is done, or may be: what is refused is one request, and not the command.

    Raises CrmRefusalError as a CrmError that does not say that nothing was done.
    """
    try:
        yield
    except CrmRefusalError as refusal:
        raise CrmError(f"{refusal}; what was written before stays") from refusal


def with_marker(text: str, command: Command) -> str:
    """The text with the marker, by which it is found again."""
    return text if command.marker in text else f"{text} [{command.marker}]"
