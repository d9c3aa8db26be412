"""Counts in the plain words of the shell and of the log."""

from collections.abc import Mapping


def listed(counts: Mapping[str, int]) -> str:
    """The counts in brackets behind their sum, as ` (2 lawful, 1 unlawful)`; "" for none."""
    return f" ({', '.join(f'{n} {name}' for name, n in sorted(counts.items()))})" if counts else ""
