"""Commands for people: where the source is an export, a person carries them out, from a list."""

import csv
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

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


@dataclass(frozen=True)
class Worklist:
    """A CSV file, one row a command, in the order in which they came."""

    path: Path
    zone: ZoneInfo

    def handed_over_at(self, marker: str) -> datetime | None:
        """When the command with this marker was written here; None if it was not."""
        return next((datetime.fromisoformat(row[1]) for row in self.rows() if row[0] == harmless(marker)), None)

    def add(self, command: Command, at: datetime) -> None:
        row = [
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
        write_atomically(self.path, csv_bytes(HEADER, [*self.rows(), row]))

    def rows(self) -> list[list[str]]:
        if not self.path.exists():
            return []
        with self.path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.reader(file))[1:]
