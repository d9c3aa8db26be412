"""The real exports beside the project: their sources, and the same files as tables for plain SQL."""

import csv
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from planerka.crm.table import TableCrm

PROJECT = Path(__file__).parents[1]
DATA = PROJECT.parent / "shared" / "data"
NOW = datetime(2026, 1, 1, tzinfo=UTC)

needs_exports = pytest.mark.skipif(not DATA.is_dir(), reason="no real exports in ../shared/data beside the project")


def crm_of(name: str, folder: Path) -> TableCrm:
    """An export read by its mapping; `folder` is for the worklist."""
    mapping = PROJECT / "mappings" / f"{name}.yaml"
    return TableCrm(mapping, folder=DATA / name, worklist=folder / "worklist.csv", now=lambda: NOW)


def tables_of_texts() -> sqlite3.Connection:
    """Every CSV file as a table of texts, under the name of the file."""
    connection = sqlite3.connect(":memory:")
    for path in DATA.glob("*/*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        names = ", ".join(f'"{name or f"unnamed_{n}"}" TEXT' for n, name in enumerate(header))
        connection.execute(f'CREATE TABLE "{path.stem}" ({names})')
        connection.executemany(f'INSERT INTO "{path.stem}" VALUES ({", ".join("?" * len(header))})', rows)
    return connection
