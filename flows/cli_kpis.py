"""`planerka kpis`: figures of any stretch and scope, for people, spreadsheets and programs."""

import json
import sys
from dataclasses import asdict
from datetime import date
from typing import Any

from flows.wiring import wire
from planerka.errors import UsageError
from planerka.files import csv_bytes
from planerka.kpis.measuring import measure_touched_days
from planerka.pack.assemble import open_reader
from planerka.store.database import reading
from planerka.store.measure_selects import SCOPES
from planerka.store.windows import get_source

COLUMNS = ("kpi", "value", "numerator_n", "denominator_n", "low", "high", "state", "missing")


def kpi_rows(from_on: date, to_on: date, by: str) -> list[dict[str, Any]]:
    """One row a scope and KPI: the scope's ids, then COLUMNS. `by` names scopes, none for the company."""
    columns = [f"{name.strip()}_id" for name in by.split(",") if name.strip()]
    if unknown := [name for name in columns if name not in SCOPES]:
        raise UsageError(f"--by {unknown[0].removesuffix('_id')}: use project, channel, campaign, manager or agency")
    if from_on > to_on:
        raise UsageError(f"--from {from_on} is after --to {to_on}: give the first day, then the last")
    company = wire()
    measure_touched_days(company.engine, company.crm.source, company.office, company.analyst_ids)
    with reading(company.engine) as connection:
        known = get_source(connection, company.crm.source)
        if known is None:
            raise UsageError("nothing has been pulled yet: run `planerka pull`")
        reader = open_reader(connection, known, company.settings)
        found = reader.values(list(reader.catalogue), from_on, to_on, by=columns)
    return [
        dict(zip(columns, scope, strict=True)) | {name: asdict(value)[name] for name in COLUMNS}
        for scope, values in sorted(found.items())
        for value in values.values()
    ]


def print_kpis(rows: list[dict[str, Any]], *, as_json: bool, as_csv: bool) -> None:
    if as_json:
        print(json.dumps(rows, ensure_ascii=False, indent=1, default=str))
    elif as_csv:
        table = [[", ".join(cell) if isinstance(cell, tuple) else cell for cell in row.values()] for row in rows]
        sys.stdout.buffer.write(csv_bytes(list(rows[0]) if rows else COLUMNS, table))
    else:
        print_table(rows)


def print_table(rows: list[dict[str, Any]]) -> None:
    """Columns as wide as they need: a table cut to the terminal would cut the names of its figures."""
    lines = [list(rows[0]) if rows else list(COLUMNS), *([shown(cell) for cell in row.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def shown(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, tuple):
        return ", ".join(cell)
    return f"{cell:.4g}" if isinstance(cell, float) and abs(cell) < 1 else str(cell)
