"""The docket: where the disputes of one source are decided, and by which calendars and in which words."""

from dataclasses import dataclass

import sqlalchemy as sa

from planerka.clock import WorkCalendar
from planerka.words import Words


@dataclass(frozen=True, kw_only=True)
class Docket:
    """`office` is whose tasks are due, `review` the working week in which disputes are; `words` the CRM's language."""

    engine: sa.Engine
    source: str
    office: WorkCalendar
    review: WorkCalendar
    words: Words
