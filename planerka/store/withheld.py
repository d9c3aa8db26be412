"""What was erased stays so: the next export, whole as it is, brings nothing of it back."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import pandas as pd
import sqlalchemy as sa

from planerka.model import Lead, Rejection
from planerka.phones import MASK
from planerka.store.bulk import insert_into, staged
from planerka.store.erasure import TEXTS, blanked_row, digest, forgets_client
from planerka.store.frames import read_frame
from planerka.store.tables import erased_client, erased_lead
from planerka.store.touched import hold


def withheld(connection: sa.Connection, source: str, noun: type, frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of a pull without what was erased.

    A lead that an erased client left before the erasure, and that comes only now, is erased too; a later enquiry is
    a new one, with a consent of its own.
    """
    if noun not in (Lead, Rejection):
        return frame
    hold(connection, source)  # an erasure that commits between this look and the writing would be written over
    if noun is Lead:
        _mark_late_leads(connection, source, frame)
    marked = _marked_among(connection, source, frame["id" if noun is Lead else "lead_id"])
    if marked.empty:
        return frame
    if noun is Lead:
        forgetting = frame["id"].isin(marked["lead_id"][marked["forgets_client"]])
        url = frame["url"].mask(frame["id"].isin(marked["lead_id"]))
        return frame.assign(url=url, client_id=frame["client_id"].mask(forgetting))
    is_marked = frame["lead_id"].isin(marked["lead_id"])
    return frame.assign(**{name: frame[name].mask(is_marked & frame[name].notna(), MASK) for name in TEXTS})


def withheld_rows(connection: sa.Connection, source: str, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows for the quarantine (`store.quarantine.add`) without what was erased."""
    rows = list(rows)
    if not rows:
        return []
    of_lead = [row["row_key"] if row["noun"] == "lead" else row["row"].get("lead_id") for row in rows]
    marked = set(_marked_among(connection, source, pd.Series(of_lead, dtype="str"))["lead_id"])
    clients = erased_clients(connection, source)

    def is_erased(row: dict[str, Any], lead_id: str | None) -> bool:
        client_id = row["row"].get("client_id") if clients else None
        return lead_id in marked or (client_id is not None and digest(client_id) in clients)

    return [
        row | {"row": blanked_row(row["row"])} if is_erased(row, lead_id) else row
        for row, lead_id in zip(rows, of_lead, strict=True)
    ]


def erased_clients(connection: sa.Connection, source: str) -> dict[str, datetime]:
    """When the clients with these digests were erased."""
    query = sa.select(erased_client.c.client_sha256, erased_client.c.erased_at)
    return dict(connection.execute(query.where(erased_client.c.source == source)).tuples().all())


def _mark_late_leads(connection: sa.Connection, source: str, frame: pd.DataFrame) -> None:
    clients = erased_clients(connection, source)
    if not clients:
        return
    erased_at = pd.to_datetime(
        frame["client_id"].map(lambda id_: clients.get(digest(id_)), na_action="ignore"), utc=True
    )
    is_late = erased_at.notna() & ~(frame["created_at"] >= erased_at)
    insert = insert_into(connection, erased_lead).on_conflict_do_nothing()
    rows = [
        {"source": source, "lead_id": id_, "erased_at": at.to_pydatetime(), "is_by_request": True}
        for id_, at in zip(frame["id"][is_late], erased_at[is_late], strict=True)
    ]
    if rows:
        connection.execute(insert, rows)


def _marked_among(connection: sa.Connection, source: str, lead_ids: pd.Series) -> pd.DataFrame:
    """Those of the leads that are erased: lead_id, and whether they lost their client too."""
    is_ours = erased_lead.c.source == source
    if not connection.scalar(sa.select(sa.exists().where(is_ours))):
        return pd.DataFrame({"lead_id": pd.Series(dtype="str"), "forgets_client": pd.Series(dtype="bool")})
    asked = pd.DataFrame({"lead_id": lead_ids.dropna().drop_duplicates()})
    with staged(connection, [erased_lead.c.lead_id], asked) as rows:
        query = sa.select(erased_lead.c.lead_id, forgets_client(source).label("forgets_client"))
        found = read_frame(connection, query.where(is_ours, erased_lead.c.lead_id.in_(sa.select(rows.c.lead_id))))
    return found.assign(forgets_client=found["forgets_client"].astype("bool"))
