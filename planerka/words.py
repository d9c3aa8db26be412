"""Words, numbers and dates for people, in the reader's language.

English is the msgid; `locale/ru.po` holds the Russian. Catalogues are compiled in memory: a compiled file in
the tree would sooner or later disagree with its source.
"""

import gettext
import io
import re
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_datetime, format_interval, format_skeleton
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import (
    format_compact_currency,
    format_currency,
    format_decimal,
    format_percent,
    get_currency_precision,
)

from planerka.errors import UsageError

CATALOGUES = Path(__file__).parent / "locale"
LOCALES = {"ru": "ru", "en": "en_GB"}
NBSP = "\u00a0"
MINUS = "\u2212"


def half_away_from_zero() -> AbstractContextManager[Context]:
    """595.25 is shown as 595.3 and 16.75 as 16.8: by default every other half would be rounded down."""
    return localcontext(Context(rounding=ROUND_HALF_UP))


def _(msgid: str) -> str:
    """Marks a text for translation where the reader's language is not known yet."""
    return msgid


@dataclass(frozen=True)
class Words:
    """Speaks one language. Shares are 0..1, money is in minor units, instants are UTC."""

    language: str
    locale: Locale
    catalogue: gettext.NullTranslations

    def say(self, msgid: str, **values: object) -> str:
        return self.catalogue.gettext(msgid).format(**values)

    def count(self, singular: str, plural: str, n: int, **values: object) -> str:
        """A phrase with a number in it, in the right plural form; `{n}` is the number, formatted."""
        return self.catalogue.ngettext(singular, plural, n).format(n=self.number(n), **values)

    def number(self, value: float, digits_n: int = 0) -> str:
        pattern = "#,##0." + "#" * digits_n if digits_n else "#,##0"
        with half_away_from_zero():
            return format_decimal(value, format=pattern, locale=self.locale).replace("-", MINUS)

    def percent(self, share: float, digits_n: int = 0) -> str:
        """Whole per cents, one decimal under 10 %: what a weekly share can bear; a trace is not shown as nothing.

        `digits_n` decimals at least, where the reader will subtract one from another.
        """
        bears_n = 0 if abs(share) >= 0.1 else 1 if abs(share) >= 0.001 else 2
        step = Decimal(1).scaleb(-2 - max(bears_n, digits_n))
        rounded = Decimal(str(share)).quantize(step, ROUND_HALF_UP)
        text = format_percent(rounded, locale=self.locale, decimal_quantization=False)
        return text.replace("-", MINUS)

    def money(self, amount_minor: float, currency: str) -> str:
        return compact_money(amount_minor, currency, self.locale)

    def exact_money(self, amount_minor: int, currency: str) -> str:
        """To the last minor unit, which are left out where there are none: what a reader adds up must add up."""
        units = minor_units(currency)
        pattern = self.locale.currency_formats["standard"].pattern
        if amount_minor % units == 0:
            pattern = pattern.replace(".00", "")
        text = format_currency(
            Decimal(amount_minor) / units,
            currency,
            format=pattern,
            locale=self.locale,
            currency_digits=amount_minor % units != 0,
        )
        return parted(text)

    def day(self, on: date) -> str:
        return format_skeleton("MMMMd", on, locale=self.locale)

    def short_day(self, on: date) -> str:
        return format_skeleton("MMMd", on, locale=self.locale)

    def full_day(self, on: date) -> str:
        return format_skeleton("yMMMd", on, locale=self.locale)

    def days(self, from_on: date, to_on: date) -> str:
        return format_interval(from_on, to_on, "yMMMd", locale=self.locale)

    def month(self, on: date) -> str:
        return format_skeleton("yMMMM", on, locale=self.locale)

    def instant(self, at: datetime, zone: ZoneInfo) -> str:
        return format_datetime(at, "d MMMM y, HH:mm", tzinfo=zone, locale=self.locale)

    def second(self, at: datetime, zone: ZoneInfo) -> str:
        return format_datetime(at, "d MMMM y, HH:mm:ss", tzinfo=zone, locale=self.locale)


def parted(money: str) -> str:
    """CLDR parts a letter from a digit with a space; the library does not yet."""
    return re.sub(r"(?<=[A-Z]{3})(?=\d)", NBSP, money).replace("-", MINUS)


def minor_units(currency: str) -> int:
    """How many minor units make one of the currency: 100 kopecks a rouble, 1 of a yen."""
    return 10 ** int(get_currency_precision(currency))


@lru_cache(maxsize=10_000)
def compact_money(amount_minor: float, currency: str, locale: Locale) -> str:
    """A page of disputes names few amounts, each again and again, and to write one takes a quarter of a millisecond."""
    with half_away_from_zero():
        amount = amount_minor / minor_units(currency)
        return parted(format_compact_currency(amount, currency, locale=locale, fraction_digits=1))


@lru_cache
def words_for(language: str) -> Words:
    """The words of `ru` or `en`; UsageError for any other language."""
    if language not in LOCALES:
        raise UsageError(f"language {language!r} has no words: use one of {', '.join(LOCALES)}")
    path = CATALOGUES / f"{language}.po"
    catalogue = compiled(path) if path.exists() else gettext.NullTranslations()
    return Words(language, Locale.parse(LOCALES[language]), catalogue)


def compiled(path: Path) -> gettext.GNUTranslations:
    """A .po file as translations."""
    binary = io.BytesIO()
    with path.open("rb") as file:
        write_mo(binary, read_po(file))
    binary.seek(0)
    return gettext.GNUTranslations(binary)
