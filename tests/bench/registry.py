"""Bench lines: ours against a peer doing the same in the same run. Ratios are for people; no test asserts a second.

    @bench("judge 1,000,000 rejections against a row-by-row loop")
    def judge() -> Ratio:
        return Ratio(ours_s=best_of(3, ours), peer_s=best_of(3, peer))

A station adds a module `tests/bench/bench_<station>.py`; `make bench` finds it.
"""

import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """Wall time of ours and of the peer, and how many times the peer's we allow ourselves (None: no promise).

    The most memory that each held, in MB, where it was measured.
    """

    ours_s: float
    peer_s: float
    limit: float | None = None
    ours_mb: float | None = None
    peer_mb: float | None = None

    @property
    def value(self) -> float:
        return self.ours_s / self.peer_s

    def __str__(self) -> str:
        line = f"{self.ours_s:8.2f} s  {self.peer_s:8.2f} s  x {self.value:5.2f}"
        if self.limit is not None:
            line += f"  at most {self.limit:g}: {'kept' if self.value <= self.limit else 'BROKEN'}"
        if self.ours_mb and self.peer_mb:
            line += f"  {self.ours_mb:.0f} MB and {self.peer_mb:.0f} MB"
        return line


@dataclass(frozen=True, kw_only=True)
class Room:
    """The most memory there is while ours works, beside what it was given, in MB, and how many times that we allow."""

    peak_mb: float
    given_mb: float
    limit: float

    def __str__(self) -> str:
        times = self.peak_mb / self.given_mb
        verdict = "kept" if times <= self.limit else "BROKEN"
        return f"{self.peak_mb:7.0f} MB  {self.given_mb:7.0f} MB  x {times:5.2f}  at most {self.limit:g}: {verdict}"


Measure = Callable[[], Ratio | Room]

BENCHES: dict[str, Measure] = {}


def bench(title: str) -> Callable[[Measure], Measure]:
    """Register a line under a title that names ours, the size and the peer."""

    def register(measure: Measure) -> Measure:
        BENCHES[title] = measure
        return measure

    return register


def best_of(times_n: int, work: Callable[[], object]) -> float:
    """The shortest of several wall times, in seconds: the one least disturbed by the rest of the machine."""
    return min(wall_s(work) for _ in range(times_n))


def wall_s(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def room(work: Callable[[], object], given_mb: float, limit: float) -> Room:
    """What Python and numpy hold at the worst moment of the work, on top of what they held before."""
    tracemalloc.start()
    work()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return Room(peak_mb=given_mb + peak / 1e6, given_mb=given_mb, limit=limit)


def apart(work: Callable[[], object]) -> tuple[float, float]:
    """Wall time in seconds and the most memory in MB, in a process that does nothing else."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(wall_s_and_peak_mb, (work,))


def wall_s_and_peak_mb(work: Callable[[], object]) -> tuple[float, float]:
    seconds = wall_s(work)
    # Not ru_maxrss: a process inherits that of the one that started it.
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return seconds, int(status["VmHWM"].split()[0]) / 1024
