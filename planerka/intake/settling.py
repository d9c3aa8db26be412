"""What is still wrong in the windows pulled since the gate was last open, and what has been settled since."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain

from planerka.intake.frame_tests import HELD
from planerka.intake.row_tests import BY_KEY
from planerka.intake.spec import Tally, undiluted
from planerka.model import Check
from planerka.store.windows import PulledWindow


@dataclass(frozen=True, kw_only=True)
class Unsettled:
    """Windows with the checks that still count, and how many rows wait in quarantine since the gate was last open."""

    windows: list[PulledWindow]
    waiting_n: int

    @property
    def checks(self) -> list[Check]:
        return [check for window in self.windows for check in window.checks]

    @property
    def is_export(self) -> bool:
        """Whether the source comes whole each time."""
        return any(window.token for window in self.windows)

    @property
    def held(self) -> Tally:
        """Of the rows of the windows, those that wait in quarantine."""
        return undiluted(HELD, [Tally(rows_n=window.rows_n, failed_n=self._held_n(window)) for window in self.windows])

    def _held_n(self, window: PulledWindow) -> int:
        """By its row tests, for a row that comes again as bad as before is not held twice."""
        failed_n = sum(check.failed_n for check in window.checks if BY_KEY[check.key].quarantines)
        return min(failed_n, self.waiting_n, window.rows_n)


def unsettled(windows: Sequence[PulledWindow], whys: Sequence[Sequence[str]]) -> Unsettled:
    """Windows oldest first; `whys`: of each row that waits, the keys of the tests that hold it back.

    An export is whole each time, so only the newest counts. Of the rows that a test holds back those count that still
    wait: a person settles them. A test that holds nothing back is settled by a later pull in which it passed.
    """
    counted = windows[-1:] if any(window.token for window in windows) else windows
    waiting = Counter(chain.from_iterable(whys))
    passed_at = last_passed_at(counted)
    still = [replace(window, checks=tuple(still_counting(window, waiting, passed_at))) for window in counted]
    return Unsettled(windows=still, waiting_n=len(whys))


def last_passed_at(windows: Iterable[PulledWindow]) -> dict[str, datetime]:
    """The newest pull in which each test passed, and had a row to decide."""
    return {
        check.key: window.pulled_at
        for window in windows
        for check in window.checks
        if check.is_passed and check.rows_n > check.unknown_n
    }


def still_counting(window: PulledWindow, waiting: Counter[str], passed_at: dict[str, datetime]) -> Iterable[Check]:
    for check in window.checks:
        if BY_KEY[check.key].quarantines:
            yield replace(check, failed_n=min(check.failed_n, waiting[check.key]))
        elif passed_at.get(check.key, window.pulled_at) <= window.pulled_at:
            yield check
