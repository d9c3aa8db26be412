"""Enquiries of twelve weeks as plain data.

What each lead goes through follows from its number alone: the same world can be written into any CRM.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Moscow")
BEGINS_ON = date(2026, 8, 31)
FIRST_PULL_AT = datetime(2026, 11, 16, 3, tzinfo=UTC)
"""Before that the first rejections of leads that are rejected twice, after it their return."""
ENDS_AT = datetime(2026, 11, 23, 16, tzinfo=UTC)
NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)
LEADS_N, DAYS_N = 240, 84

CHANNELS = ("Сайт", "Циан", "Авито", "Партнёры")
PROJECTS = ("Южный берег", "Северный парк")
MANAGERS = ("Анна", "Борис")
ENQUIRIES = {"Сайт": "form", "Звонок": "answered_call", "Пропущенный": "missed_call"}
REASONS = {
    "Нет связи": "no_answer",
    "Дорого": "too_expensive",
    "Купил у других": "bought_elsewhere",
    "Спам": "spam",
    "Дубль": "duplicate",
    "Не сейчас": "not_now",
    "Ошибка номера": "bad_number",
}
STAGES = {"Новая заявка": "new", "Квалификация": "qualified", "Встреча": "meeting", "Бронь": "booking"}


@dataclass(frozen=True)
class Act:
    """Something that happened to a lead. `kind`: create, call, incoming, message, task, move, reject, reopen, win,
    delete, merge. `more` has what else is to be said of it, by name.
    """

    at: datetime
    kind: str
    more: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Story:
    """One lead. `original` is the story whose client asks again."""

    number: int
    original: "Story | None"
    acts: tuple[Act, ...]

    @property
    def key(self) -> str:
        return f"L{self.number:03}"

    @property
    def phone(self) -> str:
        if self.original:
            return self.original.phone
        return "12345" if self.number % 30 == 19 else f"+7916{self.number:07}"

    @property
    def channel(self) -> str:
        return CHANNELS[self.number % len(CHANNELS)]

    @property
    def project(self) -> str:
        return PROJECTS[self.number // 3 % len(PROJECTS)]

    @property
    def manager(self) -> str:
        return MANAGERS[self.number // 5 % len(MANAGERS)]

    @property
    def enquiry(self) -> str:
        return list(ENQUIRIES)[self.number % len(ENQUIRIES)]

    @property
    def is_gone(self) -> bool:
        """Whether the CRM has it no more."""
        return any(act.kind in ("delete", "merge") for act in self.acts)

    def last(self, kind: str) -> Act | None:
        return next((act for act in reversed(self.acts) if act.kind == kind), None)

    @property
    def status(self) -> str:
        states = {"reject": "rejected", "reopen": "open", "win": "won"}
        return next((states[act.kind] for act in reversed(self.acts) if act.kind in states), "open")

    @property
    def stage(self) -> str:
        """The last stage in which somebody worked on it."""
        return (self.last("move") or Act(self.acts[0].at, "move", {"stage": "Новая заявка"})).more["stage"]


def world() -> list[Story]:
    stories: list[Story] = []
    for number in range(LEADS_N):
        came_on = BEGINS_ON + timedelta(days=number * DAYS_N // LEADS_N)
        came_at = datetime.combine(came_on, time(9 + number % 8, number * 7 % 60, number % 60), ZONE).astimezone(UTC)
        asks_again = number % 10 in (4, 9) and number >= 50
        original = stories[number - 44 if number % 10 == 4 else number - 41] if asks_again else None
        acts = [Act(came_at, "create"), *life(number, came_at, original)]
        seen = tuple(act for act in sorted(acts, key=lambda act: act.at) if act.at < ENDS_AT)
        stories.append(Story(number, None if original and original.is_gone else original, seen))
    return stories


def life(number: int, came_at: datetime, original: Story | None) -> list[Act]:
    """What happens after the creation: one of ten lives, each in three shades."""
    shade = number // 10 % 3

    def act(kind: str, days: float, minutes: int = 0, **more: Any) -> Act:
        return Act(came_at + timedelta(days=days, minutes=minutes), kind, more)

    def reject(days: float, reason: str | None, **card: Any) -> Act:
        return act("reject", days, 3, reason=reason, card={"comment": f"Отказ {number}", **card})

    if gone := {59: "delete", 64: "merge"}.get(number):
        return [act(gone, 60)]
    calls = [act("call", 0, (5, 25, 12)[shade], talk_s=0), act("call", 1, 65, talk_s=0)]
    talk = act("call", 1, 130, talk_s=(180, 45, 70)[shade])
    six = [*calls, *(act("call", days, 60 * days, talk_s=0) for days in (2, 3, 4, 5))]
    qualified = [*calls, talk, act("move", 1, 140, stage="Квалификация")]
    met = [*qualified, act("task", 1, 150, due_days=4), act("move", 5, stage="Встреча")]
    match number % 10:
        case 0:
            booked = [*met, act("move", 8, stage="Бронь")]
            return [*booked, act("win", 20 + shade, price=7_500_000 + number)] if shade < 2 else booked
        case 1:
            attempts = [*six, act("message", 2, 30)] if shade == 0 else six[:4]
            return [*attempts, reject(6, "Нет связи")]
        case 2:
            return [*qualified, reject(3, "Дорого", **({"offer": "Рассрочка"} if shade < 2 else {}))]
        case 3:
            return [*met, reject(7, "Купил у других", **({"competitor": "Застройщик"} if shade else {}))]
        case 4 if original:
            return [calls[0], reject(0, "Дубль", **({"original": original} if shade < 2 else {}))]
        case 5 if number < 150:
            since = (FIRST_PULL_AT - came_at) // timedelta(days=1) + 1 + number % 5
            again = [act("call", since, 60, talk_s=90), reject(since + 1, "Дорого", offer="Скидка")]
            once = [*six[:3], act("move", 2, 300, stage="Квалификация"), reject(3, "Нет связи")]
            return [*once, act("reopen", since), *again]
        case 6:
            silent = [*qualified[:-2], act("move", 1, 120, stage="Квалификация"), talk]
            answered = [act("incoming", 2, talk_s=60), act("task", 2, 30, due_days=60, is_done=True)]
            return [*silent, *([act("task", 1, 200, due_days=3)], answered, [])[shade]]
        case 7:
            return [calls[0], reject(1, "Спам" if shade else None)]
        case 8:
            return [*qualified, reject(4, "Не сейчас", **({"horizon": 6 * (shade + 1)} if shade else {}))]
        case 9 if number % 30 == 19:
            return [act("call", 0, 20, talk_s=0, is_dead=True), reject(1, "Ошибка номера")]
    return [*qualified, act("task", 1, 150, due_days=90)]


def acts_of(stories: Sequence[Story]) -> list[tuple[Story, Act]]:
    """Everything that happened, in the order of time."""
    return sorted(((story, act) for story in stories for act in story.acts), key=lambda pair: pair[1].at)


def due_at(act: Act) -> datetime:
    """Tasks are due at the end of a local day, for some CRMs know no other time."""
    day = act.at.astimezone(ZONE).date() + timedelta(days=act.more["due_days"] + 1)
    return datetime.combine(day, time(), ZONE)


def done_at(act: Act) -> datetime | None:
    """When a task was done; None for one that nobody has done."""
    return act.at + timedelta(minutes=30) if act.more.get("is_done") else None
