"""What a person is told of a row that waits."""

from datetime import UTC, datetime
from typing import Any

import pytest

from planerka.intake.findings import findings_of, lines_of
from planerka.intake.row_tests import BY_KEY
from planerka.intake.spec import Tally
from planerka.store.quarantine import QuarantinedRow, State

CORRECT = "correct it, give its format in `formats`, or add it to `blank` where it stands for nothing"
READ = "correct it, see `decimal_mark` and `values`, or add it to `blank` where it stands for nothing"


def held(noun: str, why: list[str], cells: dict[str, Any]) -> QuarantinedRow:
    """A row of `noun` with these fields at fault, each under a column of its own name in capitals."""
    return QuarantinedRow(
        id=1,
        noun=noun,
        row_key="7",
        row=cells,
        why=[f"{noun}.{name}" for name in why],
        place={"file": "a.csv", "row_ns": [7], "columns": {name: name.upper() for name in cells}},
        quarantined_at=datetime(2026, 3, 1, tzinfo=UTC),
        state=State.QUARANTINED,
        decided_by=None,
        decided_at=None,
    )


TOLD = [
    (
        held("lead", ["dates_readable"], {"created_at": "31.02.2026"}),
        [f"dates can be read: CREATED_AT is '31.02.2026': {CORRECT}"],
    ),
    (
        held("lead", ["dates_readable"], {"created_at": "<не заполнено>"}),
        [
            "dates can be read: CREATED_AT is '<не заполнено>': write `blank: ['<не заполнено>']` in the mapping, "
            "beside the file, if it stands for nothing"
        ],
    ),
    (
        held("lead", ["dates_readable"], {"created_at": "не закрыта"}),
        [
            "dates can be read: CREATED_AT is 'не закрыта': write `blank: ['не закрыта']` in the mapping, beside the "
            "file, if it stands for nothing"
        ],
    ),
    (
        held("event", ["stage_known"], {"to_stage_id": "Не закрыта"}),
        [
            "the stage is in the mapping: TO_STAGE_ID is 'Не закрыта': give it a code under `references: stage` in the "
            "mapping"
        ],
    ),
    (
        held("spend", ["required"], {"amount_minor": "#REF!"}),
        [
            "required fields are filled in: AMOUNT_MINOR is '#REF!': a formula has failed there: correct it in the "
            "spreadsheet and export it again"
        ],
    ),
    (
        held("spend", ["required"], {"amount_minor": "1.234"}),
        [f"required fields are filled in: AMOUNT_MINOR is '1.234': {READ}"],
    ),
    (
        held("contract", ["required"], {"unit_kind": None}),
        [
            "required fields are filled in: UNIT_KIND is empty: fill the cell in, or translate what stands there by "
            "`values` in the mapping"
        ],
    ),
    (held("contract", ["lead_known"], {}), ["the lead is known: export its lead too, or correct the id"]),
    (
        held("event", ["required", "dates_readable"], {"at": "31.02.2026"}),
        [f"dates can be read: AT is '31.02.2026': {CORRECT}"],
    ),
]


@pytest.mark.parametrize("row, expected", TOLD)
def test_a_row_is_told_by_its_cells_and_what_to_do(row, expected):
    assert expected == [found.line.partition(": ")[2] for found in findings_of(row)]


def test_a_pull_tells_of_the_tests_that_something_failed():
    passed, failed = (BY_KEY["lead.id"].check(Tally(rows_n=9, failed_n=n)) for n in (0, 2))
    assert [] == list(lines_of([passed]))
    assert "Leads: the key is given: 2 of 9 do not fit" == next(lines_of([failed]))
