"""Commands for people: where the source is an export, a person carries them out, from a list."""

import csv
import fcntl
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from zoneinfo import ZoneInfo

from planerka.errors import CrmError
from planerka.files import csv_bytes, harmless, write_atomically
from planerka.model import Command

HEADER = (
    "Метка / Marker",
    "Передано / Handed over (UTC)",
    "Лид / Lead",
    "Действие / Action",
    "Менеджер / Manager",
    "Этап / Stage",
    "Заметка / Note",
    "Задача / Task",
    "Срок / Due",
)
NOTE = HEADER.index("Заметка / Note")
FILE_NAME = "worklist.csv"


@dataclass(frozen=True)
class Worklist:
    """A CSV file, one row a command, in the order in which they came.

    People work on it: they save it with Excel, strike rows out and add columns, and all of that stays. CrmError for a
    file that is nothing of the kind, which would be written over.
    """

    path: Path
    zone: ZoneInfo

    def written_at(self, marker: str, rows: list[list[str]]) -> datetime | None:
        """When the command with this marker was written among the rows; None if it was not."""
        written = next((row[1] for row in rows if row[0] == harmless(marker)), None)
        if written is None:
            return None
        try:
            at = datetime.fromisoformat(written)
        except ValueError:
            raise self.spoilt(f"{written!r} is no time at which {marker} was handed over") from None
        return at.replace(tzinfo=at.tzinfo or UTC)

    def row_of(self, command: Command, at: datetime) -> list[str]:
        return [
            command.marker,
            at.isoformat(),
            command.lead_id,
            command.kind.value,
            command.manager_id or "",
            command.stage_id or "",
            command.note,
            command.task,
            command.due_at.astimezone(self.zone).strftime("%Y-%m-%d %H:%M"),
        ]

    def missing(self, command: Command, at: datetime) -> list[list[str]]:
        """The row that `add` would write; none where it is here."""
        _, rows = self.read()
        return [] if self.written_at(command.marker, rows) else [self.row_of(command, at)]

    def add(self, command: Command, at: datetime) -> datetime:
        """Write the command at `at` unless it is here; returns when it was written. Two runs at once write it once."""
        row = self.row_of(command, at)
        with self.alone():
            header, rows = self.read()
            if known_at := self.written_at(command.marker, rows):
                return known_at
            write_atomically(self.path, csv_bytes(header, [*rows, row]))
        return at

    def rewrite_notes(self, notes: dict[str, str]) -> int:
        """Give the commands with these markers these notes; returns how many had another."""
        with self.alone():
            header, rows = self.read()
            note_of = {harmless(marker): harmless(note) for marker, note in notes.items()}
            changed = [[*row[:NOTE], note_of.get(row[0], row[NOTE]), *row[NOTE + 1 :]] for row in rows]
            changed_n = sum(was != now for was, now in zip(rows, changed, strict=True))
            if changed_n:
                write_atomically(self.path, csv_bytes(header, changed))
        return changed_n

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be the only process of ours that writes the file: of two at once one would lose what the other wrote."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.with_name(f".{self.path.name}.lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def read(self) -> tuple[list[str], list[list[str]]]:
        """The header and the rows under it."""
        try:
            content = self.path.read_bytes() if self.path.exists() else b""
        except OSError as wrong:
            raise self.spoilt(f"it cannot be read: {wrong.strerror}") from None
        if not content.strip(b"\xef\xbb\xbf\r\n\t,;"):
            return list(HEADER), []
        for encoding, delimiter in product(("utf-8-sig", "cp1251"), ",;\t"):
            header, *rows = table(content, encoding, delimiter)
            if tuple(header[: len(HEADER)]) == HEADER:
                return header, rows
        raise self.spoilt("its first line is not the header of a worklist")

    def spoilt(self, why: str) -> CrmError:
        return CrmError(f"{self.path}: {why}; put it aside under another name, and the next run begins a new one")


def table(content: bytes, encoding: str, delimiter: str) -> list[list[str]]:
    """The rows of a CSV but blank ones, each with two cells or more; one empty row where it is written otherwise."""
    try:
        rows = list(csv.reader(io.StringIO(content.decode(encoding), newline=""), delimiter=delimiter))
    except (UnicodeDecodeError, csv.Error):
        return [[]]
    return [[*row, ""] if len(row) == 1 else row for row in rows if any(row)] or [[]]
