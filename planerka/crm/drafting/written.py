"""How a file and its values are written: the keys of a mapping that every part with a file has."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from planerka.crm.drafting.dates import Format
from planerka.crm.drafting.figures import SIGNS
from planerka.crm.drafting.lines import BLANK, line, remark, scalar, sequence
from planerka.crm.drafting.profile import ColumnProfile, FileProfile

NUMBERS = ("_minor", "_m2", "_n", "_s")
"""How the names of fields end whose numbers may have a decimal mark."""
HEADER_SIGN = re.compile(r"[^\W\d_]+\.?|[^\w\s]")

Named = Sequence[tuple[str, ColumnProfile]]
"""Fields of the mapping with their columns."""


def file_lines(profile: FileProfile, columns: Named, folder: Path, depth: int = 1) -> list[str]:
    """What a mapping says of a file, and the placeholders of the columns that are read; defaults are left out."""
    layout, found = profile.layout, nothings(columns)
    lines = [line(depth, *place_of(profile, folder), f"{profile.rows_n:,} rows")]
    if layout.delimiter != ",":
        lines.append(line(depth, "delimiter", f'"{layout.delimiter}"'.replace("\t", "\\t")))
    if layout.encoding != "utf-8":
        lines.append(line(depth, "encoding", layout.encoding))
    if layout.header_row != 1:
        lines.append(line(depth, "header_row", str(layout.header_row), "what stands above it looks like a title"))
    if found:
        counted = ", ".join(f"{text} {n:,}" for text, n in found.most_common())
        lines.append(line(depth, "blank", sequence(found), f"? seem to stand for nothing; cells with them: {counted}"))
    return lines


def nothings(columns: Named) -> Counter[str]:
    """The texts that seem to stand for nothing, with their cells.

    In a column of dates a remark is one too, if it is no value of another column, for `blank` is of the whole file.
    """
    found = sum((column.placeholders for _, column in columns), start=Counter[str]())
    dated = [column for _, column in columns if column.is_date]
    others = [column for _, column in columns if not column.is_date]
    for text, n in sum((column.remarks for column in dated), start=Counter[str]()).items():
        if not any(text in column.remarks for column in others):
            found[text] += n
    return found


def place_of(profile: FileProfile, folder: Path) -> tuple[str, str]:
    """The key that says where the rows are, and its value."""
    if profile.layout.query:
        return "query", scalar(profile.layout.query)
    return "file", scalar(profile.path.resolve().relative_to(folder.resolve()).as_posix())


def value_lines(columns: Named, depth: int = 1, *, beside: Named = ()) -> list[str]:
    """`formats` and `decimal_mark` of the columns that are read, with the rows that prove them.

    `beside`: columns of another part that must have the same mark.
    """
    return [*format_lines([c for c in columns if c[1].is_date], depth), *mark_lines([*columns, *beside], depth)]


def format_lines(dates: Named, depth: int) -> Iterator[str]:
    found = [(field, column, form) for field, column in dates for form in column.dates.formats()]
    proven = {form.skeleton: form.text for _, _, form in found if form.is_sure}
    texts = dict.fromkeys(proven.get(form.skeleton, form.text) for _, _, form in found)
    for field, column, form in found:
        yield from remark(depth, format_remark(field, column, form, proven))
    for field, column in dates:
        if column.dates.cells_n < column.dated_n:
            n, rows = column.dated_n - column.dates.cells_n, ", ".join(map(str, column.stray_dates))
            yield from remark(depth, f"? {field}: {n:,} cells are no such date, first in row {rows}: correct the file")
    if texts:
        yield line(depth, "formats", f"[{', '.join(BLANK if text == '?' else scalar(text) for text in texts)}]")


def format_remark(field: str, column: ColumnProfile, form: Format, proven: dict[str, str]) -> str:
    if not form.is_sure and form.skeleton in proven:
        return f"{field} ({column.name}): as the other dates of this file, {proven[form.skeleton]}"
    written = "" if form.text == "?" else f", {form.text}"
    return f"{'' if form.is_sure else '? '}{field} ({column.name}){written}: {form.remark}"


def mark_lines(columns: Named, depth: int) -> Iterator[str]:
    """The decimal mark, of which ids and phones prove nothing.

    Money has no three decimals, so that `200,000` proves the point there.
    """
    figures = [(f, column) for f, column in columns if f.endswith(NUMBERS) and column.is_figure and not column.is_date]
    proofs = {mark: (column, proof) for _, column in figures for mark, proof in column.figures.marks.items()}
    for field, column in figures:
        if column.figures.unclear and field.endswith("_minor"):
            grouped = "," if "," in column.figures.unclear.text else "."
            proofs.setdefault(".,".replace(grouped, ""), (column, column.figures.unclear))
    said = [f"row {p.row} of {c.name} ({p.text}) proves {mark!r}" for mark, (c, p) in sorted(proofs.items())]
    unclear = [(c, c.figures.unclear) for _, c in figures if c.figures.unclear]
    if len(proofs) == 2:
        yield line(depth, "decimal_mark", BLANK, f"? {'; '.join(said)}: mend the file, then write one of them")
    elif proofs:
        yield line(depth, "decimal_mark", f'"{next(iter(proofs))}"', said[0])
    elif unclear:
        column, proof = unclear[0]
        yield line(depth, "decimal_mark", BLANK, f"? row {proof.row} of {column.name} ({proof.text}) may be either")


def currency_of(amounts: Iterable[ColumnProfile], headers: Iterable[str]) -> tuple[str, str]:
    """The currency of the amounts, as YAML, with a remark: by the amounts, or else by the headers of the files."""
    counted = sum((column.figures.currencies for column in amounts), start=Counter[str]())
    where = "amounts"
    if not counted:
        signs = (sign for header in headers for sign in HEADER_SIGN.findall(header.upper()))
        counted, where = Counter(SIGNS[sign] for sign in signs if sign in SIGNS), "headers"
    if not counted:
        return BLANK, "? no amount shows its currency: write it as RUB"
    (currency, n), *others = counted.most_common()
    said = ", ".join(f"{other} in {n:,}" for other, n in others)
    return currency, f"? by {n:,} {where}, but {said}" if others else f"by {n:,} {where}"
