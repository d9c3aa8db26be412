"""The parts of a drafted mapping: leads, contracts, events, spend and plan."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from planerka.crm.cells import YES
from planerka.crm.drafting.coding import coded, shown, tellable, translated
from planerka.crm.drafting.lines import BLANK, braces, line, remark, scalar, sequence, switched_off
from planerka.crm.drafting.matching import Guess, is_personal
from planerka.crm.drafting.profile import ColumnProfile
from planerka.crm.drafting.roles import Link, Table
from planerka.crm.drafting.vocabulary import (
    CALL_KINDS,
    ENQUIRIES,
    MESSAGE_KINDS,
    OUTCOMES,
    STAGE_CODES,
    UNIT_KINDS,
)
from planerka.crm.drafting.written import Named, file_lines, place_of, value_lines
from planerka.crm.mapping_parts import PERIODS

JOIN = "deal"
OWN_SIGNED = "contract.signed_at"
"""The date of a contract in the row of its lead."""
VALUES = {"enquiry": ENQUIRIES, "outcome": OUTCOMES, "unit_kind": UNIT_KINDS}
LISTED = ("channel_id", "project_id", "manager_id", "agency_id", "actor_id")
"""Whose texts are shown with their counts: to be recognised, or given titles in `references`."""


def named(table: Table, fields: Iterable[str]) -> Named:
    return [(field, column) for field in fields if (column := table.column(field))]


def column_lines(fields: Iterable[str], table: Table, depth: int = 2, prefix: str = "") -> Iterator[str]:
    """Each field with its column, what a guess of it rests on, and the texts of those that people know by name."""
    for field in fields:
        yield column_line(field, table, depth, prefix)
        if field in LISTED and (column := table.column(field)):
            yield from remark(depth, f"{shown(column)}")


def column_line(field: str, table: Table, depth: int = 2, prefix: str = "") -> str:
    """A field, in its part of the mapping, with its column."""
    guess, column = table.guesses[field], table.column(field)
    assert column is not None
    value, said = scalar(f"{prefix}{guess.column}"), doubt(guess)
    if field in VALUES:
        value, said = translated(column, VALUES[field], prefix)
    if field == "phone":
        said += f"{'; ' if said else ''}{column.contacts_n:,} of {column.looked_n:,} cells look like phones"
    return line(depth, field.rpartition(".")[2], value, said)


def doubt(guess: Guess) -> str:
    return "" if guess.is_sure else f"? {guess.why}"


def left_over(table: Table, fields: Iterable[str], depth: int = 1) -> Iterator[str]:
    """The columns that none of the fields reads; phones and what is personal are named as such and must stay out."""
    taken = {table.guesses[field].column for field in fields}
    rest = [column for column in table.profile.columns.values() if column.name not in taken and column.filled_n]
    phones = [column.name for column in rest if column.is_contact and not column.is_email]
    personal = [column.name for column in rest if is_personal(column) and column.name not in phones]
    others = [column.name for column in rest if not is_personal(column)]
    if phones:
        yield from remark(depth, f"Not mapped: look like phones, whatever they are called: {', '.join(phones)}")
    if personal:
        yield from remark(depth, f"Not mapped: personal: {', '.join(personal)}")
    if others:
        yield from remark(depth, f"Not mapped: nothing in the model is known to be: {', '.join(others)}")


def lead_lines(leads: Table, deals: Table | None, link: Link | None, folder: Path) -> list[str]:
    own = [field for field in leads.guesses if "." not in field]
    dates = [field for field in leads.guesses if field.startswith("dates.")]
    columns = named(leads, leads.guesses)
    beside = named(deals, contract_fields(deals, link)) if deals and have_one_mark(leads, deals, link) else []
    lines = ["", "leads:", *file_lines(leads.profile, columns, folder), *value_lines(columns, beside=beside)]
    lines.append(line(1, "columns"))
    lines += [line(2, f, BLANK, "? required: name the column") for f in ("id", "created_at") if f not in own]
    lines += column_lines(own, leads)
    lines += list(left_over(leads, leads.guesses))
    if deals and link:
        join = dict([place_of(deals.profile, folder)]) | layout_of(deals)
        join |= {"lead_column": scalar(link.lead_column), "key": scalar(link.key)}
        lines += [line(1, "joins"), line(2, JOIN, braces(join), "its ids are found in both files")]
    lines += list(state_lines(leads, deals if link else None))
    return lines + list(date_lines(leads, dates)) + list(card_lines(leads))


def have_one_mark(leads: Table, deals: Table, link: Link | None) -> bool:
    """Whether `decimal_mark` must be the same in both parts: joined rows, of which some come typed, are one table."""
    return link is not None and (leads.profile.layout.is_typed or deals.profile.layout.is_typed)


def layout_of(table: Table) -> dict[str, str]:
    layout = table.profile.layout
    found = {"delimiter": f'"{layout.delimiter}"'} if layout.delimiter != "," else {}
    found |= {"encoding": layout.encoding} if layout.encoding != "utf-8" else {}
    return found | ({"header_row": str(layout.header_row)} if layout.header_row != 1 else {})


def state_lines(leads: Table, joined: Table | None) -> Iterator[str]:
    """Which leads are rejected and which are won."""
    stage, reason = leads.column("stage_id"), leads.column("reason_id")
    rejected = coded(stage, STAGE_CODES, "rejected") if stage else []
    if stage and rejected:
        value = braces({"column": scalar(stage.name), "in": sequence(rejected)})
        yield line(1, "rejected", value, "? the stages whose names say so")
    elif reason:
        yield line(1, "rejected", braces({"present": scalar(reason.name)}), "? no stage says so, but a reason is given")
    else:
        yield from remark(1, "? rejected: no column says which leads are rejected: add a condition if one does")
    won = coded(stage, STAGE_CODES, "contract") if stage else []
    signed = leads.guesses.get(OWN_SIGNED)
    if joined:
        yield line(1, "won", is_signed(joined), "? where the joined file has a signed deal")
    elif stage and won:
        value = braces({"column": scalar(stage.name), "in": sequence(won)})
        yield line(1, "won", value, "? the stages whose names say so")
    elif signed:
        yield line(1, "won", braces({"present": scalar(signed.column)}), "? no stage says so, but a contract has a day")
    else:
        yield from remark(1, "? won: no column says which leads have bought: add a condition if one does")


def is_signed(deals: Table) -> str:
    accepted = deals.column("accepted")
    if accepted and (texts := tellable(accepted)):
        yes = [text for text in texts if text.lower() in YES]
        return braces({"column": scalar(f"{JOIN}.{accepted.name}"), "in": sequence(yes) if yes else BLANK})
    signed = deals.guesses.get("signed_at")
    return braces({"present": scalar(f"{JOIN}.{signed.column}") if signed else BLANK})


def date_lines(leads: Table, dates: list[str]) -> Iterator[str]:
    closed = "dates.closed" in dates and "dates.rejected" not in dates
    if not dates:
        yield from remark(1, "? dates: no column says when a lead was rejected, so no rejection can be judged")
        return
    yield line(1, "dates")
    for field in dates:
        if field != "dates.closed":
            yield column_line(field, leads)
    if closed:
        guess = leads.guesses["dates.closed"]
        said = "? the day of closing: is it that of the rejection, for a rejected lead?"
        yield line(2, "rejected", scalar(guess.column), said)


def card_lines(leads: Table) -> Iterator[str]:
    fields = [field for field in leads.guesses if field.startswith("rejection.")]
    if fields:
        yield line(1, "rejection")
        yield from column_lines(fields, leads)


def own_contract_lines(leads: Table) -> list[str]:
    """Contracts of which the rows of the leads have the day, be it that of closing a won one; else none."""
    stage = leads.column("stage_id")
    won = coded(stage, STAGE_CODES, "contract") if stage else []
    if OWN_SIGNED in leads.guesses:
        when, field, signed = [], OWN_SIGNED, column_line(OWN_SIGNED, leads)
    elif stage and won and "dates.closed" in leads.guesses:
        field, said = "dates.closed", "? the day of closing: is it that of the contract, for a won lead?"
        when = [line(1, "when", braces({"column": scalar(stage.name), "in": sequence(won)}))]
        signed = line(2, "signed_at", scalar(leads.guesses[field].column), said)
    else:
        return []
    flat = line(2, "unit_kind", "{constant: flat}", "? no column says what was sold: all are taken for flats")
    lines = [*value_lines(named(leads, [field])), *when, line(1, "columns"), signed, flat]
    return section("contracts", lines, set())


def contract_fields(deals: Table, link: Link | None) -> list[str]:
    fields = [f for f in deals.guesses if f != "accepted" and not (link and f in ("lead_id", "deal_id"))]
    if link and deals.guesses.get("id") and not deals.guesses["id"].is_sure:
        fields.remove("id")
    return fields


def contract_lines(leads: Table, deals: Table, link: Link | None, folder: Path) -> list[str]:
    """Contracts of a file of their own, or (with a link) of the file that is joined to the leads."""
    fields = contract_fields(deals, link)
    columns = named(deals, fields)
    lines = [] if link else file_lines(deals.profile, columns, folder)
    lines += value_lines(columns, beside=named(leads, leads.guesses) if have_one_mark(leads, deals, link) else [])
    if link and "accepted" in deals.guesses:
        lines.append(line(1, "when", is_signed(deals), "? the others are no contracts"))
    lines.append(line(1, "columns"))
    lines += column_lines(fields, deals, prefix=f"{JOIN}." if link else "")
    if "unit_kind" not in fields:
        lines.append(
            line(2, "unit_kind", "{constant: flat}", "? no column says what was sold: all are taken for flats")
        )
    required = {"signed_at"} | (set() if link else {"id", "lead_id"})
    return section(
        "contracts",
        [*lines, *left_over(deals, [*fields, *(["accepted"] if link and "accepted" in deals.guesses else [])])],
        required - set(fields),
    )


def section(name: str, lines: list[str], missing: set[str], depth: int = 0) -> list[str]:
    """A part of the mapping, switched off where the file lacks what it needs."""
    whole = [*([""] if not depth else []), line(depth, name), *lines]
    if not missing:
        return whole
    said = f"? {name} is switched off: no column was recognised as {', '.join(sorted(missing))}"
    return ["", *remark(0, said), *switched_off([text for text in whole if text])]


def event_lines(table: Table, name: str, folder: Path) -> list[str]:
    depth = 2
    duration = table.column("duration_s")
    unclear = duration and duration.short_clock
    fields = [field for field in table.guesses if field != "kind" and not (field == "duration_s" and unclear)]
    columns = named(table, fields)
    lines = file_lines(table.profile, columns, folder, depth) + value_lines(columns, depth)
    lines += [line(depth, "columns"), kind_line(table, depth + 1)]
    lines += column_lines(fields, table, depth + 1)
    if duration and unclear:
        said = f"? duration_s ({duration.name}): row {unclear.row} is {unclear.text}, minutes or hours: export seconds"
        lines += remark(depth + 1, f"{said} or 0:01:05, then map it")
    return section(name, [*lines, *left_over(table, table.guesses, depth)], {"lead_id", "at"} - set(fields), depth=1)


def kind_line(table: Table, depth: int) -> str:
    if table.role == "stages":
        return line(depth, "kind", "{constant: stage_changed}")
    kinds: Mapping[str, str] = CALL_KINDS if table.role == "calls" else MESSAGE_KINDS
    column: ColumnProfile | None = table.column("kind")
    if column is None:
        said = f"? no column says which way: write {' or '.join(kinds)}"
        return line(depth, "kind", braces({"constant": BLANK}), said)
    if not any(coded(column, kinds, kind) for kind in kinds):
        said = f"? no text of {column.name} says which way ({shown(column)}): write {' or '.join(kinds)}"
        return line(depth, "kind", braces({"constant": BLANK}), f"{said}, or the column with its `values`")
    value, said = translated(column, kinds)
    return line(depth, "kind", value, said)


def spend_lines(spend: Table, folder: Path) -> list[str]:
    fields = list(spend.guesses)
    columns = named(spend, fields)
    lines = file_lines(spend.profile, columns, folder) + value_lines(columns)
    lines += [line(1, "columns"), *column_lines(fields, spend)]
    return section(
        "spend", [*lines, *left_over(spend, fields)], {"spent_on", "channel_id", "amount_minor"} - set(fields)
    )


def plan_lines(plan: Table, folder: Path) -> list[str]:
    whole = next((names for names in PERIODS if names <= set(plan.guesses)), set())
    period = [field for field in plan.guesses if field in whole]
    kpis = [field for field in plan.guesses if field.endswith(("_n", "_minor"))]
    columns = named(plan, (*period, *kpis))
    lines = file_lines(plan.profile, columns, folder) + value_lines(columns)
    lines.append(line(1, "period", braces({name: scalar(plan.guesses[name].column) for name in period})))
    if "project_id" in plan.guesses:
        lines += column_lines(["project_id"], plan, depth=1)
    lines += [line(1, "kpis"), *column_lines(kpis, plan)]
    missing = (set() if period else {"year and month, year and quarter, or the days of a period"}) | (
        set() if kpis else {"a planned KPI"}
    )
    return section("plan", [*lines, *left_over(plan, plan.guesses)], missing)
