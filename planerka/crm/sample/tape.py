"""A recorder of events: one call of `add` for one kind of thing that happens to many leads.

The number of an event is its lead's number, the life in which it happened, and the place of the call in the
script. It is therefore the same whatever else is visible and however the leads are cut into pieces.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from planerka.crm.sample.dice import Bools, Ints
from planerka.crm.sample.leads import Columns
from planerka.crm.sample.timeline import FAR
from planerka.model import EventKind

KINDS = tuple(EventKind)
CODE_OF_KIND = {kind: code for code, kind in enumerate(KINDS)}

ACTORS = ("person", "robot", "unknown")
PERSON, ROBOT, UNKNOWN = range(3)

OUTCOMES = ("answered", "no_answer", "not_in_service")
ANSWERED, MISSED, NOT_IN_SERVICE = range(3)

OWNER = -2
"""In place of an actor: the manager who owned the lead at that time."""

PLACES_N, LIVES_N = 100, 100


@dataclass(frozen=True)
class Events(Columns):
    """One row an event; codes are -1 where there is nothing, `due_s` is `timeline.FAR` then.

    `lead` is the position of the lead in its piece; `life` is 0 until a return to work, 1 after the one of the
    story, 2 and up after commands. `recorded_s` is -1 where the CRM's usual delay applies.
    """

    lead: Ints
    life: Ints
    number: Ints
    kind: Ints
    at_s: Ints
    actor: Ints
    actor_kind: Ints
    manager: Ints
    reason: Ints
    from_stage: Ints
    to_stage: Ints
    duration_s: Ints
    outcome: Ints
    due_s: Ints
    recorded_s: Ints


class Tape:
    """Events of some leads in one life. `leads` are positions, `numbers` the leads' numbers, `until_s` cuts off."""

    def __init__(self, leads: Ints, numbers: Ints, life: int, until_s: Ints) -> None:
        self._leads, self._numbers, self._life, self._until_s = leads, numbers, life, until_s
        self._place = 0
        self._taken: list[tuple[Ints, ...]] = []

    def add(
        self,
        kind: EventKind | Ints,
        happens: Bools,
        at_s: Ints,
        *,
        actor: int = OWNER,
        actor_kind: ArrayLike = PERSON,
        reason: ArrayLike = -1,
        from_stage: ArrayLike = -1,
        to_stage: ArrayLike = -1,
        duration_s: ArrayLike = -1,
        outcome: ArrayLike = -1,
        due_s: ArrayLike = FAR,
        recorded_s: ArrayLike = -1,
    ) -> None:
        """Record what happens to the leads of the mask; arrays have one value for each lead of the tape."""
        where = np.flatnonzero(happens & (at_s < self._until_s))
        number = (self._numbers[where] * LIVES_N + self._life) * PLACES_N + self._place
        actors, stages = (actor, actor_kind, -1), (from_stage, to_stage)
        code = CODE_OF_KIND[kind] if isinstance(kind, EventKind) else kind
        given = (code, at_s, *actors, reason, *stages, duration_s, outcome, due_s, recorded_s)
        life = np.full(len(where), self._life)
        self._taken.append((self._leads[where], life, number, *(taken(value, where) for value in given)))
        self._place += 1

    def events(self) -> Events:
        """Everything recorded, in the order of the script."""
        return Events(*(np.concatenate(column) for column in zip(*self._taken, strict=True)))


def taken(value: ArrayLike, where: Ints) -> Ints:
    """One value for each row: a constant, or the rows of an array."""
    return value[where] if isinstance(value, np.ndarray) else np.full(len(where), value)


def joined(tapes: Sequence[Events]) -> Events:
    """The events of several lives in one."""
    columns = zip(*(vars(events).values() for events in tapes), strict=True)
    return Events(*(np.concatenate(column) for column in columns))


def owned(events: Events, owner: Ints) -> Events:
    """Fill in the manager, and the actor where it is the manager."""
    return replace(events, manager=owner, actor=np.where(events.actor == OWNER, owner, events.actor))
