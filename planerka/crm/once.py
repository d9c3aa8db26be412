"""A write is done once: where its answer was lost, it is looked for before it is repeated."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from planerka.model import Command

LOOKS_N = 6
"""Looks for a write whose answer was lost, a minute in all: the CRM may still be at it."""

Seen = TypeVar("Seen")


async def looked_for(find: Callable[[], Awaitable[Seen]], before: Seen, pause_s: float) -> Seen:
    """What can be seen after a lost answer, as soon as it is not as `before`, or in the end.

    `pause_s` is the time until the first look; each later one is twice as long.
    """
    found = before
    for _ in range(LOOKS_N):
        await asyncio.sleep(pause_s)
        found = await find()
        if found != before:
            break
        pause_s *= 2
    return found


def with_marker(text: str, command: Command) -> str:
    """The text with the marker, by which it is found again."""
    return text if command.marker in text else f"{text} [{command.marker}]"
