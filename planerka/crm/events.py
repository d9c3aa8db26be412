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


def events_frame(rows: Sequence[Row], instants: Callable[[pd.Series], Any]) -> pd.DataFrame:
    """Rows of `model.Event`; what is not said is not known. `instants` reads a column of them, some missing."""
    dtypes = dtypes_of(Event)
    told = pd.DataFrame(rows, columns=[*dtypes], dtype=object)
    columns: dict[str, Any] = {name: told[name] for name in dtypes}
    for name, dtype in dtypes.items():
        if dtype == INSTANT:
            columns[name] = instants(told[name])
        if dtype == TEXT:  # pandas by itself takes three times as long
            columns[name] = pd.array(pa.array(told[name], pa.large_string(), from_pandas=True), dtype=TEXT)
    return pd.DataFrame(columns).astype(dtypes)
