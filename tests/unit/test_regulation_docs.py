"""The catalogue of evidence in the documentation is the one in the code.

`python -m tests.unit.test_regulation_docs` writes it anew after a change.
"""

from pathlib import Path

from planerka.regulation.evidence import arrays_of
from planerka.regulation.fields import FIELDS, Field
from planerka.regulation.findings import CODE_WORDS
from tests.builders_regulation import evidence_from

PAGE = Path(__file__).parent.parent.parent / "docs" / "regulation.md"
RULE = "|---|---|---|---|---|---|\n"


def line(field: Field) -> str:
    kind = f"{field.kind}: {', '.join(field.codes)}" if field.codes else str(field.kind)
    needs = ", ".join(f"`{need}`" for need in field.needs)
    return f"| `{field.name}` | {kind} | {field.ru} | {field.en} | {needs} | {field.unknown_when} |\n"


def catalogue() -> str:
    return "".join(map(line, FIELDS))


def split_page() -> tuple[str, str]:
    """The page up to its last table, and the rows of that table."""
    head, rule, rows = PAGE.read_text(encoding="utf-8").rpartition(RULE)
    return head + rule, rows


def test_the_documented_catalogue_is_the_one_in_the_code() -> None:
    """An author of rules reads the page; a field that is missing there does not exist for them."""
    assert catalogue() == split_page()[1]


def test_every_field_has_a_column_of_evidence_and_every_code_its_words() -> None:
    """A field without a column would judge nothing, a code without words would stop a verdict."""
    assert [field.name for field in FIELDS] == list(arrays_of(evidence_from([{}])))
    assert {code for field in FIELDS for code in field.codes} == set(CODE_WORDS)


if __name__ == "__main__":
    PAGE.write_text(split_page()[0] + catalogue(), encoding="utf-8")
