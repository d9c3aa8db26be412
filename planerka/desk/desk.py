"""What every page of the desk works with."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from planerka.clock import WorkCalendar
from planerka.people import Person
from planerka.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Desk:
    """The company behind the desk. `clock` is asked once a request; `people` are those who may enter."""

    engine: sa.Engine
    source: str
    settings: Settings
    office: WorkCalendar
    review: WorkCalendar
    people: tuple[Person, ...]
    clock: Callable[[], datetime]

    def person(self, email: str | None) -> Person | None:
        """Whose address it is; None for one that may not enter."""
        return next((person for person in self.people if person.email == email), None)
