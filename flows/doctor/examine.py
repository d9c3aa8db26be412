"""Every check, all at once: what hangs is said to hang, and holds up nothing else."""

import threading
import time
from collections.abc import Callable, Iterator

from flows.doctor.finding import Finding, Level, safely
from flows.doctor.machine import machine
from flows.doctor.mail import mailbox, smtp
from flows.doctor.prefect_server import prefect
from flows.doctor.source import source
from flows.doctor.store import database
from planerka.errors import SettingsError
from planerka.settings import Settings, load_settings

LIMIT_S = 15


PARTS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (machine, database, source, smtp, mailbox, prefect)


def examine() -> list[Finding]:
    """All findings, in the order of PARTS; with wrong settings, theirs alone."""
    try:
        settings = load_settings()
    except SettingsError as refused:
        return [Finding("settings", Level.WRONG, line.strip()) for line in wrong_keys(str(refused))]
    examinations = [Examination(part, settings) for part in PARTS]
    until = time.monotonic() + LIMIT_S
    return [finding for one in examinations for finding in one.findings(until)]


def wrong_keys(refusal: str) -> list[str]:
    """A line a key; the first line only says that there are some."""
    first, *keys = refusal.splitlines()
    return keys or [first]


class Examination:
    """One part, in a thread of its own that does not keep the process alive."""

    def __init__(self, part: Callable[[Settings], Iterator[Finding]], settings: Settings) -> None:
        self.name = part.__name__
        self.found: list[Finding] = []
        self.thread = threading.Thread(target=self.look, args=(part(settings),), daemon=True)
        self.thread.start()

    def look(self, part: Iterator[Finding]) -> None:
        for finding in safely(self.name, part):
            self.found.append(finding)

    def findings(self, until: float) -> list[Finding]:
        """What was found by then, on the monotonic clock, and that there was no answer where there was none."""
        self.thread.join(max(0.0, until - time.monotonic()))
        if not self.thread.is_alive():
            return self.found
        said = f"no answer in {LIMIT_S} s: see whether this machine reaches it"
        return [*self.found, Finding(self.name, Level.WRONG, said)]
