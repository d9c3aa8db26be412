"""The ledger as it was worked out last: that takes a second, and what it tells changes with the pulls."""

from datetime import datetime, timedelta
from threading import Lock

from planerka.desk.desk import Desk
from planerka.disputes.ledger import Ledger, ledger
from planerka.store.database import reading
from planerka.store.windows import get_source

FRESH = timedelta(minutes=5)
"""After a pull verdicts follow within minutes, and now and then the director takes a return back."""


class KeptLedger:
    """Of one desk; whoever asks while it is being worked out waits for it."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.found: Ledger | None = None
        self.counted_at: datetime | None = None

    def of(self, desk: Desk, now: datetime) -> Ledger | None:
        """Of all returns, as of the newest data, and not older than FRESH; None before the first pull."""
        with reading(desk.engine) as connection:
            known = get_source(connection, desk.source)
        if known is None:
            return None
        with self.lock:
            if not self.is_fresh(known.data_until, now):
                settings = desk.settings
                cost = settings.review.analyst_cost_per_month
                self.found = ledger(desk.engine, desk.source, None, known.data_until, settings.zone, cost)
                self.counted_at = now
            return self.found

    def is_fresh(self, data_until: datetime, now: datetime) -> bool:
        if self.found is None or self.counted_at is None or self.found.until != data_until:
            return False
        return now - self.counted_at < FRESH
