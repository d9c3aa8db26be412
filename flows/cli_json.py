"""The `--json` of every verb that prints figures: stable keys, readable Cyrillic."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, is_dataclass
from typing import Annotated, Any

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON with stable keys.")]


SHOWN_N = 20
"""Lines of a list that are printed; `--json` has them all."""


def shown(said: Sequence[str]) -> Iterator[str]:
    """The first lines of a list, indented, and how many more there are."""
    yield from (f"  {line}" for line in said[:SHOWN_N])
    if len(said) > SHOWN_N:
        yield f"  and {len(said) - SHOWN_N} more: --json has them all"


def print_json(what: Any) -> None:
    """Plain values and dataclasses; anything else, a day for one, as its text."""
    print(json.dumps(what, ensure_ascii=False, indent=1, default=plain))


def plain(value: Any) -> Any:
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else str(value)
