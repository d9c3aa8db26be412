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
import pyarrow as pa
import pyarrow.compute as pc
from babel.numbers import get_currency_precision, get_currency_symbol
from numpy.typing import NDArray

from planerka.crm.fixed_dates import YEARS, cut
from planerka.phones import SHORTEST_N, is_contact, masked, masked_colleague

Texts = NDArray[np.object_]
Reader = Callable[[Texts], Any]

SPACES = " \u00a0\u202f'"
YES = ("true", "yes", "1", "да", "истина")
NO = ("false", "no", "0", "нет", "ложь")
"""The words of spreadsheets in English and in Russian, in lower case."""
ROUBLE_SIGNS = ("руб.", "руб", "р.", "р")
PANDAS_WORDS = {"now", "today"}
"""Pandas takes them for the present under any format."""
SHEET_ERRORS = frozenset({"#REF!", "#N/A", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!"})
SHEET_ERRORS |= {"#ERROR!", "#ССЫЛКА!", "#Н/Д", "#ЗНАЧ!", "#ДЕЛ/0!", "#ИМЯ?", "#ЧИСЛО!", "#ПУСТО!", "#ПЕРЕНОС!"}
"""What a spreadsheet shows where a formula has failed, in English and in Russian: it is never a value."""
PLACEHOLDERS = frozenset({"-", "--", "–", "—", "?", "...", "null", "none", "nan", "n/a", "na", "select", "unknown"})
PLACEHOLDERS |= {"blank", "н/д", "нет", "пусто", "нет данных", "не заполнено", "не указано", "не выбрано", "выберите"}
"""What people and forms write where nothing is known, without brackets around it."""
REMARK = re.compile(
    r"(?:[Нн]е|[Нн]ет|[Бб]ез|[Ее]щ[её] (?:не|нет)|[Оо]тсутствует|[Вв] работе|"
    r"[Oo]pen|[Nn]ot|[Nn]o|[Nn]one|[Nn]ever|[Pp]ending)"
    r"(?: (?:был[аои]?|закры|откры|указан|назначен|заполнен|определен|определён|известн|подписан|состоял|заверш|продан"
    r"|данных|даты|срока|ещё|еще|yet|closed|open|set|known|given|signed|available|applicable|finished|date)"
    r"(?:[аоы]|т[аоы]?|н[аоы]|сь|ось|ась|ен[аоы]?|ён)?){0,2}"
)
"""A few words that say there is none. A closed list: behind any other `не звонить` may stand a name."""
LONG_WORD = re.compile(r"[^\W\d_]{4,}")
WORD = re.compile(r"[^\W\d_]{2,}")
GROUPED = re.compile(rf"\d{{1,3}}(?:[{SPACES}]\d{{3}})+")
GROUPED_OR_NOT = re.compile(r"(?<![\d.,])\d{1,3}\.\d{3}(?![\d.,])")
CLOCK = re.compile(r"(?:\d+ days?,? )?\d+:[0-5]\d:[0-5]\d(?:\.\d+)?", re.ASCII)
SPOILT_ID = re.compile(r"\d(?:[.,]\d+)?E\+\d+", re.ASCII | re.IGNORECASE)
"""As Excel shows a long number, of which it has kept no more than 15 digits."""
SURE_ID = rf"^[0-9A-Za-z]{{1,{SHORTEST_N - 1}}}$"
"""Too short for a phone: most ids are such, and a whole column is looked through at once."""
TYPED_FORMATS = tuple(f"%Y-%m-%dT%H:%M:%S{rest}" for rest in ("", ".%f", "%z", ".%f%z"))
"""As the readers write a date that a workbook or a database knows as one: no other format is like it."""


def is_placeholder(text: str) -> bool:
    return text.casefold().strip("<>()[]") in PLACEHOLDERS


def is_remark(text: str) -> bool:
    """Whether a text in the place of a date says that there is none, as `не закрыта` does: no name begins so."""
    return bool(REMARK.fullmatch(text))


def shape(text: str) -> str:
    """A text without what it says: letters as `a`, digits as 9."""
    return "".join("9" if c.isdigit() else "a" if c.isalpha() else c for c in text)


def quotable(text: str) -> str:
    """What stands in the place of a date or a number, as it may be told: words in it may be a name."""
    if text in SHEET_ERRORS or is_placeholder(text) or is_remark(text):
        return text
    words = LONG_WORD if any(map(str.isdigit, text)) else WORD
    return words.sub(lambda word: shape(word[0]), masked(text))


def instants(texts: Texts, formats: Sequence[str], zone: ZoneInfo) -> pd.arrays.DatetimeArray:
    """Instants, in UTC, by the first format that fits the whole text.

    Without an offset in the text it is local time: a time that the clocks skipped is the moment they moved, one
    that came twice is the first of the two. A bare date is the start of that local day.
    """
    found = pd.Series(pd.NaT, index=range(len(texts)), dtype="datetime64[us, UTC]")
    for text_format in (*formats, *TYPED_FORMATS):
        is_open = found.isna().to_numpy()
        if not is_open.any():
            break
        found[is_open] = parsed(texts[is_open], text_format, zone).array
    return found.array


def parsed(texts: Texts, text_format: str, zone: ZoneInfo) -> pd.Series:
    at = pd.Series(cut(texts, text_format))
    is_open = at.isna().to_numpy()
    if is_open.any():
        by_pandas = parsed_by_pandas(texts[is_open], text_format)
        if "%z" in text_format:
            return by_pandas
        at[is_open] = by_pandas.array
    return at.dt.tz_localize(zone, ambiguous=np.ones(len(at), bool), nonexistent="shift_forward").dt.tz_convert("UTC")


def parsed_by_pandas(texts: Texts, text_format: str) -> pd.Series:
    """Times as they are written: without a zone, or in UTC where the format has an offset."""
    texts = np.array([None if text in PANDAS_WORDS else text for text in texts], dtype=object)
    at = pd.Series(pd.to_datetime(texts, format=text_format, errors="coerce", utc="%z" in text_format)).dt.as_unit("us")
    at = at.where(at.dt.year.between(*YEARS))
    if re.search(r"%[A-Za-z]%[^z]", text_format):  # without separators 2021115 would pass for 15 November
        at = at.where(at.dt.strftime(text_format) == texts)
    return at


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


def money(texts: Texts, decimal_mark: str, currency: str, *, is_mark_said: bool = True) -> NDArray[np.float64]:
    """Amounts of `currency`, in its minor units; with the sign of another currency an amount is unknown.

    So is `1.234` where nobody said what the dot is: it may be a thousand and more.
    """
    signs = {currency, *(get_currency_symbol(currency, locale) for locale in ("en_US", "ru"))}
    signs |= set(ROUBLE_SIGNS) if currency == "RUB" else set()
    amounts = numbers(texts, decimal_mark, sorted(signs, key=len, reverse=True))
    if not is_mark_said:
        amounts[[bool(GROUPED_OR_NOT.search(text)) for text in texts]] = np.nan
    return np.rint(amounts * 10 ** get_currency_precision(currency))


def seconds(texts: Texts, decimal_mark: str) -> NDArray[np.float64]:
    """Whole seconds, from a number of them, `01:02:03`, or `4 days, 21:19:46`."""
    found = whole_numbers(texts, decimal_mark)
    is_clock = np.array([bool(CLOCK.fullmatch(text)) for text in texts], dtype=np.bool_)
    times = pd.to_timedelta(pd.Series(texts[is_clock], dtype="str").str.replace(",", ""), errors="coerce")
    found[is_clock] = np.rint(times.dt.total_seconds())
    return found


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
    """Numbers of cards as they stand. A phone is none, nor is what a sheet made of one: `1 234 567`, `5.8E+18`."""
    is_open = ~pc.match_substring_regex(pa.array(texts, pa.string()), SURE_ID).to_numpy(zero_copy_only=False)
    found = texts.copy()
    found[is_open] = np.array([text if is_card_id(text) else None for text in texts[is_open]], dtype=object)
    return found


def is_card_id(text: str) -> bool:
    is_spoilt = not text.isalnum() and (text in SHEET_ERRORS or GROUPED.fullmatch(text) or SPOILT_ID.fullmatch(text))
    return not (is_spoilt or is_contact(text))


def masked_texts(texts: Texts, own: frozenset[str]) -> Texts:
    """Texts without phones, e-mails and messengers, but for those in `own`."""
    return np.array([text if text is None or text in own else masked(text) for text in plain(texts)], dtype=object)


def colleagues(texts: Texts) -> Texts:
    """Managers and agencies, as they are called: `phones.masked_colleague`."""
    return np.array([text if text is None else masked_colleague(text) for text in plain(texts)], dtype=object)


def plain(texts: Texts) -> Texts:
    """Texts as they stand, but for the errors of a spreadsheet."""
    return np.array([None if text in SHEET_ERRORS else text for text in texts], dtype=object)
