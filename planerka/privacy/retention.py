"""Retention: who was a client long ago is nobody's business any more."""

from datetime import datetime

import pandas as pd
import sqlalchemy as sa

from planerka.clock import start_of
from planerka.privacy.erasing import Erased, blank, worklist_of
from planerka.settings import Settings
from planerka.store import erasure
from planerka.store.old_leads import old_leads, old_rows
from planerka.store.touched import hold

NOTHING = Erased(leads_n=0, cards_n=0, rulings_n=0, quarantined_n=0, worklist_n=0)


def forget_old_leads(engine: sa.Engine, source: str, settings: Settings, now: datetime) -> Erased:
    """Blank, as an erasure does, the leads to which nothing has happened for `privacy.keep_months` of local days.

    Without that setting nothing is forgotten. A lead in work, a dispute that waits and a contract that stands keep
    theirs; who asked not to be called is known on, for that alone.
    """
    if settings.privacy.keep_months is None:
        return NOTHING
    today = pd.Timestamp(now.astimezone(settings.zone).date())
    before_on = (today - pd.DateOffset(months=settings.privacy.keep_months)).date()
    with engine.begin() as connection:
        hold(connection, source)
        for lead_ids in (old_leads(source, before_on), old_rows(source, start_of(before_on, settings.zone))):
            erasure.mark(connection, source, lead_ids, now, is_by_request=False)
        forgotten = blank(connection, source, worklist_of(settings))
    erasure.scrub(engine)
    return forgotten
