"""What analysts and directors read of disputes, in plain mails: the queue, deadlines, what expired, appeals.

A mail names a lead by its id and quotes no client.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from planerka.clock import start_of
from planerka.delivery.note import Note
from planerka.disputes.waiting import ORIGINS, AtStake, Queue, Waiting, at_stake_in, dearest_first
from planerka.model import Decision
from planerka.store.deliveries import Channel
from planerka.store.disputes import DisputeView
from planerka.words import Words, _

FOREMOST_N = 5
LINES_N = 50
"""So many disputes a mail names at most: the others are where it leads."""

DECIDED = {
    Decision.UPHOLD: _("left as it is"),
    Decision.RETURN_TO_WORK: _("returned to work"),
}
QUEUE = ("planerka disputes list", "planerka disputes export disputes.xlsx")
APPEALS = ("planerka disputes show NUMBER", "planerka disputes decide NUMBER")


@dataclass(frozen=True, kw_only=True)
class Digest:
    """The mails about a queue, in `words`, by the clocks of `zone`; `desk` is where to decide, None without a desk."""

    queue: Queue
    words: Words
    zone: ZoneInfo
    desk: str | None

    def reminder(self, day: str) -> Note:
        """The whole queue: how much of it is urgent, what is at stake, the foremost disputes, then a line a kind."""
        waiting_n, today_n, overdue_n = len(self.queue.views), len(self.due_today()), self.queue.overdue_n
        subject = [self.words.count("{n} dispute waits for a ruling", "{n} disputes wait for a ruling", waiting_n)]
        if today_n:
            subject.append(self.words.count("{n} is due today", "{n} are due today", today_n))
        if overdue_n:
            subject.append(self.words.count("{n} is overdue", "{n} are overdue", overdue_n))
        return self.note(Channel.REMINDER, day, "", ", ".join(subject), *self.overview())

    def over_limit(self, day: str, limit: int) -> Note:
        waiting_n = len(self.queue.views)
        subject = self.words.say(
            "{n} disputes wait, more than {limit}",
            n=self.words.number(waiting_n),
            limit=self.words.number(limit),
        )
        return self.note(Channel.OVER_LIMIT, day, "", subject, *self.overview())

    def deadline(self, about: str, occasion: str, views: list[DisputeView]) -> Note:
        """What is due within hours, and what becomes of it then."""
        subject = self.words.count(
            "{n} dispute is due within two working hours", "{n} disputes are due within two working hours", len(views)
        )
        then = self.words.say("What nobody rules on in time is decided as the edition of the regulation says.")
        return self.note(Channel.DEADLINE, about, occasion, subject, self.lines(views), then)

    def expired(self, about: str, occasion: str, views: list[DisputeView]) -> Note:
        """What the edition decided in people's place."""
        subject = self.words.count(
            "{n} dispute was decided by the edition: nobody ruled in time",
            "{n} disputes were decided by the edition: nobody ruled in time",
            len(views),
        )
        return self.note(Channel.EXPIRED, about, occasion, subject, self.lines(views))

    def appeals(self, day: str, views: list[DisputeView]) -> Note:
        subject = self.words.count(
            "{n} appeal waits for your decision", "{n} appeals wait for your decision", len(views)
        )
        return self.note(Channel.APPEALS, day, "", subject, self.lines(views), verbs=APPEALS)

    def overview(self) -> Iterable[str]:
        if stake := self.queue.at_stake:
            yield self.words.say("At stake: {money}", money=self.money(stake))
        if foremost := self.queue.foremost(FOREMOST_N):
            yield self.words.say("Most is at stake here:") + f"\n{self.lines(foremost)}"
        yield "\n".join(self.kind(group) for group in self.queue.groups)

    def due_today(self) -> list[DisputeView]:
        today = self.queue.now.astimezone(self.zone).date()
        return self.queue.due_until(start_of(today + timedelta(days=1), self.zone))

    def kind(self, group: Waiting) -> str:
        kind = self.words.say(ORIGINS[group.origin]) + (f", {group.reason}" if group.reason else "")
        age = self.words.count("the oldest waits for {n} day", "the oldest waits for {n} days", group.oldest_days)
        return f"{kind}: {self.words.number(group.waiting_n)} ({age})"

    def lines(self, views: list[DisputeView]) -> str:
        """A line each, those with most at stake first."""
        said = [self.line(view) for view in dearest_first(views)[:LINES_N]]
        if len(views) > LINES_N:
            said.append(self.words.count("and {n} more", "and {n} more", len(views) - LINES_N))
        return "\n".join(f"    {line}" for line in said)

    def line(self, view: DisputeView) -> str:
        """Number, lead, reason, clauses, money, and until when it is to be decided or how and by whom it was."""
        stake = at_stake_in([view])
        parts = (
            self.words.say("no. {number}, lead {lead}", number=view.id, lead=view.lead_id),
            self.queue.reason_of(view) or self.words.say(ORIGINS[view.origin]),
            "; ".join(f"{found['clause']} {found[self.words.language]}" for found in view.findings or []),
            self.money(stake) if stake else "",
            self.until(view.due_at) if view.state.is_waiting else self.decided(view),
        )
        return " ".join(" · ".join(filter(None, parts)).split())

    def until(self, at: datetime) -> str:
        local = at.astimezone(self.zone)
        return self.words.say("until {day}, {hour}", day=self.words.day(local.date()), hour=f"{local:%H:%M}")

    def decided(self, view: DisputeView) -> str:
        how = self.words.say(DECIDED[view.decision]) if view.decision in DECIDED else ""
        return f"{how} ({view.author})" if view.author else how

    def money(self, stake: AtStake) -> str:
        return self.words.money(stake.amount_minor, stake.currency)

    def note(
        self, channel: Channel, about: str, occasion: str, subject: str, *said: str, verbs: tuple[str, ...] = QUEUE
    ) -> Note:
        """With the address of the desk below, or what to write in a shell instead."""
        if self.desk:
            where = self.words.say("See and decide here:") + f"\n    {self.desk}"
        else:
            where = "\n".join([self.words.say("In a shell:"), *(f"    {verb}" for verb in verbs)])
        return Note(channel=channel, about=about, occasion=occasion, subject=subject, paragraphs=(*said, where))
