"""What is wrong with a CSV file, in words: looked for only where something is."""

import codecs
import csv
import re
from collections.abc import Sequence
from pathlib import Path

from planerka.crm.header import told_header
from planerka.crm.mapping_parts import Layout

SAMPLE_BYTES_N = 1_000_000
DELIMITERS = ",;\t|"


def encoding_fault(path: Path, encoding: str) -> str | None:
    """What the beginning of the file, which has no byte order mark, proves against its encoding."""
    with path.open("rb") as file:
        sample = file.read(SAMPLE_BYTES_N)
    name = codecs.lookup(encoding).name
    if b"\x00" in sample and not name.startswith(("utf-16", "utf-32")):
        return "is no text, or is UTF-16 without the mark that says so: save it as CSV in UTF-8"
    is_utf8 = decodes(sample, "utf-8")
    if name in ("utf-8", "utf-8-sig") and not is_utf8:
        header = re.split(f"([{DELIMITERS}])", sample.splitlines()[0].decode("cp1251", "replace")[:200])
        told = "".join(told_header(header))
        return f"is not written in UTF-8. In cp1251 its header is {told!r}: if that is right, set `encoding: cp1251`"
    if not name.startswith("utf") and is_utf8 and not sample.isascii():
        return f"is written in UTF-8, not in {encoding}: correct `encoding`"
    return None


def decodes(sample: bytes, encoding: str) -> bool:
    """Whether it is text in that encoding, but for a sign that the sample cuts in two."""
    try:
        codecs.getincrementaldecoder(encoding)().decode(sample)
    except UnicodeDecodeError:
        return False
    return True


def other_delimiter(header: Sequence[str]) -> str | None:
    """The delimiter that cuts a header into more columns than the one it was read with."""
    text = "".join(header)
    best = max(DELIMITERS, key=text.count)
    return best if text.count(best) >= len(header) else None


def are_rows(text: str, delimiter: str, columns_n: int) -> bool:
    """Whether a cell of several lines holds whole rows: in prose a space follows on a comma, in a CSV seldom.

    A row of three columns has so few commas that prose may have them too: there it takes two lines, or the quote at the
    end that is left over of the cell whose opening quote closed this one.
    """
    mark = re.compile(rf"{re.escape(delimiter)}(?! )")
    rows_n = sum(len(mark.findall(line)) >= columns_n - 1 for line in text.splitlines())
    return columns_n > 2 and rows_n > (columns_n == 3 and not text.endswith('"'))


def fault_in(path: Path, layout: Layout, encoding: str) -> str | None:
    """The first line that is wrong, and what to do; None where each is right by itself."""
    if line := undecodable_line(path, encoding):
        return f"line {line} is not written in {encoding}: correct `encoding`, or export the file again"
    header: list[str] = []
    line = 1
    with path.open(encoding=encoding, newline="") as file:
        reader = csv.reader(file, delimiter=layout.delimiter)
        try:
            for row, cells in enumerate(reader, start=1):
                is_read = row >= layout.header_row and bool("".join(cells).strip())
                header = header or (cells if is_read else [])
                if is_read and (fault := row_fault(line, cells, header, layout.delimiter)):
                    return fault
                line = reader.line_num + 1
        except csv.Error:  # a cell of more than 131,072 characters
            return f"line {line}: a quote that opens there swallows what follows: {CLOSE_IT}"
        except UnicodeError:  # of UTF-16, for other encodings have lines of bytes
            return f"line {line}: the file is cut short or damaged there: copy or export it again"
    return None


CLOSE_IT = "close it, or write it twice inside the text"


def row_fault(line: int, cells: list[str], header: list[str], delimiter: str) -> str | None:
    for n, cell in enumerate(cells):
        if are_rows(cell, delimiter, len(header)):
            opens = line + sum(len(before.splitlines()) - 1 for before in cells[:n] if before)
            return f"line {opens}: a quote opens there, and swallows the rows that follow: {CLOSE_IT}"
    if len(cells) == len(header):
        return None
    said = f"line {line} has {len(cells)} cells and the header {len(header)}"
    if other := other_delimiter(header):
        return f"{said}: the header seems to be written with `delimiter: {other!r}`"
    if len(cells) < len(header):
        return f"{said}: the file is cut short there, or a line break in a cell is not in quotes; export it again"
    return f"{said}: put a cell that has a {delimiter!r} in it into quotes, or correct `delimiter`"


def undecodable_line(path: Path, encoding: str) -> int | None:
    if codecs.lookup(encoding).name.startswith(("utf-16", "utf-32")):
        return None
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not decodes(line, encoding):
                return number
    return None
