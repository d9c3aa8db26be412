"""Analysts hear each working morning how many disputes wait, of a queue that grew too long, and of deadlines; directors
of what nobody ruled on in time and of appeals. Each mail goes once, however often a run asks or is killed."""

from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from planerka.delivery.reminder import remind
from planerka.dispute_states import DisputeAction
from planerka.model import Decision, DisputeOrigin
from planerka.people import DeskSettings
from planerka.sections import DeliverySettings, ReviewSettings
from planerka.settings import Settings
from planerka.store import disputes
from planerka.store.check import check
from planerka.store.deliveries import Channel
from planerka.store.dispute_steps import Act, take_step
from planerka.store.disputes import NewDispute
from planerka.store.stakes import put_stakes
from planerka.store.tables import delivery
from tests.builders_disputes import docket_of, put_ruling

TUESDAY = datetime(2026, 11, 24, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)
ANALYSTS = ("anna@company.example", "igor@company.example")
DIRECTOR = "director@company.example"
BOSS = {"email": DIRECTOR, "name": "Борис", "roles": ["director"]}


class Office:
    """A company's store and its folder of mails."""

    def __init__(self, engine: sa.Engine, out: Path) -> None:
        self.engine, self.out = engine, out
        self.people: dict[str, Any] = {"analysts": ANALYSTS[:1], "directors": (DIRECTOR,)}
        self.desk, self.limit = DeskSettings(), 50

    def open(self, *due_in: timedelta, at: datetime = TUESDAY - timedelta(days=4), prefix: str = "E") -> list[int]:
        """Disputes that are due so long after Tuesday's morning; their numbers."""
        times = {"origin": DisputeOrigin.UNLAWFUL, "opened_at": at}
        new = [
            NewDispute(subject_id=f"{prefix}{n}", lead_id=f"L{n}", due_at=TUESDAY + due, **times)
            for n, due in enumerate(due_in)
        ]
        with self.engine.begin() as connection:
            disputes.open_disputes(connection, "crm", new)
            numbers = {view.subject_id: view.id for view in disputes.listing(connection, "crm")}
        return [numbers[one.subject_id] for one in new]

    def stake(self, number: int, amount_minor: int, currency: str = "RUB") -> None:
        with self.engine.begin() as connection:
            put_stakes(connection, {number: {"amount_minor": amount_minor, "currency": currency}})

    def expire(self, number: int, at: datetime) -> None:
        with self.engine.begin() as connection:
            take_step(connection, "crm", number, Act(action=DisputeAction.EXPIRE, at=at))
            take_step(connection, "crm", number, Act(action=DisputeAction.UPHOLD, at=at))

    def appeal(self, number: int) -> None:
        with self.engine.begin() as connection:
            put_ruling(connection, number, Decision.UPHOLD, "Запись есть", TUESDAY)
            take_step(connection, "crm", number, Act(action=DisputeAction.APPEAL, at=TUESDAY, author="Пётр"))

    def run(self, at: datetime = TUESDAY, clock: Any = None) -> list[str]:
        """The subjects of the mails of one run."""
        before = set(self.mails())
        review = ReviewSettings(queue_limit=self.limit)
        settings = Settings(out=self.out, delivery=DeliverySettings(**self.people), desk=self.desk, review=review)
        tried_n = remind(docket_of(self.engine), at, settings, clock or (lambda: at))
        new = [mail for path, mail in self.mails().items() if path not in before]
        assert tried_n >= len(new)  # a mail that a killed run had written is written over
        return sorted(mail["Subject"] for mail in new)

    def mails(self) -> dict[Path, Any]:
        return {
            path: message_from_bytes(path.read_bytes(), policy=default) for path in (self.out / "notes").glob("*.eml")
        }

    def text(self, subject: str) -> str:
        """The body of the one mail whose subject begins so."""
        (mail,) = (mail for mail in self.mails().values() if mail["Subject"].startswith(subject))
        return mail.get_content()


@pytest.fixture
def office(engine: sa.Engine, tmp_path: Path) -> Office:
    return Office(engine, tmp_path)


def test_each_analyst_is_told_what_waits(office: Office) -> None:
    """How many, today and overdue, in the subject; of which kind and for how long below."""
    office.people["analysts"] = ANALYSTS
    office.open(-HOUR, 5 * HOUR, 30 * HOUR)
    assert ["3 спора ждут решения, 1 — на сегодня, 1 просрочен"] * 2 == office.run()
    assert set(ANALYSTS) == {mail["To"].addresses[0].addr_spec for mail in office.mails().values()}
    office.people["analysts"] = ANALYSTS[:1]
    text = next(iter(office.mails().values())).get_content()
    assert "неправомерный отказ: 3 (самый давний ждёт 4 дня)" in text
    assert "planerka disputes list" in text


