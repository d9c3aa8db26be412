"""The row tests: what a row of each noun must satisfy before anything is judged by it.

A test answers for each row of a batch: provably good, provably bad, or cannot say. Bad data only: a reason that
the mapping does not know is tested here, a reason that the regulation does not know is for the regulation.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from planerka.crm.base import Batch
from planerka.intake import answers
from planerka.intake.answers import Context
from planerka.intake.spec import Spec
from planerka.model import (
    PULLED,
    CheckSeverity,
    Contract,
    Event,
    EventKind,
    Lead,
    Plan,
    Reference,
    ReferenceKind,
    Rejection,
    Spend,
    Stock,
    noun_name,
)
from planerka.ternary import Ternary

BAD_SHARE = 0.01
"""More bad rows than this, and the mapping or the source is broken rather than a row."""

FEW_N = 20
"""So many bad rows never stop a pull, however small it is: they wait in quarantine."""


@dataclass(frozen=True, kw_only=True)
class RowTest(Spec):
    """A check of every row of one noun. A row that fails a test that `quarantines` is held back."""

    quarantines: bool
    test: Callable[[Batch, Context], Ternary]


class Title(NamedTuple):
    ru: str
    en: str


TITLES = {
    Reference: Title("Справочники", "References"),
    Lead: Title("Лиды", "Leads"),
    Event: Title("События", "Events"),
    Rejection: Title("Карточки отказов", "Rejection cards"),
    Contract: Title("ДДУ", "Contracts"),
    Spend: Title("Расходы", "Spend"),
    Plan: Title("План", "Plan"),
    Stock: Title("Остатки", "Stock"),
}


def holds_back(noun: type, name: str, ru: str, en: str, test: Callable[[Batch, Context], Ternary]) -> RowTest:
    """A row that fails goes to quarantine; a share of them over `BAD_SHARE` stops the run."""
    return row_test(noun, name, ru, en, test, CheckSeverity.BLOCK, quarantines=True)


def stops(noun: type, name: str, ru: str, en: str, test: Callable[[Batch, Context], Ternary]) -> RowTest:
    """A row that fails is stored as it is, but a share of them over `BAD_SHARE` stops the run."""
    return row_test(noun, name, ru, en, test, CheckSeverity.BLOCK, quarantines=False)


def warns(noun: type, name: str, ru: str, en: str, test: Callable[[Batch, Context], Ternary]) -> RowTest:
    """A row that fails is stored as it is, and told of."""
    return row_test(noun, name, ru, en, test, CheckSeverity.WARN, quarantines=False)


def row_test(
    noun: type,
    name: str,
    ru: str,
    en: str,
    test: Callable[[Batch, Context], Ternary],
    severity: CheckSeverity,
    *,
    quarantines: bool,
) -> RowTest:
    blocks = severity == CheckSeverity.BLOCK
    return RowTest(
        key=f"{noun_name(noun)}.{name}",
        ru=f"{TITLES[noun].ru}: {ru}",
        en=f"{TITLES[noun].en}: {en}",
        severity=severity,
        mostly=1 - BAD_SHARE if blocks else 1.0,
        tolerated_n=FEW_N if blocks else 0,
        quarantines=quarantines,
        test=test,
    )


def every(noun: type) -> list[RowTest]:
    """What every noun must satisfy."""
    return [
        holds_back(noun, "id", "ключ указан", "the key is given", answers.key_is_given(noun)),
        stops(noun, "unique", "ключ не повторяется", "no key occurs twice", answers.key_is_unique(noun)),
        holds_back(
            noun, "required", "обязательные поля заполнены", "required fields are filled in", answers.is_complete(noun)
        ),
        holds_back(noun, "dates_readable", "даты читаются", "dates can be read", answers.dates_are_readable),
        warns(noun, "values_readable", "остальные значения читаются", "other values can be read", answers.is_readable),
    ]


def vocabulary(noun: type) -> RowTest:
    return holds_back(
        noun, "vocabulary", "значения из известных списков", "values are from the known lists", answers.is_listed(noun)
    )


def not_future(noun: type, *fields: str) -> RowTest:
    return holds_back(noun, "not_future", "нет дат из будущего", "no date in the future", answers.not_future(*fields))


def not_negative(noun: type, *fields: str) -> RowTest:
    return warns(noun, "not_negative", "нет отрицательных чисел", "no negative number", answers.not_negative(*fields))


def lead_known(noun: type) -> RowTest:
    return holds_back(noun, "lead_known", "лид есть в базе", "the lead is known", answers.lead_is_known)


REFERENCE = [
    vocabulary(Reference),
    warns(
        Reference,
        "code_known",
        "каждый этап и каждая причина отказа сопоставлены",
        "every stage and every rejection reason is mapped",
        answers.has_code,
    ),
]

LEAD = [
    vocabulary(Lead),
    not_future(Lead, "created_at"),
    warns(Lead, "created_at", "дата обращения известна", "the date of the enquiry is known", answers.has("created_at")),
    # The state at the last pull judges nothing, so a lead is not held back for it: its event is.
    warns(
        Lead,
        "stage_known",
        "этап есть в сопоставлении",
        "the stage is in the mapping",
        answers.is_mapped(ReferenceKind.STAGE, "stage_id"),
    ),
    warns(
        Lead,
        "reason_known",
        "причина отказа есть в сопоставлении",
        "the rejection reason is in the mapping",
        answers.is_mapped(ReferenceKind.REASON, "reason_id"),
    ),
]

EVENT = [
    vocabulary(Event),
    lead_known(Event),
    not_future(Event, "at", "recorded_at"),
    holds_back(
        Event,
        "stage_known",
        "этап есть в сопоставлении",
        "the stage is in the mapping",
        answers.is_mapped(ReferenceKind.STAGE, "to_stage_id"),
    ),
    holds_back(
        Event,
        "reason_known",
        "причина отказа есть в сопоставлении",
        "the rejection reason is in the mapping",
        answers.is_mapped(ReferenceKind.REASON, "reason_id"),
    ),
    holds_back(
        Event,
        "won_after_created",
        "сделка не раньше обращения",
        "no deal before the enquiry",
        answers.not_before_created("at", kind=EventKind.CONTRACT_SIGNED),
    ),
    not_negative(Event, "duration_s"),
]

REJECTION = [
    vocabulary(Rejection),
    lead_known(Rejection),
    not_negative(Rejection, "budget_minor", "lots_matching_n", "horizon_months"),
]

CONTRACT = [
    vocabulary(Contract),
    lead_known(Contract),
    not_future(Contract, "signed_at", "terminated_at"),
    holds_back(
        Contract,
        "won_after_created",
        "подписан не раньше обращения",
        "not signed before the enquiry",
        answers.not_before_created("signed_at"),
    ),
    not_negative(Contract, "price_minor", "area_m2"),
]

SPEND = [not_future(Spend, "spent_on"), not_negative(Spend, "amount_minor")]

PLAN = [not_negative(Plan, "value")]

STOCK = [
    not_future(Stock, "stock_on"),
    not_negative(Stock, "available_n", "min_price_minor", "median_price_minor", "min_payment_minor"),
]

OWN = dict(zip(PULLED, (REFERENCE, LEAD, EVENT, REJECTION, CONTRACT, SPEND, PLAN, STOCK), strict=True))

ROW_TESTS: dict[type, tuple[RowTest, ...]] = {noun: (*every(noun), *own) for noun, own in OWN.items()}
"""The tests of each noun of `model.PULLED`; at most 32, since each has a bit of its own in `RowChecks.bits`."""

BY_KEY = {test.key: test for tests in ROW_TESTS.values() for test in tests}
