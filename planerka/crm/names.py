"""Names as people write them: the nearest of those that exist, and two that only look the same."""

import unicodedata
from collections.abc import Collection
from difflib import get_close_matches

LOOKALIKES = str.maketrans("aceopxykmtbhё", "асеорхукмтвне")
"""Latin letters to the Cyrillic ones that look like them, some only as capitals; ё is often typed as е."""


def folded(name: str) -> str:
    """The name without what an eye passes over: case, spaces, the alphabet of a letter that both alphabets have."""
    return "".join(name.split()).casefold().translate(LOOKALIKES)


def nearest(name: str, known: Collection[str]) -> str:
    """A remedy for a name that does not exist: the nearest one, or all of them."""
    other = near(name, known)
    if other is None:
        return f"there are {', '.join(known)}"
    return f"the nearest is {other!r}{difference(name, other) if folded(name) == folded(other) else ''}"


def near(name: str, known: Collection[str]) -> str | None:
    """The name for which it may be a slip of the pen; None where there is none."""
    by_folded = {folded(other): other for other in known}
    close = get_close_matches(folded(name), by_folded, n=1)
    return by_folded[close[0]] if close else None


def difference(name: str, other: str) -> str:
    """How two names differ that an eye takes for one."""
    for place, (ours, theirs) in enumerate(zip(name, other, strict=False), start=1):
        if ours.casefold() != theirs.casefold():
            names = unicodedata.name(ours, repr(ours)), unicodedata.name(theirs, repr(theirs))
            return f", which only looks the same: character {place} is {names[0]} here and {names[1]} there"
    return ""
