"""What every task is given: the company a run works for, opened by wiring."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from planerka.clock import WorkCalendar
from planerka.crm.base import Crm
from planerka.disputes.answering import link_maker
from planerka.disputes.docket import Docket
from planerka.settings import Settings
from planerka.words import Words, words_for


@dataclass(frozen=True, kw_only=True)
class Company:
    """`now` is the one clock of a run. `office` answers clients, `review` is the analyst's working week."""

    settings: Settings
    engine: sa.Engine
    crm: Crm
    now: datetime
    office: WorkCalendar
    review: WorkCalendar
    analyst_ids: frozenset[str]

    @property
    def docket(self) -> Docket:
        """Where its disputes are decided; who may enter the desk is written where there is one."""
        desk = self.settings.desk
        return Docket(
            engine=self.engine,
            source=self.crm.source,
            office=self.office,
            review=self.review,
            words=self.words,
            answer_link=link_maker(desk.address, self.now) if desk.people else None,
        )

    @property
    def words(self) -> Words:
        """The company's language, for what Prefect's page shows."""
        return words_for(self.settings.language)
