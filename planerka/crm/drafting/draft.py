"""A mapping drafted from the files of an export: what is proved stands, what is guessed says so."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path

from planerka.crm.drafting import parts
from planerka.crm.drafting.coding import coded, reference_lines
from planerka.crm.drafting.lines import BLANK, line, remark, scalar
from planerka.crm.drafting.profile import FileProfile
from planerka.crm.drafting.roles import MANY_FILES, Link, Table, link_of, tables_of, why_unread
from planerka.crm.drafting.vocabulary import STAGE_CODES
from planerka.crm.drafting.written import currency_of
from planerka.errors import UsageError

HEAD = (
    "Drafted from the files by `planerka map`; docs/your-own-export.md explains every key. Proofs are told with their "
    'row of the file. A remark with "?" is a guess: check it, correct it, remove the remark. A value "?" must be '
    "written by you: nothing can be read before."
)


@dataclass(frozen=True, kw_only=True)
class Draft:
    """`text` is the mapping. `fates`: what each file or table was taken for, or why it is not read, in words."""

    text: str
    fates: dict[Path, str]

    @property
    def guesses_n(self) -> int:
        return sum("# ?" in text or ", ? " in text for text in self.text.splitlines())

    @property
    def blanks(self) -> list[str]:
        """The keys that a person must write before the mapping can be read."""
        lines = [text for text in self.text.splitlines() if not text.lstrip().startswith("#")]
        return [text.strip().partition(":")[0] for text in lines if BLANK in text.partition("  # ")[0]]


def draft_of(profiles: Sequence[FileProfile], out: Path, time_zone: str | None) -> Draft:
    """The draft for these files, to be written to `out`. UsageError where none of them can be the leads."""
    tables, others = tables_of(profiles)
    files = [profile.path.resolve().parent for profile in profiles if not profile.layout.query]
    folder = Path(os.path.commonpath(files)) if files else out.resolve().parent
    leads = next((table for table in tables if table.role == "leads"), None)
    if leads is None:
        raise UsageError("none of these files can be read as leads: name the file that has one row a lead")
    deals = next((table for table in tables if table.role == "contracts"), None)
    link = join_of(leads, deals) if deals else None
    if deals:
        leads = replace(leads, guesses={f: guess for f, guess in leads.guesses.items() if f != parts.OWN_SIGNED})
    lines = [*remark(0, HEAD), *company_lines(tables, out, folder, time_zone)]
    lines += parts.lead_lines(leads, deals, link, folder)
    lines += parts.contract_lines(leads, deals, link, folder) if deals else parts.own_contract_lines(leads)
    lines += events_of(tables, folder)
    for table in tables:
        lines += {"spend": parts.spend_lines, "plan": parts.plan_lines}.get(table.role, nothing)(table, folder)
    lines += reference_lines(leads.column("stage_id"), leads.column("reason_id"))
    unread = {profile.path: why_unread(profile) for profile in others}
    for path, why in unread.items():
        lines += ["", *remark(0, f"{path.name}: {why}")]
    fates = {table.profile.path: f"taken for {table.role}" for table in tables} | unread
    return Draft(text="\n".join([*lines, ""]), fates=fates)


def nothing(table: Table, folder: Path) -> list[str]:
    return []


def company_lines(tables: Sequence[Table], out: Path, folder: Path, time_zone: str | None) -> list[str]:
    money = [c for t in tables for field in t.guesses if field.endswith("_minor") and (c := t.column(field))]
    currency, said = currency_of(money, [name for table in tables for name in table.profile.columns])
    zone_said = "that of the settings" if time_zone else "? no file tells it: write it as Europe/Moscow"
    where = os.path.relpath(folder, out.resolve().parent)
    return [
        line(0, "source", "our-crm", "part of every key in the store: choose it now, and do not change it later"),
        line(0, "currency", currency, said),
        line(0, "time_zone", scalar(time_zone) if time_zone else BLANK, zone_said),
        *([line(0, "folder", scalar(where))] if where != "." else []),
    ]


def join_of(leads: Table, deals: Table) -> Link | None:
    """The link by which deals are joined to the rows of the leads; None where they are a part of their own.

    Joined, they tell which leads are won. With ids and leads of their own they need not, if a stage tells it.
    """
    stage = leads.column("stage_id")
    tells_won = bool(stage and coded(stage, STAGE_CODES, "contract"))
    is_whole = {"id", "lead_id", "signed_at"} <= set(deals.guesses) and deals.guesses["id"].is_sure
    return None if tells_won and is_whole else link_of(leads, deals)


def named_apart(tables: Sequence[Table]) -> Iterator[tuple[str, Table]]:
    """Every table with the name of its file; `calls-2` where two folders have calls."""
    names: list[str] = []
    for table in tables:
        stem = table.profile.name
        numbered = (f"{stem}-{n}" for n in count(2))
        names.append(next(name for name in chain([stem], numbered) if name not in names))
        yield names[-1], table


def events_of(tables: Sequence[Table], folder: Path) -> list[str]:
    events = [table for table in tables if table.role in MANY_FILES]
    drafted = [parts.event_lines(table, name, folder) for name, table in named_apart(events)]
    has_active = any(lines[0] != "" for lines in drafted)
    return [*(["", "events:"] if has_active else []), *(text for lines in drafted for text in lines)]
