"""The ledger as it was worked out last: of many thousand returns that takes seconds, which no page shall wait for."""

import time
from concurrent.futures import Future
from datetime import datetime, timedelta
from threading import Lock, Thread

from planerka.desk.desk import Desk
from planerka.disputes.ledger import Ledger, ledger
from planerka.store.database import reading
from planerka.store.windows import get_source

FRESH, TIMES_AS_LONG = timedelta(minutes=5), 60
"""It is kept for so long, and for so many times as long as it took: no more than a second a minute goes into it."""

PATIENCE_S = 0.1
"""A page waits so long for the first one."""


class KeptLedger:
    """Of one desk. It is worked out in a thread of its own, and while that makes a newer one, readers get the last."""

    def __init__(self) -> None:
        self.patience_s: float | None = PATIENCE_S
        self.lock = Lock()
        self.making: Future[Ledger] | None = None
        self.found: Ledger | None = None
        self.stale_at: datetime | None = None

    def of(self, desk: Desk, now: datetime, patience_s: float | None = None) -> Ledger | None:
        """Of all returns; None before the first pull.

        TimeoutError where the first one takes longer than that (None: it is waited for).
        """
        with reading(desk.engine) as connection:
            known = get_source(connection, desk.source)
        if known is None:
            return None
        making = self.made(desk, known.data_until, now)
        return self.found or making.result(patience_s)

    def made(self, desk: Desk, until: datetime, now: datetime) -> Future[Ledger]:
        """The one that is being worked out, or was last; it is begun anew once that one is stale, or has failed."""
        with self.lock:
            is_fresh = self.stale_at is not None and now < self.stale_at
            if self.making is None or (self.making.done() and not is_fresh):
                self.making = Future()
                Thread(target=self.work_out, args=(self.making, desk, until, now), daemon=True).start()
            return self.making

    def work_out(self, making: Future[Ledger], desk: Desk, until: datetime, now: datetime) -> None:
        """What goes wrong is told to whoever waits, and to the log."""
        began_s, cost = time.monotonic(), desk.settings.review.analyst_cost_per_month
        try:
            self.found = ledger(desk.engine, desk.source, None, until, desk.settings.zone, cost)
        except BaseException as error:
            making.set_exception(error)
            raise
        took = timedelta(seconds=time.monotonic() - began_s)
        self.stale_at = now + max(FRESH, TIMES_AS_LONG * took)
        making.set_result(self.found)
