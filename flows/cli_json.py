"""The `--json` of every verb that prints figures: stable keys, readable Cyrillic."""

import json
from dataclasses import asdict, is_dataclass
from typing import Annotated, Any

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON with stable keys.")]


def print_json(what: Any) -> None:
    """Plain values and dataclasses; anything else, a day for one, as its text."""
    print(json.dumps(what, ensure_ascii=False, indent=1, default=plain))


def plain(value: Any) -> Any:
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else str(value)
