"""The appendix: what each figure means, what the gates let through, what is missing, what was restated."""

from dataclasses import replace

from planerka.model import Check, GateReport
from planerka.pack.facts import Definition, Figure, PackFacts, QuarantineFact, Restated
from planerka.pack.model import Block, Bullets, Cell, Column, Link, Links, Quiet, Row, Table, Tone
from planerka.pack.sections.scopes import other_days
from planerka.pack.wording import Wording
from planerka.rulebook.kpis import Basis
from planerka.rulebook.measures import Begin
from planerka.words import _

GATES = {
    "intake": _("Is the pull fit to be judged?"),
    "pack": _("Is the pack fit to be shown?"),
    "regulation": _("Clauses of the regulation"),
}

BEGINS = {
    Begin.ENQUIRY: _("by the day of the enquiry"),
    Begin.BOOKING: _("by the day of the booking"),
    Begin.CONTRACT: _("by the day of the contract"),
    Begin.RETURN: _("by the day of the return to work"),
}


def lead(wording: Wording, facts: PackFacts) -> str:
    header, words = facts.header, wording.words
    return words.say(
        "Pack {week}, version {version}; assembled {at}; run {run}.",
        week=header.week,
        version=header.version,
        at=words.instant(header.assembled_at, wording.zone),
        run=header.run,
    )


def blocks(wording: Wording, facts: PackFacts, data_report: str | None) -> tuple[Block, ...]:
    appendix = facts.appendix
    shown: list[Block | None] = [
        restated(wording, appendix.restated),
        not_computable(wording, appendix.figures),
        *(gate(wording, report) for report in appendix.gates),
        quarantine(wording, appendix.quarantine),
        definitions(wording, facts),
        links(wording, data_report),
    ]
    return tuple(block for block in shown if block is not None)


def links(wording: Wording, data_report: str | None) -> Links | None:
    say = wording.words.say
    return Links(title=say("Links"), links=(Link(text=say("Data report"), url=data_report),)) if data_report else None


def not_computable(wording: Wording, figures: tuple[Figure, ...]) -> Bullets | None:
    """KPIs that miss the same fields, of the same days, share a line."""
    lost: dict[str, list[str]] = {}
    for figure in figures:
        if figure.missing:
            lost.setdefault(wording.lacking(figure), []).append(wording.title(figure.kpi))
    lines = tuple(f"{', '.join(titles)} — {why}" for why, titles in lost.items())
    return Bullets(title=wording.words.say("Not computable from this source"), lines=lines) if lines else None


def definitions(wording: Wording, facts: PackFacts) -> Table | None:
    say, definitions = wording.words.say, facts.appendix.definitions
    if not definitions:
        return None
    cells = {figure.kpi: value_cell(wording, facts, figure) for figure in facts.appendix.figures}
    return Table(
        key="definitions",
        caption=say("What the figures mean"),
        columns=(
            Column(title=say("KPI"), is_number=False),
            Column(title=say("Definition"), is_number=False),
            Column(title=say("Counted"), is_number=False),
            Column(title=say("Value")),
        ),
        rows=tuple(definition_row(wording, definition, cells.get(definition.kpi)) for definition in definitions),
    )


def value_cell(wording: Wording, facts: PackFacts, figure: Figure) -> Cell:
    """With its days, unless they are those of the week: where there are no data, of which days there are none."""
    cell = wording.cell(figure)
    days = "" if figure.missing else other_days(wording, facts, figure)
    return replace(cell, note=" · ".join(filter(None, (days, cell.note))))


def definition_row(wording: Wording, definition: Definition, value: Cell | None) -> Row:
    version = wording.words.say("version {version}", version=definition.version)
    value = value or Cell(text="—", tone=Tone.MUTED)
    return Row(
        head=Cell(text=wording.text(definition.title), note=f"{definition.kpi} · {version}"),
        cells=(Cell(text=wording.text(definition.definition)), Cell(text=basis(wording, definition)), value),
    )


def basis(wording: Wording, definition: Definition) -> str:
    words = wording.words
    if definition.basis == Basis.PERIOD:
        return words.say("by the day of the event")
    day = words.say(BEGINS[definition.begin])
    if definition.maturity_days is None:
        return day
    return f"{day}, " + words.count("mature after {n} day", "mature after {n} days", definition.maturity_days)


def gate(wording: Wording, report: GateReport) -> Table | Quiet:
    """One line a check that found something; one quiet line where all passed."""
    words = wording.words
    title = words.say(GATES[report.suite]) if report.suite in GATES else report.suite
    found = (*report.stopped_by, *report.warnings)
    if not found:
        checked = words.count("{n} check passed.", "All {n} checks passed.", len(report.checks))
        return Quiet(text=f"{title} {checked}")
    return Table(
        key=f"gate-{report.suite}",
        caption=title,
        columns=(
            Column(title=words.say("Check"), is_number=False),
            Column(title=words.say("Rows")),
            Column(title=words.say("Failed")),
            Column(title=words.say("Outcome"), is_number=False),
        ),
        rows=tuple(check_row(wording, check, check in report.stopped_by) for check in found),
        note=words.count("{n} check in all.", "{n} checks in all.", len(report.checks)),
    )


def check_row(wording: Wording, check: Check, is_stopping: bool) -> Row:
    words = wording.words
    outcome = words.say("stops the run") if is_stopping else words.say("warning")
    return Row(
        head=Cell(text=check.ru if words.language == "ru" else check.en),
        cells=(
            Cell(text=words.number(check.rows_n)),
            Cell(text=words.number(check.failed_n)),
            Cell(text=outcome, tone=Tone.BAD if is_stopping else Tone.PLAIN),
        ),
    )


def quarantine(wording: Wording, facts: tuple[QuarantineFact, ...]) -> Table | Quiet:
    words = wording.words
    if not facts:
        return Quiet(text=words.say("No rows are in quarantine."))
    return Table(
        key="quarantine",
        caption=words.count(
            "{n} row is in quarantine", "{n} rows are in quarantine", sum(fact.rows_n for fact in facts)
        ),
        columns=(
            Column(title=words.say("Conditions not met"), is_number=False),
            Column(title=words.say("Rows")),
        ),
        rows=tuple(
            Row(head=Cell(text=wording.text(fact.why)), cells=(Cell(text=words.number(fact.rows_n)),)) for fact in facts
        ),
    )


def restated(wording: Wording, restated: tuple[Restated, ...]) -> Table | None:
    say = wording.words.say
    if not restated:
        return None
    return Table(
        key="restated",
        caption=say("Figures restated since they were shown"),
        columns=(
            Column(title=say("KPI"), is_number=False),
            Column(title=say("Week"), is_number=False),
            Column(title=say("Was")),
            Column(title=say("Is")),
            Column(title=say("Why"), is_number=False),
        ),
        rows=tuple(
            Row(
                head=Cell(text=wording.title(fact.kpi), note=fact.scope_title or ""),
                cells=(
                    Cell(text=fact.week),
                    Cell(text=wording.value(fact.kpi, fact.was, 1)),
                    Cell(text=wording.value(fact.kpi, fact.value, 1)),
                    Cell(text=wording.text(fact.why)),
                ),
            )
            for fact in restated
        ),
    )
