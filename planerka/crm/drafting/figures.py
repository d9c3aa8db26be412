"""How numbers are written in a column: the decimal mark and the currency, and the rows that prove them."""

import re
from collections import Counter
from dataclasses import dataclass, field

from babel.numbers import is_currency

from planerka.crm.cells import SPACES
from planerka.crm.drafting.dates import Proof

SIGNS = {
    "$": "USD", "US$": "USD", "€": "EUR", "£": "GBP", "R$": "BRL", "₽": "RUB", "РУБ": "RUB", "РУБ.": "RUB",
    "Р": "RUB", "Р.": "RUB", "₸": "KZT", "₴": "UAH", "₺": "TRY", "₹": "INR", "¥": "JPY", "ZŁ": "PLN",
}  # fmt: skip
SIGN = rf"(?:[A-Z]{{3}}|{'|'.join(re.escape(sign) for sign in sorted(SIGNS, key=len, reverse=True))})"
NUMBER = re.compile(
    rf"[-+]?(?P<before>{SIGN})?[{SPACES}]?[-+]?(?P<digits>\d[\d{SPACES}.,]*)[{SPACES}]?(?P<after>{SIGN})?",
    re.IGNORECASE,
)
GROUPED = re.compile(r"\d{1,3}[.,]\d{3}")
"""A thousand and more, or a number with three decimals: this text alone does not say."""


@dataclass
class Figures:
    """The numbers of a column. `marks`: the first row that proves a decimal mark, by the mark."""

    cells_n: int = 0
    marks: dict[str, Proof] = field(default_factory=dict)
    unclear: Proof | None = None
    currencies: Counter[str] = field(default_factory=Counter)

    def see(self, text: str, row: int, cells_n: int) -> bool:
        """Take note of a text that stands in `cells_n` cells, first in `row`; False where it is no number."""
        match = NUMBER.fullmatch(text)
        if match is None:
            return False
        self.cells_n += cells_n
        sign = (match["before"] or match["after"] or "").upper()
        if currency := SIGNS.get(sign, sign if is_currency(sign) else ""):
            self.currencies[currency] += cells_n
        digits = re.sub(rf"[{SPACES}]", "", match["digits"])
        if GROUPED.fullmatch(digits):
            self.unclear = self.unclear or Proof(row, text)
        elif mark := decimal_mark_of(digits):
            self.marks.setdefault(mark, Proof(row, text))
        return True


def decimal_mark_of(digits: str) -> str | None:
    """The mark before the decimals, where the text proves one: `1.234,56`, `12,5`; `1,234,567` proves the point."""
    marks = [sign for sign in digits if sign in ".,"]
    if not marks:
        return None
    if len(set(marks)) == 1 and len(marks) > 1:
        return "," if marks[0] == "." else "."
    return marks[-1]