def test_the_five_with_most_at_stake_are_named_with_lead_money_and_hour(office: Office) -> None:
    numbers = office.open(*[30 * HOUR] * 7)
    for number, amount in zip(numbers, (1, 7, 3, 5, 4, 6, 2), strict=True):
        office.stake(number, amount * 10_000_000)
    office.run()
    text = office.text("7 споров")
    assert "На кону: 2,8\xa0млн\xa0₽" in text
    assert ["L1", "L5", "L3", "L4", "L2"] == [
        line.split("лид ")[1][:2] for line in text.splitlines() if "лид L" in line
    ]
    assert (
        f"№ {numbers[1]}, лид L1 · неправомерный отказ · 700\xa0тыс.\xa0₽ · до 25 ноября, 15:00".replace("\xa0", " ")
        in text
    )


def test_money_of_two_currencies_is_not_added_up(office: Office) -> None:
    for number, currency in zip(office.open(30 * HOUR, 30 * HOUR), ("RUB", "KZT"), strict=True):
        office.stake(number, 10_000_000, currency)
    office.run()
    assert "На кону:" not in office.text("2 спора")


def test_where_there_is_a_desk_the_mail_leads_there(office: Office) -> None:
    office.desk = DeskSettings(address="https://desk.company.example", people=[BOSS])
    office.open(30 * HOUR)
    office.run()
    text = office.text("1 спор")
    assert ("https://desk.company.example" in text, "planerka disputes" in text) == (True, False)


@pytest.mark.parametrize(
    "later, expected",
    [
        (timedelta(), 0),
        (timedelta(hours=8), 0),
        (timedelta(hours=9), 0),  # 18:00: nobody is at work
        (timedelta(days=1), 1),
        (timedelta(days=1, hours=-1), 0),  # 8:00
        (timedelta(days=4), 0),  # Saturday
    ],
)
def test_once_a_working_day(office: Office, later: timedelta, expected: int) -> None:
    """A run that is repeated, or comes outside working hours, writes to nobody."""
    office.open(timedelta(days=20))
    office.run()
    assert expected == len(office.run(TUESDAY + later))


def test_an_empty_queue_is_not_worth_a_mail(office: Office) -> None:
    assert ([], {}) == (office.run(), office.mails())


def test_without_analysts_nobody_is_reminded(office: Office) -> None:
    office.open(HOUR)
    office.people["analysts"] = ()
    assert [] == office.run()


def test_a_queue_that_grows_too_long_during_the_day_is_told_of_once(office: Office) -> None:
    """The morning's mail has told of what was there; what it told of is no news an hour later."""
    office.limit = 3
    office.open(*[30 * HOUR] * 3)
    assert ["3 спора ждут решения"] == office.run()
    office.open(30 * HOUR, at=TUESDAY + HOUR, prefix="later")
    assert ["Споров в очереди: 4 — больше порога (3)"] == office.run(TUESDAY + HOUR)
    office.open(30 * HOUR, at=TUESDAY + 2 * HOUR, prefix="latest")
    assert [] == office.run(TUESDAY + 2 * HOUR)
    tomorrow = TUESDAY + timedelta(days=1)
    assert ["5 споров ждут решения, 5 — на сегодня"] == office.run(tomorrow)
    assert [] == office.run(tomorrow + HOUR)


def test_each_deadline_is_reminded_of_once_in_its_last_two_working_hours(office: Office) -> None:
    """All that are due by then in one mail; those of tomorrow morning are told of in the evening."""
    one, two, tomorrow = office.open(2.5 * HOUR, 3 * HOUR, 25 * HOUR)
    office.run()
    assert ["2 спора скоро просрочатся: осталось меньше двух рабочих часов"] == office.run(TUESDAY + 1.5 * HOUR)
    text = office.text("2 спора скоро")
    assert [f"№ {one}", f"№ {two}"] == [line.split(",")[0].strip() for line in text.splitlines() if "№" in line]
    assert "Что не решено к сроку, решается так, как предписывает редакция регламента." in text
    assert [] == office.run(TUESDAY + 2 * HOUR)
    assert ["1 спор скоро просрочится: осталось меньше двух рабочих часов"] == office.run(TUESDAY + 8.5 * HOUR)
    assert f"№ {tomorrow}" in office.text("1 спор скоро")
    assert ["3 спора ждут решения, 1 — на сегодня, 2 просрочены"] == office.run(TUESDAY + 24.5 * HOUR)


