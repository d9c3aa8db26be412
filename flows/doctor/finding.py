"""What the doctor says: a finding a line, whatever a check runs into."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from planerka.errors import PlanerkaError

Subject = TypeVar("Subject")


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"


@dataclass(frozen=True)
class Finding:
    """`check` is a stable name; `message` says the thing, the value and, unless all is well, the remedy."""

    check: str
    level: Level
    message: str


Said = tuple[Level, str]


def looked_at(subject: Subject, *checks: Callable[[Subject], Iterable[Said]]) -> Iterator[Finding]:
    """What the checks say of a subject, each under its own name."""
    for check in checks:
        name = check.__name__
        yield from safely(name, (Finding(name, *said) for said in check(subject)))


def safely(name: str, found: Iterable[Finding]) -> Iterator[Finding]:
    """The findings; an error on the way is one more."""
    try:
        yield from found
    except PlanerkaError as error:
        yield Finding(name, Level.WRONG, str(error))
    # A doctor that falls ill must still tell of the rest. A message that nobody foresaw may hold a secret: not quoted.
    except Exception as fault:
        yield Finding(name, Level.WRONG, f"this check itself failed ({type(fault).__name__}): report it")
