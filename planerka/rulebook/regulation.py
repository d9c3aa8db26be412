"""An edition of the rejection regulation: its nouns, and what of it is hashed for signing.

What a test may ask is a small closed grammar without code, over the fields of `regulation.fields`:

    {field: attempts_n, at_least: 6}                      also at_most, more_than, less_than
    {field: horizon_months, between: [3, 12]}             both ends included
    {field: budget_minor, less_than: {field: cheapest_price_minor, times: 0.2}}
    {field: has_met, is: false}                           yes/no, or a code
    {field: original_state, one_of: [open, won]}          also not_one_of
    {field: competitor, present: true}                    recorded in the CRM
    {all: [ … ]}   {any: [ … ]}   {when: { … }, then: { … }}

`rulebook.edition_reader` reads it from YAML. Whether the fields exist and fit their tests is checked by
`regulation.clauses`, which knows them.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from hashlib import sha256
from typing import Literal

from planerka.model import Consequence, Decision, Enquiry

COMPARISONS = ("at_least", "at_most", "more_than", "less_than")
CHOICES = ("one_of", "not_one_of")
OPERATORS = (*COMPARISONS, "between", "is", *CHOICES, "present")

ON_EXPIRY = (Decision.UPHOLD, Decision.RETURN_TO_WORK)
"""What may be decided of a dispute on which nobody ruled in time."""

AWAITED = tuple(kind for kind in Enquiry if kind != Enquiry.ANSWERED_CALL)
"""The kinds of enquiry that need a response, each with a norm of its own."""


@dataclass(frozen=True)
class Multiple:
    """Another field to compare with, `times` a factor."""

    field: str
    times: float


@dataclass(frozen=True)
class Range:
    """From `low` to `high`, both included."""

    low: float
    high: float


@dataclass(frozen=True)
class Comparison:
    """One field against a requirement: a number, a Multiple, a Range, yes/no, a code or a tuple of codes."""

    field: str
    operator: str
    value: float | bool | str | tuple[str, ...] | Multiple | Range
    line: int = dataclasses.field(compare=False)

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields it reads."""
        return (self.field, self.value.field) if isinstance(self.value, Multiple) else (self.field,)

    def leaves(self) -> Iterator["Comparison"]:
        yield self


@dataclass(frozen=True)
class Combination:
    """`all` or `any` of the parts."""

    operator: Literal["all", "any"]
    parts: tuple["Condition", ...]

    def leaves(self) -> Iterator[Comparison]:
        for part in self.parts:
            yield from part.leaves()


@dataclass(frozen=True)
class Implication:
    """`then` must hold where `when` does; elsewhere it asks nothing."""

    when: "Condition"
    then: "Condition"

    def leaves(self) -> Iterator[Comparison]:
        yield from self.when.leaves()
        yield from self.then.leaves()


Condition = Comparison | Combination | Implication


@dataclass(frozen=True, kw_only=True)
class Clause:
    """One numbered rule for one rejection reason, in words for people and as a test for the machine."""

    number: str
    ru: str
    en: str
    consequence: Consequence
    test: Condition
    line: int = dataclasses.field(compare=False)


@dataclass(frozen=True, kw_only=True)
class Reason:
    """A rejection reason that the edition knows; a rejection for one that is not `is_legal` falls."""

    code: str
    ru: str
    en: str
    is_legal: bool
    clauses: tuple[Clause, ...]
    line: int = dataclasses.field(compare=False)


@dataclass(frozen=True, kw_only=True)
class Norms:
    """Service norms. `_min`, `review_hours` and `appeal_hours` are working time, the others pass by the calendar.

    Those with a value here need not be written: an edition that was signed before they existed keeps its meaning.
    """

    first_response_min: Mapping[Enquiry, int]
    neglect_days: int
    settling_hours: int
    dispute_horizon_days: int
    review_hours: int
    returns_max: int
    appeal_hours: int = 16
    on_expiry: Decision = Decision.UPHOLD
    blind_sample_percent: int = 5


@dataclass(frozen=True, kw_only=True)
class Edition:
    """A dated version of the regulation. `content` is its canonical form: what is signed, and enough to load it."""

    name: str
    effective_on: date
    ru: str
    en: str
    norms: Norms
    qualified: Condition
    reasons: tuple[Reason, ...]
    content: str

    @cached_property
    def sha256(self) -> str:
        """What a signature signs: of the meaning, so that a comment or an indent may change and a word may not."""
        return digest(self.content)

    @property
    def clauses(self) -> tuple[Clause, ...]:
        return tuple(clause for reason in self.reasons for clause in reason.clauses)


def digest(content: str) -> str:
    """The SHA-256 that a signature keeps, of an edition's `content`."""
    return sha256(content.encode()).hexdigest()
