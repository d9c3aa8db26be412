"""Events that a CRM tells, while they are made: thousands a page, each a row of what is said of it, then one frame."""

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa

from planerka.crm.rows import INSTANT, TEXT, dtypes_of
from planerka.model import Event, EventKind

Row = dict[str, Any]
"""What is said of an event, by the fields of `model.Event`: instants as the CRM has them, the rest as plain texts and
numbers.
"""


def event_row(id_: str, lead_id: str, kind: EventKind, at: Any, owner: str | None, **more: Any) -> Row:
    """An event that was recorded when it happened, unless `more` says otherwise."""
    told = {"id": id_, "lead_id": lead_id, "kind": str(kind), "at": at, "recorded_at": at, "manager_id": owner}
    return told | more


def events_frame(rows: Sequence[Row], instants: Callable[[list[Any]], Any]) -> pd.DataFrame:
    """Rows of `model.Event`; what is not said is not known. `instants` reads a column of them, None where none is."""
    columns: dict[str, Any] = {}
    for name, dtype in dtypes_of(Event).items():
        said: Any = [row.get(name) for row in rows]
        if dtype == TEXT:
            said = pa.array(said, pa.large_string())  # pandas by itself takes three times as long
        columns[name] = pd.Series(instants(said) if dtype == INSTANT else said, dtype=dtype)
    return pd.DataFrame(columns)
