"""The pace at which a CRM may be asked, shared by all processes of a machine."""

import asyncio
import fcntl
import os
from pathlib import Path

HEADROOM = 0.985
"""Of what is permitted: requests sent evenly arrive less evenly, and one too many in a second is punished."""

FORGOTTEN_S = 300.0
"""A turn that lies further ahead was written before this machine was started anew: its clock began again."""


class Pace:
    """Turns at even distances, `per_s` of them in a second.

    The next one stands in a file, for a pull and the commands of rulings run at once and share what is permitted;
    without a `path` nobody else asks. Times are those of the running loop, which all processes of a machine share.
    """

    def __init__(self, per_s: float, path: Path | None = None) -> None:
        self.distance_s, self.path = 1 / (per_s * HEADROOM), path
        self.next_at = self.paused_until = 0.0

    async def turn(self) -> None:
        """Wait for a turn."""
        loop = asyncio.get_running_loop()
        while True:
            at = self.book(loop.time())
            await asyncio.sleep(at - loop.time())
            if at >= self.paused_until:
                return

    def pause(self, seconds: float) -> None:
        """Nobody asks for so long: the CRM said that it was too much."""
        self.paused_until = max(self.paused_until, asyncio.get_running_loop().time() + seconds)

    def book(self, now: float) -> float:
        """The next free turn, which is nobody else's from then on."""
        if self.path is None:
            at = self.free(self.next_at, now)
            self.next_at = at + self.distance_s
            return at
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644), "r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            at = self.free(float(file.read() or 0), now)
            file.seek(0)
            file.write(f"{at + self.distance_s:020.6f}")
        return at

    def free(self, next_at: float, now: float) -> float:
        """From then on a turn is free: at once where it has passed, and after a pause."""
        return max(now, self.paused_until, next_at if next_at < now + FORGOTTEN_S else now)
