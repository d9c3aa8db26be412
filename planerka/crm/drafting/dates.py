"""Which date formats a column has, and the rows that prove them."""

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from planerka.crm.fixed_dates import YEARS

DATE = re.compile(
    r"(?P<a>\d{4}|\d{1,2})(?P<mark>[-./])(?P<b>\d{1,2})(?P=mark)(?P<c>\d{4}|\d{1,2})"
    r"(?:(?P<gap>[ T])\d{1,2}:\d\d(?P<seconds>:\d\d)?(?P<fraction>\.\d{1,6})?(?P<half> ?[AaPp][Mm])?"
    r"(?P<offset>Z|[+-]\d\d:?\d\d)?)?",
    re.ASCII,
)
COMPACT = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])", re.ASCII)
MONTHS_N = 12


class Proof(NamedTuple):
    """A cell that settles a question: the line of the file (the header is 1), and what stands there."""

    row: int
    text: str


@dataclass
class Skeleton:
    """Dates written alike. `day_first` and `month_first`: the first row that can be read in no other order."""

    first: Proof
    cells_n: int = 0
    day_first: Proof | None = None
    month_first: Proof | None = None

    def see(self, proof: Proof, a: int, b: int, cells_n: int) -> None:
        self.cells_n += cells_n
        if a > MONTHS_N:
            self.day_first = self.day_first or proof
        elif b > MONTHS_N:
            self.month_first = self.month_first or proof


@dataclass
class Format:
    """A format of a column. `is_sure` False: its rows can be read in two ways, or contradict each other.

    `skeleton` is the same without an order of day and month: in one file they are written alike.
    """

    text: str
    remark: str
    is_sure: bool
    skeleton: str


@dataclass
class Dates:
    """The dates of a column, by the way in which they are written."""

    skeletons: dict[str, Skeleton] = field(default_factory=dict)

    @property
    def cells_n(self) -> int:
        return sum(skeleton.cells_n for skeleton in self.skeletons.values())

    @property
    def are_settled(self) -> bool:
        """Every format is certain; true where there are no dates."""
        return all("A" not in text or one.day_first or one.month_first for text, one in self.skeletons.items())

    def see(self, text: str, row: int, cells_n: int) -> bool:
        """Take note of a text that stands in `cells_n` cells, first in `row`; False where it is no date."""
        match = DATE.fullmatch(text)
        if match is None:
            return bool(COMPACT.fullmatch(text)) and self.note("%Y%m%d", Proof(row, text), 0, 0, cells_n)
        a, b, c = int(match["a"]), int(match["b"]), int(match["c"])
        skeleton = f"{order_of(match)}{time_of(match)}"
        is_possible = (
            0 < b <= MONTHS_N and 0 < c <= 31 if len(match["a"]) == 4 else 0 < min(a, b) <= MONTHS_N and max(a, b) <= 31
        )
        year = a if len(match["a"]) == 4 else c if len(match["c"]) == 4 else YEARS[0]
        if not is_possible or not YEARS[0] <= year <= YEARS[1]:
            return False
        return self.note(skeleton, Proof(row, text), *((0, 0) if len(match["a"]) == 4 else (a, b)), cells_n)

    def note(self, skeleton: str, proof: Proof, a: int, b: int, cells_n: int) -> bool:
        self.skeletons.setdefault(skeleton, Skeleton(proof)).see(proof, a, b, cells_n)
        return True

    def formats(self) -> list[Format]:
        """Every format, the most frequent first."""
        by_size = sorted(self.skeletons.items(), key=lambda item: -item[1].cells_n)
        return [format_of(text, skeleton) for text, skeleton in by_size]


def order_of(match: re.Match[str]) -> str:
    mark = match["mark"]
    if len(match["a"]) == 4:
        return f"%Y{mark}%m{mark}%d"
    return f"A{mark}B{mark}{'%Y' if len(match['c']) == 4 else '%y'}"


def time_of(match: re.Match[str]) -> str:
    if match["gap"] is None:
        return ""
    hours = "%I" if match["half"] else "%H"
    half = match["half"] and match["half"].upper().replace("AM", "%p").replace("PM", "%p")
    parts = (match["seconds"] and ":%S", match["fraction"] and ".%f", half, match["offset"] and "%z")
    return f"{match['gap']}{hours}:%M{''.join(part or '' for part in parts)}"


def format_of(text: str, skeleton: Skeleton) -> Format:
    """The day comes first, or the month: by the rows that say so, and with dots by custom."""
    day_first, month_first = skeleton.day_first, skeleton.month_first
    is_by_custom = "A.B" in text and not month_first
    is_day_first = bool(day_first) or is_by_custom
    written = text.replace("A", "%d" if is_day_first else "%m").replace("B", "%m" if is_day_first else "%d")
    if "A" not in text:
        return Format(written, f"as in row {skeleton.first.row}: {skeleton.first.text}", True, text)
    if day_first and month_first:
        remark = f"row {day_first.row} ({day_first.text}) has the day first, row {month_first.row} "
        return Format(written, f"{remark}({month_first.text}) the month: mend the file", False, text)
    if proof := day_first or month_first:
        first = "day" if day_first else "month"
        return Format(written, f"row {proof.row} proves the {first} first: {proof.text}", True, text)
    if is_by_custom:
        return Format(written, "no row proves it, but with dots the day comes first", True, text)
    remark = f"no row proves whether day or month comes first, as in row {skeleton.first.row}: {skeleton.first.text}"
    return Format("?", f"{remark}; write it as %d/%m/%Y or %m/%d/%Y", False, text)
