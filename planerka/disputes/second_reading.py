"""What a second reader sees, and what they decide from the evidence alone, as the analyst would."""

from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa

from planerka.errors import ChangedError, UsageError
from planerka.model import Decision
from planerka.phones import MASK, masked
from planerka.store import readings
from planerka.store.database import reading
from planerka.store.erasure import is_erased
from planerka.store.readings import DECISIONS, ReadingView, Unread
from planerka.store.touched import hold


def unread(engine: sa.Engine, source: str, reader: str) -> list[Unread]:
    """What waits for this reader, by the time it is due; nothing in which the reader had a part."""
    with reading(engine) as connection:
        return readings.unread(connection, source, reader)


def reading_view(engine: sa.Engine, source: str, reading_id: int, reader: str) -> ReadingView:
    """All that the reader may see of one reading. UsageError where there is none, or the reader had a part in it."""
    with reading(engine) as connection:
        return view_for(connection, source, reading_id, reader)


def read(
    engine: sa.Engine,
    source: str,
    reading_id: int,
    decision: Decision,
    reader: str,
    comment: str,
    now: datetime,
    witness: Callable[[sa.Connection], None] | None = None,
) -> None:
    """Keep what the second reader decides: once, with a comment, which is masked; nothing goes to the source.

    `witness` is told of it in its transaction.
    UsageError: another decision than to uphold or to return, no comment or reader, no such reading, and one of a
    dispute in which the reader took a step. ChangedError: it was read already (of two at once the first stands).
    """
    reader, comment = reader.strip(), comment.strip()
    if decision not in DECISIONS:
        raise UsageError(f"a reading is {' or '.join(DECISIONS)}, not {decision}: nobody is asked for more")
    if not comment or not reader:
        raise UsageError("a reading needs a comment and a reader: where two differ, both departments read why")
    with engine.begin() as connection:
        hold(connection, source)  # an erasure that commits between this look and the writing would not see the comment
        found = view_for(connection, source, reading_id, reader)
        kept = MASK if is_erased(connection, source, found.lead_id) else masked(comment)
        if not readings.put(connection, reading_id, decision, reader, kept, now):
            raise ChangedError(f"reading {reading_id} has been read already: the first one stands")
        if witness:
            witness(connection)


def view_for(connection: sa.Connection, source: str, reading_id: int, reader: str) -> ReadingView:
    found = readings.view(connection, source, reading_id)
    if found is None:
        raise UsageError(f"There is no reading {reading_id}: see the queue of the second reader")
    if readings.has_a_part(connection, reading_id, reader.strip()):
        raise UsageError(
            f"reading {reading_id} is of a dispute in which this reader had a part: somebody else reads it"
        )
    return found
