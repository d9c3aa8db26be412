"""`planerka kpis`: figures of any stretch and scope, for people, spreadsheets and programs."""

import sys
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from flows.cli_json import print_json
from flows.wiring import wire
from planerka.clock import refuse_a_wrong_stretch
from planerka.errors import UsageError
from planerka.files import csv_bytes
from planerka.kpis.kpi import KpiValue
from planerka.kpis.measuring import measure_touched_days
from planerka.pack.assemble import currency_of, open_reader
from planerka.pack.assembly.appendix import definition_of
from planerka.pack.assembly.week import figure_of
from planerka.pack.wording import Wording
from planerka.store.database import reading
from planerka.store.measure_selects import SCOPES
from planerka.store.windows import get_source
from planerka.words import words_for

COLUMNS = ("kpi", "value", "numerator_n", "denominator_n", "low", "high", "state", "missing")


@dataclass(frozen=True)
class Table:
    """KPIs by scope: the ids of the scope in the order of `columns`, and a value a KPI."""

    stretch: tuple[date, date]
    columns: list[str]
    values: dict[tuple[str, ...], dict[str, KpiValue]]
    wording: Wording

    def rows(self) -> list[dict[str, Any]]:
        """One row a scope and KPI: the scope's ids, then COLUMNS."""
        return [
            dict(zip(self.columns, scope, strict=True)) | {name: asdict(value)[name] for name in COLUMNS}
            for scope, values in sorted(self.values.items())
            for value in values.values()
        ]


def kpi_table(from_on: date, to_on: date, by: str) -> Table:
    """Every KPI of the catalogue by the scopes that `by` names, none for the company; measures are updated first."""
    columns = [f"{name.strip()}_id" for name in by.split(",") if name.strip()]
    if unknown := [name for name in columns if name not in SCOPES]:
        raise UsageError(f"--by {unknown[0].removesuffix('_id')}: use project, channel, campaign, manager or agency")
    refuse_a_wrong_stretch(from_on, to_on, "--from", "--to")
    company = wire()
    measure_touched_days(company.engine, company.crm.source, company.office, company.analyst_ids)
    with reading(company.engine) as connection:
        known = get_source(connection, company.crm.source)
        if known is None:
            raise UsageError("nothing has been pulled yet: run `planerka pull`")
        reader = open_reader(connection, known, company.settings)
        values = reader.values(list(reader.catalogue), from_on, to_on, by=columns)
        definitions = {key: definition_of(kpi) for key, kpi in reader.catalogue.items()}
        wording = Wording(words_for(company.settings.language), currency_of(reader), company.settings.zone, definitions)
    return Table((from_on, to_on), columns, values, wording)


def print_kpis(table: Table, *, as_json: bool, as_csv: bool) -> None:
    if as_json:
        print_json(table.rows())
    elif as_csv:
        cells = [[", ".join(cell) if isinstance(cell, tuple) else cell for cell in r.values()] for r in table.rows()]
        sys.stdout.buffer.write(csv_bytes([*table.columns, *COLUMNS], cells))
    else:
        print("\n".join(lines(table)))


def lines(table: Table) -> list[str]:
    """A heading a scope, then a line a KPI: title, value, and what must stand beside it."""
    say, found = table.wording, []
    for scope, values in sorted(table.values.items()):
        found += [" × ".join(id_ or say.scope(None) for id_ in scope)] if scope else []
        for value in values.values():
            figure = figure_of(value, table.stretch)
            notes = ", ".join(say.notes(figure))
            found.append(f"  {say.title(value.kpi):<44} {say.figure(figure):>16}  {notes}".rstrip())
    return found
