"""What can go wrong between a client and a server, to be asked for by a test."""

from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count


class Fault(StrEnum):
    """The first half strikes before the call is carried out, the rest when it is done."""

    CUT_BEFORE_ACTING = "cut before acting"
    HANG_BEFORE_ACTING = "hang before acting"
    TOO_MANY_REQUESTS = "429"
    BAD_GATEWAY = "502"
    UNAVAILABLE = "503"
    GATEWAY_TIMEOUT = "504"
    CUT_AFTER_ACTING = "cut after acting"
    HANG_AFTER_ACTING = "hang after acting"
    CUT_IN_BODY = "cut in the body"
    RESET_IN_BODY = "reset in the body"
    HALF_JSON = "half of the body, as if it were all"
    EMPTY_BODY = "200 and nothing"
    BAD_GATEWAY_AFTER_ACTING = "502 though it was done"
    GATEWAY_TIMEOUT_AFTER_ACTING = "504 though it was done"

    @property
    def is_before_acting(self) -> bool:
        return list(Fault).index(self) < list(Fault).index(Fault.CUT_AFTER_ACTING)

    @property
    def status(self) -> int | None:
        """The status that a proxy answers with, if that is the fault."""
        return PROXY_STATUS.get(self)


PROXY_STATUS = {
    Fault.TOO_MANY_REQUESTS: 429,
    Fault.BAD_GATEWAY: 502,
    Fault.UNAVAILABLE: 503,
    Fault.GATEWAY_TIMEOUT: 504,
    Fault.BAD_GATEWAY_AFTER_ACTING: 502,
    Fault.GATEWAY_TIMEOUT_AFTER_ACTING: 504,
}


@dataclass
class Order:
    """A fault for calls whose path contains `matching`: `times_n` after `skip_n`, or every `each_n`-th."""

    answer: Fault
    matching: str
    times_n: int
    skip_n: int
    each_n: int
    calls: count = field(default_factory=lambda: count(1))

    def strikes(self, path: str) -> bool:
        if self.matching not in path:
            return False
        number = next(self.calls)
        if self.each_n:
            return number % self.each_n == 0
        return self.skip_n < number <= self.skip_n + self.times_n


class Faults:
    """What a test has asked for, and which calls it struck, as (path, fault)."""

    def __init__(self) -> None:
        self.orders: list[Order] = []
        self.struck: list[tuple[str, Fault]] = []

    def next(self, *, answer: Fault, matching: str = "", times_n: int = 1, skip_n: int = 0) -> None:
        """The next `times_n` matching calls, once `skip_n` of them have gone well."""
        self.orders.append(Order(answer, matching, times_n, skip_n, 0))

    def every(self, n: int, *, answer: Fault, matching: str = "") -> None:
        self.orders.append(Order(answer, matching, 0, 0, n))

    def clear(self) -> None:
        self.orders.clear()

    def take(self, path: str) -> Fault | None:
        """The fault that strikes this call; the first that was asked for, where there are several."""
        striking = [order.answer for order in self.orders if order.strikes(path)]
        if not striking:
            return None
        self.struck.append((path, striking[0]))
        return striking[0]
