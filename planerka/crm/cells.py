"""Text of an export as values of the model. Strict: a text that is not wholly a value is unknown, never half read.

Every reader takes distinct texts, none of them blank, and returns an array as long, missing where it cannot read one.
"""

import re
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from babel.numbers import get_currency_precision, get_currency_symbol
from numpy.typing import NDArray

from planerka.phones import is_contact, masked

Texts = NDArray[np.object_]
Reader = Callable[[Texts], Any]

SPACES = " \u00a0\u202f'"
YES = ("true", "yes", "1", "да")
NO = ("false", "no", "0", "нет")
ROUBLE_SIGNS = ("руб.", "руб", "р.", "р")
PANDAS_WORDS = {"now", "today"}
"""Pandas takes them for the present under any format."""
YEARS = (1900, 2199)
"""Outside them a date is a marker of absence, such as 0001-01-01 or 9999-12-31."""


def instants(texts: Texts, formats: Sequence[str], zone: ZoneInfo) -> pd.arrays.DatetimeArray:
    """Instants, in UTC, by the first format that fits the whole text.

    Without an offset in the text it is local time: a time that the clocks skipped is the moment they moved, one
    that came twice is the first of the two. A bare date is the start of that local day.
    """
    found = pd.Series(pd.NaT, index=range(len(texts)), dtype="datetime64[us, UTC]")
    for text_format in formats:
        is_open = found.isna().to_numpy()
        found[is_open] = parsed(texts[is_open], text_format, zone).array
    return found.array


def parsed(texts: Texts, text_format: str, zone: ZoneInfo) -> pd.Series:
    texts = np.array([None if text in PANDAS_WORDS else text for text in texts], dtype=object)
    has_offset = "%z" in text_format
    at = pd.Series(pd.to_datetime(texts, format=text_format, errors="coerce", utc=has_offset)).dt.as_unit("us")
    at = at.where(at.dt.year.between(*YEARS))
    if re.search(r"%[A-Za-z]%[^z]", text_format):  # without separators 2021115 would pass for 15 November
        at = at.where(at.dt.strftime(text_format) == texts)
    if has_offset:
        return at
    return at.dt.tz_localize(zone, ambiguous=np.ones(len(at), bool), nonexistent="shift_forward").dt.tz_convert("UTC")


def days(texts: Texts, formats: Sequence[str], zone: ZoneInfo) -> pd.arrays.DatetimeArray:
    """Local days, as midnights without a zone."""
    return pd.Series(instants(texts, formats, zone)).dt.tz_convert(zone).dt.tz_localize(None).dt.normalize().array


def numbers(texts: Texts, decimal_mark: str, signs: Sequence[str] = ()) -> NDArray[np.float64]:
    """Numbers, whose thousands may be grouped by spaces, apostrophes or the other mark, with a sign of money around."""
    group = re.escape(SPACES + (",." if decimal_mark == "." else ".,")[0])
    sign = "|".join(map(re.escape, signs))
    number = (
        rf"([-+]?)(?:{sign})?[{SPACES}]?([-+]?(?:\d{{1,3}}(?:[{group}]\d{{3}})+|\d+)(?:{re.escape(decimal_mark)}\d+)?)"
    )
    pattern = re.compile(rf"{number}[{SPACES}]?(?:{sign})?", re.ASCII | re.IGNORECASE)
    drop = str.maketrans(decimal_mark, ".", SPACES + ".,".replace(decimal_mark, ""))

    def number_of(text: str) -> float:
        match = pattern.fullmatch(text)
        if match is None or (match[1] and match[2][0] in "+-"):
            return np.nan
        return float((match[1] + match[2]).translate(drop))

    return np.fromiter(map(number_of, texts), dtype=np.float64, count=len(texts))


def money(texts: Texts, decimal_mark: str, currency: str) -> NDArray[np.float64]:
    """Amounts of `currency`, in its minor units; with the sign of another currency an amount is unknown."""
    signs = {currency, *(get_currency_symbol(currency, locale) for locale in ("en_US", "ru"))}
    signs |= set(ROUBLE_SIGNS) if currency == "RUB" else set()
    amounts = numbers(texts, decimal_mark, sorted(signs, key=len, reverse=True))
    return np.rint(amounts * 10 ** get_currency_precision(currency))


def whole_numbers(texts: Texts, decimal_mark: str) -> NDArray[np.float64]:
    found = numbers(texts, decimal_mark)
    return np.where(found == np.rint(found), found, np.nan)


def answers(texts: Texts) -> Any:
    """Yes and no, in the words of YES and NO."""
    words = {**dict.fromkeys(YES, True), **dict.fromkeys(NO, False)}
    return pd.array([words.get(text.lower()) for text in texts], dtype="boolean")


def members(texts: Texts, kind: type[StrEnum]) -> Texts:
    """The texts that are values of `kind`."""
    known = set(kind)
    return np.array([text if text in known else None for text in texts], dtype=object)


def card_ids(texts: Texts) -> Texts:
    """Numbers of cards as they stand."""
    return np.array([None if is_contact(text) else text for text in texts], dtype=object)


def masked_texts(texts: Texts, own: frozenset[str]) -> Texts:
    """Texts without phones, e-mails and messengers, but for those in `own`."""
    return np.array([text if text in own else masked(text) for text in texts], dtype=object)
