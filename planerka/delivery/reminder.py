"""The analyst's working morning: how many disputes wait, and which of them are overdue. Once a day."""

from datetime import datetime

import sqlalchemy as sa

from planerka.clock import WorkCalendar
from planerka.delivery.note import Note, send_note
from planerka.delivery.sending import Clock
from planerka.disputes.waiting import ORIGINS, Waiting, waiting
from planerka.settings import Settings
from planerka.store.deliveries import Channel
from planerka.words import Words, words_for


def remind(
    engine: sa.Engine, source: str, review: WorkCalendar, now: datetime, settings: Settings, clock: Clock
) -> int:
    """Remind everyone under `analysts` of [delivery] of the disputes that wait; returns how many mails were tried.

    None on a day off of the review, and none while nothing waits.
    """
    today, groups = now.astimezone(review.zone).date(), waiting(engine, source, now)
    if not groups or not review.is_working(today):
        return 0
    note = reminder(str(today), groups, words_for(settings.language))
    delivery = settings.delivery
    return sum(send_note(engine, source, note, analyst, delivery, settings.out, clock) for analyst in delivery.analysts)


def reminder(day: str, groups: list[Waiting], words: Words) -> Note:
    """A line a kind of dispute, the most numerous first."""
    waiting_n, overdue_n = (sum(getattr(group, name) for group in groups) for name in ("waiting_n", "overdue_n"))
    subject = words.count("{n} dispute waits for a ruling", "{n} disputes wait for a ruling", waiting_n)
    if overdue_n:
        subject += ", " + words.count("{n} is overdue", "{n} are overdue", overdue_n)
    queue = "\n".join(line(group, words) for group in groups)
    commands = "\n    planerka disputes list\n    planerka disputes export disputes.xlsx"
    return Note(
        channel=Channel.REMINDER,
        about=day,
        occasion="",
        subject=subject,
        paragraphs=(queue, words.say("The queue, and the queue as a spreadsheet:") + commands),
    )


def line(group: Waiting, words: Words) -> str:
    kind = words.say(ORIGINS[group.origin]) + (f", {group.reason}" if group.reason else "")
    age = words.count("the oldest waits for {n} day", "the oldest waits for {n} days", group.oldest_days)
    return f"{kind}: {words.number(group.waiting_n)} ({age})"
