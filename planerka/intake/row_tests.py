"""The row tests: what a row of each noun must satisfy before anything is judged by it.

A test answers for each row of a batch: provably good, provably bad, or cannot say. Bad data only: a reason that
the mapping does not know is tested here, a reason that the regulation does not know is for the regulation.
"""

from dataclasses import fields, replace
from datetime import date
from enum import StrEnum

from planerka.intake import answers
from planerka.intake.kinds import BAD_SHARE, TITLES, TYPOS_N, NounTest, RowTest, holds_back, warns
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

SUMMED: dict[type, tuple[str, ...]] = {Contract: ("price_minor", "area_m2")}
"""What figures add up and the model lets be unknown: missing, it makes a sum smaller, and nobody sees it."""


def every(noun: type) -> list[RowTest]:
    """What every noun must satisfy."""
    kinds = {f.name: answers.plain_type(f.type) for f in fields(noun)}
    dates = tuple(name for name, kind in kinds.items() if issubclass(kind, date))
    others = tuple(name for name in kinds if name not in (*dates, *SUMMED.get(noun, ())))
    return [
        holds_back(noun, "id", "ключ указан", "the key is given", answers.key_is_given(noun), answers.ids_of(noun)),
        holds_back(
            noun,
            "unique",
            "у одного ключа нет двух разных строк",
            "no key has two different rows",
            answers.key_is_unique(noun),
            answers.key_of(noun),
        ),
        holds_back(
            noun,
            "required",
            "обязательные поля заполнены",
            "required fields are filled in",
            answers.is_complete(noun),
            answers.required_of(noun),
        ),
        # A row without a day is worth nothing; without another of its values it still is of use.
        holds_back(noun, "dates_readable", "даты читаются", "dates can be read", answers.is_readable(*dates), dates),
        warns(
            noun,
            "values_readable",
            "остальные значения читаются",
            "other values can be read",
            answers.is_readable(*others),
            others,
        ),
    ]


def vocabulary(noun: type) -> RowTest:
    listed = tuple(f.name for f in fields(noun) if issubclass(answers.plain_type(f.type), StrEnum))
    ru, en = "значения из известных списков", "values are from the known lists"
    return holds_back(noun, "vocabulary", ru, en, answers.is_listed(noun), listed)


def amounts_readable(noun: type) -> RowTest:
    """A row that fails is stored, without the amount; a share of them over `BAD_SHARE` stops the run."""
    names = SUMMED[noun]
    ru, en = "суммы и площади читаются", "amounts can be read"
    test = warns(noun, "amounts_readable", ru, en, answers.is_readable_if_written(*names), names)
    return replace(test, severity=CheckSeverity.BLOCK, mostly=1 - BAD_SHARE, tolerated_n=TYPOS_N)


def not_future(noun: type, *fields: str) -> RowTest:
    ru, en = "нет дат из будущего", "no date in the future"
    return holds_back(noun, "not_future", ru, en, answers.not_future(*fields), fields)


def not_negative(noun: type, *fields: str) -> RowTest:
    ru, en = "нет отрицательных чисел", "no negative number"
    return warns(noun, "not_negative", ru, en, answers.not_negative(*fields), fields)


def lead_known(noun: type) -> RowTest:
    return holds_back(noun, "lead_known", "лид есть в базе", "the lead is known", answers.lead_is_known, ("lead_id",))


def no_contact(noun: type, *names: str) -> RowTest:
    return warns(
        noun,
        "no_contact",
        "в этапах, причинах, именах и названиях нет телефонов",
        "no phone stands for a stage, a reason or a name",
        answers.holds_no_contact(*names),
        names,
    )


REFERENCE = [
    vocabulary(Reference),
    warns(
        Reference,
        "code_known",
        "каждый этап и каждая причина отказа сопоставлены",
        "every stage and every rejection reason is mapped",
        answers.has_code,
        ("kind", "id"),
    ),
    warns(
        Reference,
        "one_spelling",
        "ничто не записано двумя способами",
        "nothing is written in two ways",
        answers.is_spelt_one_way,
        ("kind", "id"),
    ),
]

LEAD = [
    vocabulary(Lead),
    not_future(Lead, "created_at"),
    warns(
        Lead,
        "created_at",
        "дата обращения известна",
        "the date of the enquiry is known",
        answers.has("created_at"),
        ("created_at",),
    ),
    # The state at the last pull judges nothing, so a lead is not held back for it: its event is.
    warns(
        Lead,
        "stage_known",
        "этап есть в сопоставлении",
        "the stage is in the mapping",
        answers.is_mapped(ReferenceKind.STAGE, "stage_id"),
        ("stage_id",),
    ),
    warns(
        Lead,
        "reason_known",
        "причина отказа есть в сопоставлении",
        "the rejection reason is in the mapping",
        answers.is_mapped(ReferenceKind.REASON, "reason_id"),
        ("reason_id",),
    ),
    warns(
        Lead,
        "won_without_reason",
        "у выигранного лида нет причины отказа",
        "a lead that is won has no rejection reason",
        answers.won_without_reason,
        ("status", "reason_id"),
    ),
    no_contact(Lead, "manager_id", "agency_id", "channel_id", "campaign_id", "project_id", "stage_id", "reason_id"),
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
        ("to_stage_id",),
    ),
    holds_back(
        Event,
        "reason_known",
        "причина отказа есть в сопоставлении",
        "the rejection reason is in the mapping",
        answers.is_mapped(ReferenceKind.REASON, "reason_id"),
        ("reason_id",),
    ),
    holds_back(
        Event,
        "won_after_created",
        "сделка не раньше обращения",
        "no deal before the enquiry",
        answers.not_before_created("at", kind=EventKind.CONTRACT_SIGNED),
        ("at",),
    ),
    holds_back(
        Event,
        "rejected_after_created",
        "отказ не раньше обращения",
        "no rejection before the enquiry",
        answers.not_before_created("at", kind=EventKind.REJECTED),
        ("at",),
    ),
    not_negative(Event, "duration_s"),
    no_contact(Event, "manager_id", "actor_id", "from_stage_id", "to_stage_id", "reason_id"),
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
        ("signed_at",),
    ),
    amounts_readable(Contract),
    not_negative(Contract, *SUMMED[Contract]),
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

CONDITIONS_MET: dict[type, NounTest] = {
    noun: NounTest(
        key=f"{noun_name(noun)}.conditions_met",
        ru=f"{TITLES[noun].ru}: значения из условий встречаются в файле",
        en=f"{TITLES[noun].en}: the values of conditions occur in the file",
        severity=CheckSeverity.WARN,
        fields=(),
        quarantines=False,
    )
    for noun in (Lead, Event, Contract)
}
"""Asked of each value that a condition of a mapping names: a misspelt one is in no row."""

BY_KEY: dict[str, NounTest] = {
    test.key: test for tests in (*ROW_TESTS.values(), CONDITIONS_MET.values()) for test in tests
}
