"""The draft of a mapping with the price of what its files cannot tell."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

import yaml

from planerka.crm.chunks import Place, chunks_of, header_of
from planerka.crm.drafting.draft import Draft, draft_of
from planerka.crm.drafting.layout import layout_of
from planerka.crm.drafting.lines import BLANK, remark
from planerka.crm.drafting.profile import FileProfile, profile_of
from planerka.crm.header import is_row
from planerka.crm.lacking import lacks_of
from planerka.crm.mapping import Mapping
from planerka.crm.mapping_file import TextLoader
from planerka.crm.mapping_parts import Layout
from planerka.crm.sql_query import URL, database_of, query_of
from planerka.errors import CrmError, SettingsError
from planerka.preview.costs import costs_of
from planerka.rulebook.kpis import Catalogue
from planerka.rulebook.regulation import Edition
from planerka.words import words_for

STAND_INS = {
    f"currency: {BLANK}": "currency: RUB",
    f"time_zone: {BLANK}": "time_zone: UTC",
    f"decimal_mark: {BLANK}": 'decimal_mark: "."',
    f"constant: {BLANK}": "constant: call_out",
    f"in: {BLANK}": "in: [yes]",
    BLANK: '"%Y"',
}
"""For what a person will write: none of it changes what the files can tell."""


def drafted(
    files: Sequence[Path],
    out: Path,
    time_zone: str | None,
    catalogue: Catalogue,
    edition: Edition | None,
    *,
    tables: Sequence[str] = (),
    database: str | None = None,
) -> Draft:
    """The draft for these files and tables of the database, read whole, to be written to `out`.

    MappingError, CrmError, UsageError, SettingsError.
    """
    profiles = [profiled(path, path, layout_of(path)) for path in files]
    if tables and database is None:
        raise SettingsError(f"table {tables[0]} needs a database: give its url by {URL} in .env")
    if tables and database:
        address = database_of(database)
        profiles += [profiled(address, Path(name), Layout(query=query_of(address, name))) for name in tables]
    draft = draft_of(profiles, out, time_zone)
    costs = costs_of(lacks_of_draft(draft.text), catalogue, edition, words_for("en"))
    lines = remark(0, "What these files cannot tell, and the KPIs and clauses that this costs:") if costs else []
    for cost in costs:
        clauses = [f"clause {number}" for number in cost.clauses]
        lines += remark(0, f"- {cost.missing}: {', '.join([*cost.kpis, *clauses])}")
    return replace(draft, text="\n".join([draft.text, *lines, ""]))


def profiled(place: Place, path: Path, layout: Layout) -> FileProfile:
    """The profile of a table. CrmError for one without rows, of which nothing can be said, or without a header."""
    names = [name for name in header_of(place, layout) if name]
    if is_row(names):
        raise CrmError(
            f"{path.name}: row {layout.header_row} looks like a row, not like names of columns: write a header above it"
        )
    profile = profile_of(path, layout, names, chunks_of(place, set(names), layout))
    if not profile.rows_n:
        raise CrmError(f"{path.name} has a header and no rows: export it again")
    return profile


def lacks_of_draft(text: str) -> Collection[str]:
    """What the mapping will lack once its blanks are filled in."""
    for blank, stand_in in STAND_INS.items():
        text = text.replace(blank, stand_in)
    return lacks_of(Mapping.model_validate(yaml.load(text, Loader=TextLoader)))
