"""Every clause and every reason of the first edition against its table of cases, and the page that is made of them.

The tables of tests/cases/clauses are for a lawyer: one clause each, titles and answers in Russian, money in roubles,
blank where something is not known. Those of tests/cases/regulation are of whole rejections.
`python -m tests.unit.test_regulation_cases` writes docs/regulation-cases.md anew after a change.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from planerka.model import Outcome
from planerka.regulation.changes import OUTCOME_WORDS, RECORDED
from planerka.regulation.clauses import compiled
from planerka.regulation.evidence import arrays_of
from planerka.regulation.fields import CATALOGUE, FIELDS, Field, FieldKind
from planerka.regulation.findings import CODE_WORDS, EN, RU, UNITS, verdict_rows
from planerka.regulation.judge import judge
from planerka.rulebook.regulation import Clause, Reason
from planerka.ternary import FAILS, HOLDS, UNKNOWN
from tests.builders_regulation import EDITION, evidence_from, fact

PROJECT = Path(__file__).parents[2]
REASONS, CLAUSES = PROJECT / "tests" / "cases" / "regulation", PROJECT / "tests" / "cases" / "clauses"
PAGE = PROJECT / "docs" / "regulation-cases.md"


def headed(field: Field, language: int) -> str:
    """The title of a column, with its unit."""
    units = UNITS | {FieldKind.MONEY: ("руб.", "roubles")}
    unit = f", {units[field.kind][language]}" if field.kind in units else ""
    return (field.ru, field.en)[language] + unit


FIELD_OF = {headed(field, RU): field for field in FIELDS}
ANSWERS = {"соблюдён": HOLDS, "нарушен": FAILS, "нечем доказать": UNKNOWN}
CODES = {ru: code for code, (ru, _) in CODE_WORDS.items()}

Table = list[list[str]]
"""The heads, then the rows, cell by cell."""


def read(path: Path) -> tuple[list[str], Table]:
    """The words above a table, a line a language, and the table."""
    words, table = path.read_text(encoding="utf-8").split("\n\n", 1)
    names, _, *rows = [[cell.strip() for cell in line.split("|")] for line in table.splitlines()]
    return words.splitlines(), [names, *rows]


def reason_cases() -> list[tuple[str, dict[str, str]]]:
    """Reason and one row of its table, cell by column; the words above the table are for people."""
    tables = [(path.stem, read(path)[1]) for path in sorted(REASONS.glob("*.txt"))]
    return [(reason, dict(zip(names, row, strict=True))) for reason, (names, *rows) in tables for row in rows]


def clause_cases() -> list[tuple[Clause, dict[str, Any], str]]:
    """Clause, the facts of a row by the field's name, and what the clause says of them."""
    found = []
    for clause in EDITION.clauses:
        names, *rows = read(CLAUSES / f"{clause.number}.txt")[1]
        fields = [FIELD_OF[name] for name in names[:-1]]
        for *cells, answer in rows:
            found.append(
                (clause, {f.name: value(f, cell) for f, cell in zip(fields, cells, strict=True) if cell}, answer)
            )
    return found


def value(field: Field, cell: str) -> Any:
    """What a cell of a lawyer's table is as evidence."""
    if field.kind in (FieldKind.YES_NO, FieldKind.TEXT):
        return {"да": True, "нет": False, RECORDED[0]: True}[cell]
    if field.kind == FieldKind.CODE:
        return CODES[cell]
    number = float(cell.replace(" ", "").replace(",", "."))
    return number * 100 if field.kind == FieldKind.MONEY else number


def short(finding: dict[str, str]) -> str:
    """A clause's number, with a question mark where it is unprovable."""
    return finding["clause"] + ("?" if finding["result"] == "unprovable" else "")


@pytest.mark.parametrize("reason, row", reason_cases())
def test_a_rejection_is_judged_as_the_table_of_its_reason_says(reason: str, row: dict[str, str]) -> None:
    """The tables are what two heads of department and a lawyer read; the machine must agree with them."""
    facts = {name: fact(name, cell) for name, cell in row.items() if name not in ("verdict", "findings")}
    evidence = evidence_from([{"reason": reason, **facts}])
    (verdict,) = verdict_rows(EDITION, evidence, judge(EDITION, evidence, ()), ())
    expected = row["verdict"], row["findings"].split()
    assert expected == (verdict["outcome"], [short(finding) for finding in verdict["findings"]])


@pytest.mark.parametrize("clause, facts, answer", clause_cases())
def test_a_clause_answers_as_its_table_says(clause: Clause, facts: dict[str, Any], answer: str) -> None:
    """Kept, broken, or nothing to prove it by: at the edge, beside it, and where a fact is not known."""
    columns = arrays_of(evidence_from([facts]))
    assert [ANSWERS[answer]] == compiled(clause.test)(columns.__getitem__).codes().tolist()


