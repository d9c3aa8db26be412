"""Lines of a mapping with their remarks. A remark that begins with `?` asks a person to look."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence

from planerka.phones import masked

WIDTH = 118
PLAIN = re.compile(r"[^\W\d_][\w.-]*(?: [\w().-]+)*")
WORDS = {"true", "false", "yes", "no", "null", "on", "off", "y", "n", "none"}
BLANK = '"?"'
"""Stands where a person must write: the mapping is refused by the name of the key until they do."""


def scalar(text: str) -> str:
    """A text as YAML: plain where nobody could take it for anything else. A cell that is `?` is no BLANK."""
    if PLAIN.fullmatch(text) and text.lower() not in WORDS:
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return f"'{text}'" if quoted == BLANK else quoted


def sequence(texts: Iterable[str]) -> str:
    return f"[{', '.join(map(scalar, texts))}]"


def braces(items: Mapping[str, str]) -> str:
    """A mapping in one line; its values are YAML already."""
    return "{" + ", ".join(f"{scalar(key)}: {value}" for key, value in items.items()) + "}"


def line(depth: int, key: str, value: str = "", remark: str = "") -> str:
    said = remark and f"  # {' '.join(told(remark))}"
    return f"{'  ' * depth}{scalar(key)}:{value and ' ' + value}{said}"


def told(remark: str) -> list[str]:
    """The words of a remark, masked: headers and cells have line breaks, which would end it."""
    return masked(remark).split()


def remark(depth: int, text: str) -> list[str]:
    """A remark on lines of its own."""
    lines, head = [""], "  " * depth + "#"
    for word in told(text):
        if len(head) + len(lines[-1]) + len(word) + 1 > WIDTH and lines[-1]:
            lines.append("")
        lines[-1] += f" {word}"
    return [head + text for text in lines]


def switched_off(lines: Sequence[str]) -> list[str]:
    """The lines as remarks: what a person may switch on."""
    return [f"# {text}" for text in lines]
