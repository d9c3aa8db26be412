"""The journal: what the sample company must remember between two openings.

A JSON file with the identity of the world (seed, size, anchor) and the commands carried out so far. It is replaced
as a whole, so that a killed process leaves the old one or the new one.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import Any

from planerka.errors import CrmError
from planerka.files import write_atomically
from planerka.model import Command, Decision, DisputeOrigin


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A command and when it was carried out."""

    command: Command
    applied_at: datetime


class Journal:
    """The file at `path`, made at the first opening with the anchor offered then."""

    def __init__(self, path: Path, *, seed: int, leads_n: int, anchor_on: date) -> None:
        self.path = path
        world = {"seed": seed, "leads_n": leads_n}
        with self._locked():
            if not path.exists():
                self._write({**world, "anchor_on": anchor_on.isoformat(), "entries": []})
        content = self._read()
        for name, asked in world.items():
            if content[name] != asked:
                raise CrmError(
                    f"{path} keeps a sample company with {name} {content[name]}, not {asked}: "
                    "ask for the same company, or name another journal"
                )
        self.anchor_on = date.fromisoformat(content["anchor_on"])

    def entries(self) -> tuple[Entry, ...]:
        """Every command carried out, oldest first."""
        return tuple(entry_of(row) for row in self._read()["entries"])

    def add(self, command: Command, applied_at: datetime) -> Entry:
        """Write the command down, or find that it was: then as it was written first."""
        with self._locked():
            content = self._read()
            for row in content["entries"]:
                if row["marker"] == command.marker:
                    return entry_of(row)
            latest_at = max([applied_at, *(datetime.fromisoformat(row["applied_at"]) for row in content["entries"])])
            row = written(command) | {"applied_at": latest_at.isoformat()}
            self._write({**content, "entries": [*content["entries"], row]})
        return entry_of(row)

    def _read(self) -> dict[str, Any]:
        try:
            content = json.loads(self.path.read_bytes())
            content["seed"], content["leads_n"], date.fromisoformat(content["anchor_on"])
            list(map(entry_of, content["entries"]))
        except (ValueError, KeyError, TypeError, AttributeError):
            remedy = "put back a copy, or name another folder by `data`"
            raise CrmError(f"{self.path} is not the journal of a sample company: {remedy}") from None
        except OSError as wrong:
            raise self._closed(wrong) from None
        return content

    def _write(self, content: dict[str, Any]) -> None:
        write_atomically(self.path, json.dumps(content, ensure_ascii=False, indent=1).encode())

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            lock = self.path.with_suffix(".lock").open("w")
        except OSError as wrong:
            raise self._closed(wrong) from None
        with lock:
            flock(lock, LOCK_EX)
            yield

    def _closed(self, wrong: OSError) -> CrmError:
        remedy = "give yourself rights to it and its folder, or name another folder by `data`"
        return CrmError(f"{self.path} cannot be kept ({wrong.strerror}): {remedy}")


def written(command: Command) -> dict[str, Any]:
    """A command in plain JSON values."""
    return {**vars(command), "due_at": command.due_at.isoformat()}


def entry_of(row: dict[str, Any]) -> Entry:
    """An entry as it is written."""
    values = {name: value for name, value in row.items() if name != "applied_at"}
    values |= {"origin": DisputeOrigin(row["origin"]), "kind": Decision(row["kind"])}
    values |= {"due_at": datetime.fromisoformat(row["due_at"])}
    return Entry(command=Command(**values), applied_at=datetime.fromisoformat(row["applied_at"]))
