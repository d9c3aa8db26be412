"""How often may be asked: so many requests a second of each integration, and of the account."""

from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(kw_only=True)
class Limiter:
    """Sliding seconds. `is_on` False: everything passes; `refused_until_blocked_n` refusals in a minute block the
    account for good (`is_blocked`), which only support takes back."""

    clock: Callable[[], float]
    per_integration_n: int = 7
    per_account_n: int = 50
    refused_until_blocked_n: int = 20
    is_on: bool = True
    is_blocked: bool = False
    _passed: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    _refused: deque[float] = field(default_factory=deque)

    def passes(self, integration: str | None) -> bool:
        """Whether one more request may be answered now; who asks too often for long is blocked."""
        now = self.clock()
        limits = {"": self.per_account_n} | ({integration: self.per_integration_n} if integration else {})
        if not self.is_on or all(self._recent_n(self._passed[key], now, 1) < n for key, n in limits.items()):
            for key in limits:
                self._passed[key].append(now)
            return True
        self._refused.append(now)
        self.is_blocked = self._recent_n(self._refused, now, 60) >= self.refused_until_blocked_n
        return False

    @staticmethod
    def _recent_n(times: deque[float], now: float, length_s: float) -> int:
        while times and times[0] <= now - length_s:
            times.popleft()
        return len(times)
