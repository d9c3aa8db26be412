"""Every reason of the first edition against its table of cases in tests/cases/regulation."""

from pathlib import Path

import pytest

from planerka.regulation.findings import verdict_rows
from planerka.regulation.judge import judge
from tests.builders_regulation import EDITION, evidence_from, fact

CASES = Path(__file__).parent.parent / "cases" / "regulation"


def cases() -> list[tuple[str, dict[str, str]]]:
    """Reason and one row of its table, cell by column; the words above the table are for people."""
    found = []
    for path in sorted(CASES.glob("*.txt")):
        _, table = path.read_text(encoding="utf-8").split("\n\n", 1)
        names, _, *rows = [[cell.strip() for cell in line.split("|")] for line in table.splitlines()]
        found += [(path.stem, dict(zip(names, row, strict=True))) for row in rows]
    return found


def short(finding: dict[str, str]) -> str:
    """A clause's number, with a question mark where it is unprovable."""
    return finding["clause"] + ("?" if finding["result"] == "unprovable" else "")


@pytest.mark.parametrize("reason, row", cases())
def test_a_rejection_is_judged_as_the_table_of_its_reason_says(reason: str, row: dict[str, str]) -> None:
    """The tables are what two heads of department and a lawyer read; the machine must agree with them."""
    facts = {name: fact(name, cell) for name, cell in row.items() if name not in ("verdict", "findings")}
    evidence = evidence_from([{"reason": reason, **facts}])
    (verdict,) = verdict_rows(EDITION, evidence, judge(EDITION, evidence, ()), ())
    expected = row["verdict"], row["findings"].split()
    assert expected == (verdict["outcome"], [short(finding) for finding in verdict["findings"]])


def test_every_reason_of_the_edition_has_a_table() -> None:
    """A reason without cases is a rule nobody has read through."""
    assert {reason.code for reason in EDITION.reasons} == {path.stem for path in CASES.glob("*.txt")}


def test_every_clause_is_broken_and_left_open_somewhere() -> None:
    """A clause that no case breaks, or that no case leaves unprovable, is not described by its table."""
    said = {finding for _, row in cases() for finding in row["findings"].split()}
    numbers = {clause.number for clause in EDITION.clauses}
    # What is only asked to be recorded cannot be broken: it is recorded or it is unprovable.
    only_recorded = {"2.1", "4.1", "5.1", "7.1", "8.2", "9.2"}
    assert said == (numbers - only_recorded) | {f"{number}?" for number in numbers}
