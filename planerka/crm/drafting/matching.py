"""Headers and values against the vocabulary, and each field with the column that fits it best."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from planerka.crm.drafting.profile import ColumnProfile
from planerka.crm.drafting.vocabulary import PERSONAL

WORD = re.compile(r"[A-ZА-ЯЁ]?[a-zа-яё]+|[A-ZА-ЯЁ]+(?![a-zа-яё])|\d+|№")
WHOLE_N = 2
"""Words as short as this are compared whole: `id` is not the beginning of `идентификатор`."""

SURE = 0.99
HALF = 0.5

DATES = ("created_at", "updated_at", "signed_at", "terminated_at", "at", "spent_on", "from_on", "to_on")
FIGURES = ("price_minor", "area_m2", "amount_minor", "year", "quarter", "rejection.budget_minor")
LISTS = ("stage_id", "reason_id", "unit_kind", "kind", "outcome", "enquiry", "accepted", "from_stage_id", "to_stage_id")


@dataclass(frozen=True)
class Guess:
    """The column of a field. `is_sure`: every word of its header is known; `why` says what a guess rests on."""

    column: str
    score: float
    why: str = ""

    @property
    def is_sure(self) -> bool:
        return self.score >= SURE


Guesses = dict[str, Guess]


def words_of(text: str) -> list[str]:
    """`ConvertedOpportunityId` and `converted_opportunity_id` alike: words in lower case, ё as е."""
    return [word.lower().replace("ё", "е") for word in WORD.findall(text)]


def is_word(stem: str, word: str) -> bool:
    return word == stem if len(stem) <= WHOLE_N else word.startswith(stem)


@cache
def stems_of(phrases: str) -> list[list[str]]:
    """Each phrase as its stems. The vocabulary is asked about every column of every file: it is taken apart once."""
    return [phrase.split() for phrase in phrases.replace("ё", "е").split("|")]


def fit(text: str, phrases: str) -> float:
    """How well the best of the phrases covers the words of a text, 0..1; 1 where no word is left over."""
    words = words_of(text)
    return max(fit_of(words, stems) for stems in stems_of(phrases))


def fit_of(words: list[str], stems: list[str]) -> float:
    if not words or not all(any(is_word(stem, word) for word in words) for stem in stems):
        return 0.0
    return min(1.0, len(stems) / len(words))


def code_of(text: str, codes: Mapping[str, str]) -> str | None:
    """The code that the text is, or the first with a phrase in it; stems of any length may begin a word here."""
    words = words_of(text)
    if (code := "_".join(words)) in codes:
        return code
    for code, phrases in codes.items():
        for stems in stems_of(phrases):
            if all(any(word.startswith(stem) for word in words) for stem in stems):
                return code
    return None


def is_personal(column: ColumnProfile) -> bool:
    return column.is_contact or column.is_email or fit(column.name, PERSONAL) >= HALF


def matched(columns: Iterable[ColumnProfile], vocabulary: Mapping[str, str]) -> Guesses:
    """Each field with its column, each column for one field at most: the best fits first."""
    fits = [
        (score, -place, field, column)
        for place, column in enumerate(columns)
        for field, phrases in vocabulary.items()
        if column.filled_n and (score := fit(column.name, phrases)) and may_be(column, field)
    ]
    found: Guesses = {}
    taken: set[str] = set()
    for score, _, field, column in sorted(fits, key=lambda fit: (-fit[0], -fit[1])):
        if field not in found and column.name not in taken:
            found[field] = Guess(column.name, score, "" if score >= SURE else "by a part of its name")
            taken.add(column.name)
    return {field: found[field] for field in vocabulary if field in found}


def may_be(column: ColumnProfile, field: str) -> bool:
    """Whether the cells can be what the field asks for, whatever the header says."""
    if field == "phone":
        return not column.is_email
    if column.is_contact or column.is_email:
        return False
    if field in DATES or field.startswith("dates.") or field == "contract.signed_at":
        return column.is_date
    if field == "duration_s":
        return column.is_figure or column.is_clock
    if field in FIGURES:
        return column.is_figure and not (column.is_date and field.endswith("_minor"))
    if field in LISTS:
        return column.counts is not None and not column.is_date
    return not column.is_date


def by_content(columns: Iterable[ColumnProfile], found: Guesses) -> Guesses:
    """The guesses, with a column of phones whose header says nothing."""
    taken = {guess.column for guess in found.values()}
    phones = [c for c in columns if c.is_contact and not c.is_email and c.name not in taken]
    if "phone" in found or not phones:
        return found
    return found | {"phone": Guess(phones[0].name, 0.5, "its cells look like phones")}
