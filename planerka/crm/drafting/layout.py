"""How a CSV file is written: its encoding and its delimiter."""

import codecs
import csv
from collections import Counter
from itertools import islice
from pathlib import Path

from charset_normalizer import from_bytes

from planerka.crm.chunks import READERS, header_row_of, not_there
from planerka.crm.csv_faults import DELIMITERS
from planerka.crm.csv_file import MARKS
from planerka.crm.header import row_below_title
from planerka.crm.mapping_parts import Layout
from planerka.errors import CrmError

SAMPLE_BYTES_N = 100_000
"""Less than a cell may have for the reader: one that never closes is told where the whole file is read."""
BLOCK_BYTES_N = 1_000_000
LINES_N = 50
CODE_PAGES = ["cp1251", "cp866", "koi8_r", "cp1252"]
"""What Excel and CRMs write where it is not Unicode."""


def layout_of(path: Path) -> Layout:
    """How a file is written, a CSV as its bytes tell. CrmError where it is empty, MappingError where there is none."""
    if path.suffix.lower() in READERS:
        return below_title(path, Layout(file=path.name))
    try:
        encoding = encoding_of(path)
        with path.open(encoding=encoding, newline="") as file:
            sample = file.read(SAMPLE_BYTES_N)
    except OSError as error:
        raise not_there(path, error) from None
    except UnicodeDecodeError:
        raise CrmError(f"{path.name} is no text: give a CSV, XLSX or Parquet file") from None
    if not sample.strip():
        raise CrmError(f"{path.name} is empty: export it again")
    return below_title(path, Layout(file=path.name, delimiter=delimiter_of(sample), encoding=encoding))


def below_title(path: Path, layout: Layout) -> Layout:
    return layout.model_copy(update={"header_row": header_row_of(path, layout) or 1})


def encoding_of(path: Path) -> str:
    """UTF-8 where the whole file is, UTF-16 by its mark, else the code page in which the text reads like a language."""
    with path.open("rb") as file:
        sample = file.read(SAMPLE_BYTES_N)
    if marked := next((name for mark, name in MARKS.items() if sample.startswith(mark)), None):
        return marked.removesuffix("-sig")  # the mark is no part of what a mapping says
    if is_utf8(path):
        return "utf-8"
    # The likelihood of a language rests on letters: the header and digits of an export would only dilute them.
    letters = bytes(byte for byte in sample if byte > 127 or byte in b" \n")
    best = from_bytes(letters, cp_isolation=CODE_PAGES).best()
    return best.encoding if best else "cp1251"


def is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while block := file.read(BLOCK_BYTES_N):
                decoder.decode(block)
    except UnicodeDecodeError:
        return False
    return True


def delimiter_of(sample: str) -> str:
    """The delimiter by which most lines have as many cells as the header, and the header the most."""
    return max(DELIMITERS, key=lambda mark: cells_under_header(sample, mark))


def cells_under_header(sample: str, delimiter: str) -> int:
    lines = islice(csv.reader(sample.splitlines(keepends=True), delimiter=delimiter), LINES_N)
    rows = [(row, cells) for row, cells in enumerate(lines, start=1) if cells]
    header_row = row_below_title(rows) or 1
    widths = [len(cells) for row, cells in rows if row >= header_row] or [1]
    return Counter(widths)[widths[0]] * (widths[0] - 1)
