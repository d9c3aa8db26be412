"""What did not fit, in words for a terminal or a log: where it stands, what stands there, and what to do."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from planerka.crm.cells import SHEET_ERRORS, is_placeholder, is_remark
from planerka.intake.kinds import NounTest
from planerka.intake.remedies import REMEDIES
from planerka.intake.row_tests import BY_KEY
from planerka.model import Check
from planerka.store.quarantine import QuarantinedRow


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One reason why a row waits. `cells`: by the name of the column, what stands there; None where nothing does."""

    test: str
    says: str
    cells: dict[str, Any]
    remedy: str

    @property
    def line(self) -> str:
        cells = ", ".join(f"{column} is {said(value)}" for column, value in self.cells.items())
        return ": ".join(part for part in (self.says, cells, self.remedy) if part)


def said(value: Any) -> str:
    return "empty" if value is None else repr(value)


def findings_of(row: QuarantinedRow) -> list[Finding]:
    """Every reason why a row waits, in the order of the tests. A date that cannot be read is missing too: told once."""
    found = [finding(row, BY_KEY[key]) for key in row.why]
    unread = {column for one in found if one.test.endswith(".dates_readable") for column in one.cells}
    return [one for one in found if not (one.test.endswith(".required") and set(one.cells) <= unread)]


def finding(row: QuarantinedRow, test: NounTest) -> Finding:
    columns = row.place["columns"]
    written = row.place.get("cells", row.row)  # rows held by an older version have no cells
    cells = {columns[name]: written[name] for name in test.fields if name in columns}
    is_unread = test.name == "required" and any(value is not None for value in cells.values())
    remedy = REMEDIES["values_readable"] if is_unread else test.remedy
    is_date = test.name == "dates_readable"
    return Finding(test=test.key, says=test.en, cells=cells, remedy=remedy_for(cells.values(), remedy, is_date=is_date))


def remedy_for(values: Iterable[Any], otherwise: str, *, is_date: bool) -> str:
    """What to do about a cell in which something stands for nothing."""
    for value in (value for value in values if isinstance(value, str)):
        if value in SHEET_ERRORS:
            return "a formula has failed there: correct it in the spreadsheet and export it again"
        if is_placeholder(value) or (is_date and is_remark(value)):
            return f"write `blank: [{value!r}]` in the mapping, beside the file, if it stands for nothing"
    return otherwise


def lines_of(checks: Iterable[Check]) -> Iterator[str]:
    """What did not hold, each with a few of the rows and the remedy."""
    for check in checks:
        if check.failed_n:
            yield f"{check.en}: {check.failed_n} of {check.rows_n} do not fit"
            yield from (f"  {example}" for example in check.examples)
            yield f"  {BY_KEY[check.key].remedy}"
