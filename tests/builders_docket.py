"""A dispute that waits, and what may be done about it in a line."""

from datetime import timedelta

import sqlalchemy as sa

from planerka.disputes.docket import Docket
from planerka.disputes.ruling import rule
from planerka.model import Command, Decision, Receipt
from planerka.store import commands, disputes
from planerka.store.dispute_steps import steps
from planerka.store.disputes import DisputeView
from tests.builders_disputes import NOW, docket_of
from tests.builders_rejudging import begun, judge, opened, reject

MINUTE = timedelta(minutes=1)
UPHOLD, RETURN, REQUEST = Decision.UPHOLD, Decision.RETURN_TO_WORK, Decision.REQUEST_EVIDENCE


class Docketed:
    """A store with one waiting dispute over a rejection that breaks the regulation."""

    def __init__(self, engine: sa.Engine) -> None:
        self.docket: Docket = docket_of(begun(engine))
        reject(engine)
        judge(engine)
        self.number = opened(engine).id

    @property
    def view(self) -> DisputeView:
        with self.docket.engine.connect() as connection:
            return disputes.show(connection, "crm", self.number)

    @property
    def actions(self) -> list[str]:
        with self.docket.engine.connect() as connection:
            return [str(step.action) for step in steps(connection, self.number)]

    def rule(self, decision: Decision, at=NOW, author="Анна", **more) -> None:
        rule(self.docket, self.number, decision, author, "Две попытки", at, **more)

    def pending(self, at=None) -> list[Command]:
        with self.docket.engine.connect() as connection:
            return commands.pending(connection, "crm", at)

    def taken(self) -> str:
        """The command of the ruling leaves for the source now; its marker."""
        (command,) = self.pending()
        with self.docket.engine.begin() as connection:
            assert commands.take(connection, command.marker, NOW)
        return command.marker

    def handed_over(self) -> None:
        marker = self.taken()
        with self.docket.engine.begin() as connection:
            commands.put_receipt(connection, Receipt(marker=marker, handed_over_at=NOW, confirmed_at=None))
