"""What row tests are made of: their names, how many failures break them, what is done about a row that fails."""

from dataclasses import dataclass
from typing import NamedTuple

from planerka.intake.answers import Question
from planerka.intake.remedies import REMEDIES
from planerka.intake.spec import Spec
from planerka.model import (
    CheckSeverity,
    Contract,
    Event,
    Lead,
    Plan,
    Reference,
    Rejection,
    Spend,
    Stock,
    noun_name,
)

BAD_SHARE = 0.01
"""More bad rows than this, and the mapping or the source is broken rather than a row."""

FEW_N = 20
"""So many bad rows never stop a pull, however small it is: they wait in quarantine."""

TYPOS_N = 2
"""So many of them are told and stop nothing, however few rows there are."""


@dataclass(frozen=True, kw_only=True)
class NounTest(Spec):
    """A check of what comes of one noun, by these of its fields. What fails one that `quarantines` is held back."""

    fields: tuple[str, ...]
    quarantines: bool

    @property
    def name(self) -> str:
        """What the test is called with every noun that has it."""
        return self.key.partition(".")[2]

    @property
    def remedy(self) -> str:
        """What whoever has the export and its mapping can do about a row that fails."""
        return REMEDIES[self.name]


@dataclass(frozen=True, kw_only=True)
class RowTest(NounTest):
    """One that is asked of every row."""

    test: Question


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


def holds_back(noun: type, name: str, ru: str, en: str, test: Question, fields: tuple[str, ...]) -> RowTest:
    """A row that fails goes to quarantine; a share of them over `BAD_SHARE` stops the run."""
    return row_test(noun, name, ru, en, test, fields, CheckSeverity.BLOCK)


def warns(noun: type, name: str, ru: str, en: str, test: Question, fields: tuple[str, ...]) -> RowTest:
    """A row that fails is stored as it is, and told of."""
    return row_test(noun, name, ru, en, test, fields, CheckSeverity.WARN)


def row_test(
    noun: type, name: str, ru: str, en: str, test: Question, fields: tuple[str, ...], severity: CheckSeverity
) -> RowTest:
    blocks = severity == CheckSeverity.BLOCK
    return RowTest(
        key=f"{noun_name(noun)}.{name}",
        ru=f"{TITLES[noun].ru}: {ru}",
        en=f"{TITLES[noun].en}: {en}",
        severity=severity,
        mostly=1 - BAD_SHARE if blocks else 1.0,
        tolerated_n=FEW_N if blocks else 0,
        fields=fields,
        quarantines=blocks,
        test=test,
    )