def test_every_reason_and_every_clause_of_the_edition_has_a_table() -> None:
    """A rule without cases is one that nobody has read through."""
    assert {reason.code for reason in EDITION.reasons} == {path.stem for path in REASONS.glob("*.txt")}
    assert {clause.number for clause in EDITION.clauses} == {path.stem for path in CLAUSES.glob("*.txt")}


def test_the_table_of_a_clause_begins_with_its_words_and_reads_what_it_asks_for() -> None:
    """Whoever changes the words of a clause, or its test, reads its cases again."""
    for clause in EDITION.clauses:
        words, (names, *_) = read(CLAUSES / f"{clause.number}.txt")
        asked = {name for leaf in clause.test.leaves() for name in leaf.fields}
        assert [f"{clause.number} {clause.ru}", f"{clause.number} {clause.en}"] == words
        assert asked == {FIELD_OF[name].name for name in names[:-1]}


def test_every_clause_is_kept_broken_and_left_open_somewhere() -> None:
    """A clause that no case breaks is not described; what is only asked to be recorded cannot be broken."""
    expected = {
        clause.number: {"соблюдён", "нечем доказать"} | ({"нарушен"} if can_be_broken(clause) else set())
        for clause in EDITION.clauses
    }
    said: dict[str, set[str]] = {number: set() for number in expected}
    for clause, _, answer in clause_cases():
        said[clause.number].add(answer)
    assert expected == said


def can_be_broken(clause: Clause) -> bool:
    return any(leaf.operator != "present" for leaf in clause.test.leaves())


def test_every_clause_is_broken_and_left_open_in_a_whole_rejection() -> None:
    """A clause that no case breaks, or that no case leaves unprovable, is not described by the table of its reason."""
    said = {finding for _, row in reason_cases() for finding in row["findings"].split()}
    expected = {clause.number for clause in EDITION.clauses if can_be_broken(clause)}
    assert said == expected | {f"{clause.number}?" for clause in EDITION.clauses}


INTRODUCTION = """# Cases of the regulation

What the first edition says of single facts and of whole rejections, clause by clause. Made from the tables in
`tests/cases`, by which every change of planerka is tested: the machine agrees with each row. A blank cell is a fact
that is not known.

Что первая редакция говорит об отдельных фактах и об отказах целиком, пункт за пунктом. Каждая строка проверена:
программа отвечает именно так. Пустая ячейка — факт не известен.
"""


def page() -> str:
    return INTRODUCTION + "".join(map(section, EDITION.reasons))


def section(reason: Reason) -> str:
    words, (names, *rows) = read(REASONS / f"{reason.code}.txt")
    heads = [*(both(CATALOGUE[name]) for name in names[:-2]), "Отказ<br>Rejection", "Пункты<br>Clauses"]
    told = [[*(shown(n, c) for n, c in zip(names[:-2], row, strict=False)), verdict(row[-2]), row[-1]] for row in rows]
    whole = "  \n".join(words) + "\n\n" + markdown(heads, told)
    return f"\n## {reason.ru} · {reason.en}\n\n" + "\n".join(map(clause_section, reason.clauses)) + "\n" + whole


def clause_section(clause: Clause) -> str:
    words, (names, *rows) = read(CLAUSES / f"{clause.number}.txt")
    heads = [*(both(FIELD_OF[name]) for name in names[:-1]), "Пункт<br>Clause"]
    return f"**{words[0]}**  \n{words[1]}\n\n{markdown(heads, rows)}"


def both(field: Field) -> str:
    return f"{headed(field, RU)}<br>{headed(field, EN)}"


def shown(name: str, cell: str) -> str:
    """A cell of a reason's table as a lawyer reads it."""
    field = CATALOGUE[name]
    if field.kind == FieldKind.MONEY and cell:
        return f"{float(cell) / 100:,.2f}".removesuffix(".00").replace(",", " ").replace(".", ",")
    if field.kind == FieldKind.CODE and cell:
        return CODE_WORDS[cell][0]
    return {"yes": "да", "no": "нет", "given": RECORDED[0]}.get(cell, cell.replace(".", ","))


def verdict(outcome: str) -> str:
    return OUTCOME_WORDS[Outcome(outcome)][0]


def markdown(heads: Sequence[str], rows: Table) -> str:
    lines = ["| " + " | ".join(cells) + " |" for cells in ([*heads], ["---"] * len(heads), *rows)]
    return "\n".join(line.replace("|  |", "| |").replace("|  |", "| |") for line in lines) + "\n"


def test_the_documented_cases_are_those_that_are_tested() -> None:
    """A lawyer reads the page and not the tests."""
    assert page() == PAGE.read_text(encoding="utf-8")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