def test_a_new_deadline_is_reminded_of_anew(office: Office) -> None:
    """Evidence was asked for meanwhile."""
    (number,) = office.open(HOUR)
    assert 2 == len(office.run())
    with office.engine.begin() as connection:
        asked = Act(action=DisputeAction.REQUEST_EVIDENCE, at=TUESDAY, author="Анна", comment="Где запись?")
        take_step(connection, "crm", number, asked, due_at=TUESDAY + 5 * HOUR)
    assert [] == office.run(TUESDAY + HOUR)
    assert 1 == len(office.run(TUESDAY + 4 * HOUR))


def test_the_director_hears_once_of_what_nobody_ruled_on_in_time(office: Office) -> None:
    """Once a day: what expires after the mail of a day is in that of the next."""
    first, second, third = office.open(-HOUR, -HOUR, -HOUR)
    office.people["analysts"] = ()
    office.stake(first, 10_000_000)
    office.expire(first, TUESDAY)
    office.expire(second, TUESDAY)
    assert ["2 спора решены по редакции регламента: решений к сроку не было"] == office.run()
    assert "лид L0 · неправомерный отказ · 100 тыс. ₽ · оставлено как есть" in office.text("2 спора")
    office.expire(third, TUESDAY + HOUR)
    assert [] == office.run(TUESDAY + 2 * HOUR)
    tomorrow = TUESDAY + timedelta(days=1)
    assert ["1 спор решён по редакции регламента: решения к сроку не было"] == office.run(tomorrow)
    assert [] == office.run(tomorrow + timedelta(days=1))


def test_no_mail_about_disputes_is_a_delivery_without_its_pack(office: Office) -> None:
    """`planerka db check` finds nothing wrong with one of each kind."""
    overdue, appealed, _due_soon = office.open(-HOUR, 30 * HOUR, HOUR)
    office.expire(overdue, TUESDAY)
    office.appeal(appealed)
    office.run()
    office.limit = 1
    office.open(30 * HOUR, at=TUESDAY + HOUR / 4, prefix="later")
    office.run(TUESDAY + HOUR / 2)
    kinds = {Channel.REMINDER, Channel.DEADLINE, Channel.EXPIRED, Channel.APPEALS, Channel.OVER_LIMIT}
    with office.engine.connect() as connection:
        assert kinds == set(connection.scalars(sa.select(delivery.c.channel)))
    assert [] == [found for found in check(office.engine) if found.wrong]


def test_appeals_wait_for_the_director_and_are_told_of_each_day(office: Office) -> None:
    (number,) = office.open(30 * HOUR)
    office.appeal(number)
    assert ["1 апелляция ждёт вашего решения"] == office.run()
    assert "оставлено как есть (Анна)" in office.text("1 апелляция")
    assert "planerka disputes decide NUMBER" in office.text("1 апелляция")
    assert [] == office.run(TUESDAY + HOUR)
    assert ["1 апелляция ждёт вашего решения"] == office.run(TUESDAY + timedelta(days=1))


class Killed(BaseException):
    """The run's process is killed."""


def killed_at(step: int) -> Any:
    """A clock that kills whoever looks at it for the step-th time."""
    looks = iter(range(1, 1000))

    def look() -> datetime:
        if next(looks) == step:
            raise Killed
        return TUESDAY

    return look


@pytest.mark.parametrize("step", range(1, 12))
def test_a_run_that_is_killed_anywhere_leaves_no_mail_out_and_sends_none_twice(office: Office, step: int) -> None:
    """Four mails are due: the queue and a deadline to the analyst, what expired and an appeal to the director."""
    expired, appealed, _ = office.open(-HOUR, 30 * HOUR, HOUR)
    office.expire(expired, TUESDAY)
    office.appeal(appealed)
    with pytest.raises(Killed):
        office.run(clock=killed_at(step))
    for hours in (0, 0.5, 0.6):
        office.run(TUESDAY + hours * HOUR)
    told = sorted(mail["Subject"].split()[1:3] for mail in office.mails().values())
    assert [["апелляция", "ждёт"], ["спор", "ждёт"], ["спор", "решён"], ["спор", "скоро"]] == told
