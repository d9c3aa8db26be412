"""The docket: where the disputes of one source are decided, and by which calendars and in which words."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from planerka.clock import WorkCalendar
from planerka.dispute_states import DisputeAction
from planerka.store.dispute_steps import Act, take_step
from planerka.words import Words

Witness = Callable[[sa.Connection, DisputeAction, int], None]
"""Is told of each action on a dispute, by its number, in the transaction of the action."""


def nobody(_connection: sa.Connection, _action: DisputeAction, _dispute_id: int) -> None:
    pass


@dataclass(frozen=True, kw_only=True)
class Docket:
    """`office` is whose tasks are due, `review` the working week in which disputes are; `words` the CRM's language.

    `answer_link` makes the address where a manager answers a request for evidence; None where there is no desk.
    """

    engine: sa.Engine
    source: str
    office: WorkCalendar
    review: WorkCalendar
    words: Words
    witness: Witness = nobody
    answer_link: Callable[[sa.Connection, int], str] | None = None

    def take(self, connection: sa.Connection, dispute_id: int, act: Act, **kept: Any) -> int:
        """`take_step` under the eyes of the witness."""
        step_id = take_step(connection, self.source, dispute_id, act, **kept)
        self.witness(connection, act.action, dispute_id)
        return step_id
