"""The ledger as it was worked out last: of many thousand returns that takes seconds, which no page shall wait for."""

import time
from datetime import datetime, timedelta
from threading import Lock, Thread

from planerka.desk.desk import Desk
from planerka.disputes.ledger import Ledger, ledger
from planerka.store.database import reading
from planerka.store.windows import get_source

FRESH, TIMES_AS_LONG = timedelta(minutes=5), 60
"""It is kept for so long, and for so many times as long as it took: no more than a second a minute goes into it."""


class KeptLedger:
    """Of one desk. The first who asks waits for it; later ones get the last there is, while a newer one is made."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.found: Ledger | None = None
        self.stale_at: datetime | None = None

    def of(self, desk: Desk, now: datetime) -> Ledger | None:
        """Of all returns; None before the first pull."""
        with reading(desk.engine) as connection:
            known = get_source(connection, desk.source)
        if known is None:
            return None
        if self.found is None:
            with self.lock:
                if self.found is None:
                    self.work_out(desk, known.data_until, now)
        elif self.stale_at and now >= self.stale_at and self.lock.acquire(blocking=False):
            Thread(target=self.renew, args=(desk, known.data_until, now), daemon=True).start()
        return self.found

    def renew(self, desk: Desk, until: datetime, now: datetime) -> None:
        """In a thread of its own, which was given the lock."""
        try:
            self.work_out(desk, until, now)
        finally:
            self.lock.release()

    def work_out(self, desk: Desk, until: datetime, now: datetime) -> None:
        began_s, settings = time.monotonic(), desk.settings
        cost = settings.review.analyst_cost_per_month
        self.found = ledger(desk.engine, desk.source, None, until, settings.zone, cost)
        took = timedelta(seconds=time.monotonic() - began_s)
        self.stale_at = now + max(FRESH, TIMES_AS_LONG * took)
