"""Neglected leads, each silence once."""

from zoneinfo import ZoneInfo

import pandas as pd
import sqlalchemy as sa

from planerka.store.bulk import changes, keys_of, same_key, upsert
from planerka.store.frames import local_day
from planerka.store.tables import neglect
from planerka.store.touched import touch


def store(connection: sa.Connection, source: str, silences: pd.DataFrame, zone: ZoneInfo) -> pd.DataFrame:
    """Keep silences (columns lead_id, manager_id, last_touch_at, neglected_at) and touch the days they fall on.

    Returns the keys of those that were new or have changed.
    """
    dated = silences.assign(neglected_on=local_day(silences["neglected_at"], zone))
    with changes(connection, neglect, source, dated) as rows:
        changed = keys_of(connection, neglect, rows)
        before = sa.select(neglect.c.neglected_on).join(rows, same_key(neglect, rows, source))
        touch(connection, source, [before, sa.select(rows.c.neglected_on)])
        upsert(connection, neglect, source, rows)
    return changed
