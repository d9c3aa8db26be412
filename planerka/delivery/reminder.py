"""The analyst's working day by mail: the queue each morning and when it grows too long, and deadlines before they pass.

The directors hear what nobody ruled on in time, and which appeals wait. Each mail goes once, however often a run asks.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from planerka.delivery.digest import Digest
from planerka.delivery.note import Note, send_note
from planerka.delivery.once import REMEMBERED, untold
from planerka.delivery.sending import Clock
from planerka.disputes.docket import Docket
from planerka.disputes.waiting import queue_at
from planerka.settings import Settings
from planerka.store import deliveries, desk_queue
from planerka.store.database import reading
from planerka.store.deliveries import Channel, Mailing, State

SOON = timedelta(hours=2)
"""Working time before its deadline in which a dispute is reminded of."""


def remind(docket: Docket, now: datetime, settings: Settings, clock: Clock) -> int:
    """Write to `analysts` and `directors` of [delivery] what is due to them; returns how many mails were tried.

    None outside the working hours of the review: nobody would read them, and the first run of the day tells all.
    """
    if not docket.review.is_open(now):
        return 0
    zone, desk = docket.review.zone, settings.desk.address if settings.desk.people else None
    queue = queue_at(docket.engine, docket.source, now)
    round_ = Round(docket=docket, digest=Digest(queue=queue, words=docket.words, zone=zone, desk=desk), now=now)
    delivery = settings.delivery
    mails = [(to, note) for to in delivery.analysts for note in round_.for_analyst(to, settings.review.queue_limit)]
    mails += [(to, note) for to in delivery.directors for note in round_.for_director(to)]
    return sum(send_note(docket.engine, docket.source, note, to, delivery, settings.out, clock) for to, note in mails)


@dataclass(frozen=True, kw_only=True)
class Round:
    """One run's look at what is due to whom."""

    docket: Docket
    digest: Digest
    now: datetime

    @property
    def day(self) -> str:
        return str(self.now.astimezone(self.docket.review.zone).date())

    @property
    def minute(self) -> str:
        return f"{self.now.astimezone(self.docket.review.zone):%Y-%m-%dT%H:%M}"

    def for_analyst(self, to: str, limit: int) -> Iterator[Note]:
        if not self.digest.queue.views:
            return
        yield self.digest.reminder(self.day)
        if self.has_passed(limit, to):
            yield self.digest.over_limit(self.day, limit)
        until = self.docket.review.after(self.now, SOON)
        soon = {f"{view.id}@{view.due_at:%Y%m%d%H%M}": view for view in self.digest.queue.due_until(until)}
        for about, names in self.untold(Channel.DEADLINE, to, soon, self.minute).items():
            if views := [soon[name] for name in names if name in soon]:
                yield self.digest.deadline(about, " ".join(names), views)

    def for_director(self, to: str) -> Iterator[Note]:
        with reading(self.docket.engine) as connection:
            expired = desk_queue.expired_since(connection, self.docket.source, self.now - REMEMBERED)
            appealed = desk_queue.appealed(connection, self.docket.source)
        by_name = {str(view.id): view for view in expired}
        for about, names in self.untold(Channel.EXPIRED, to, by_name, self.day).items():
            if views := [by_name[name] for name in names if name in by_name]:
                yield self.digest.expired(about, " ".join(names), views)
        if appealed:
            yield self.digest.appeals(self.day, appealed)

    def untold(self, channel: Channel, to: str, names: Iterable[str], about: str) -> dict[str, list[str]]:
        return untold(self.docket.engine, self.docket.source, channel, to, names, about, self.now)

    def has_passed(self, limit: int, to: str) -> bool:
        """Whether the queue is longer than that, and only because of disputes younger than the morning's mail."""
        mailing = Mailing(source=self.docket.source, week=self.day, version=0, channel=Channel.REMINDER)
        with reading(self.docket.engine) as connection:
            told = deliveries.of_mailing(connection, mailing)
        told_at = next((one.at for one in told if one.recipient == to and one.state == State.SENT), None)
        views = self.digest.queue.views
        if told_at is None or len(views) <= limit:
            return False
        return sum(view.opened_at <= told_at for view in views) <= limit
