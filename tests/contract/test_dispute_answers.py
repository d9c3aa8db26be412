"""What a manager answers to a request for evidence, on both databases: kept whole, masked, and only where one waits."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from planerka.disputes.answering import answer
from planerka.errors import ChangedError, UsageError
from planerka.model import Decision
from planerka.store import disputes
from planerka.store.dispute_steps import last_step
from planerka.store.disputes import DisputeView
from tests.builders_disputes import NOW, docket_of, open_one, put_ruling

LATER = NOW + timedelta(days=2)
RECORDING = "https://files.company.example/calls/17.mp3"


def asked(engine: sa.Engine) -> int:
    """A dispute whose manager was asked for evidence; it is due on Thursday at 9 of Moscow."""
    with engine.begin() as connection:
        number = open_one(connection)
        put_ruling(connection, number, Decision.REQUEST_EVIDENCE, "Где запись?", NOW)
    return number


def shown(engine: sa.Engine, number: int) -> DisputeView:
    with engine.begin() as connection:
        return disputes.show(connection, "crm", number)


def test_an_answer_is_the_text_then_its_links_and_goes_back_to_the_analyst(engine: sa.Engine):
    """What names the client is masked."""
    number = asked(engine)
    answer(
        docket_of(engine), number, " Пётр ", " Звонил на +7 916 123-45-67, запись есть ", [RECORDING, "http://a.b"], NOW
    )
    with engine.begin() as connection:
        step = last_step(connection, number)
    assert ("answer", "assigned", "Пётр") == (step.action, step.state, step.author)
    assert f"Звонил на ***, запись есть\n{RECORDING}\nhttp://a.b" == step.comment


@pytest.mark.parametrize(
    "answered_at, due_at",
    [
        (NOW, NOW + timedelta(days=2)),  # soon: the deadline stays
        (LATER - timedelta(hours=16), LATER + timedelta(hours=3)),  # at 17:00 of Moscow: one hour today, three tomorrow
        (LATER + timedelta(hours=5), LATER + timedelta(hours=9)),
    ],
)
def test_the_analyst_has_half_a_day_for_an_answer(engine: sa.Engine, answered_at, due_at):
    number = asked(engine)
    answer(docket_of(engine), number, "Пётр", "Запись есть", [], answered_at)
    assert due_at == shown(engine, number).due_at


REFUSED = [
    ({"text": "  "}, "needs a text and an author"),
    ({"author": ""}, "needs a text and an author"),
    ({"links": [RECORDING] * 11}, "11 links are too many"),
    ({"links": [RECORDING, "ftp://files.company.example/17"]}, "link 2 is no address of the web"),
    ({"links": ["javascript:alert(1)"]}, "link 1 is no address"),
    ({"links": ["//files.company.example"]}, "link 1 is no address"),
    ({"links": ["https:///calls/17.mp3"]}, "link 1 is no address"),
    ({"links": ["https://[files"]}, "link 1 is no address"),
    ({"links": ["https://a.b/\r\nBcc: x"]}, "link 1 is no address"),
    ({"links": ["https://a.b/\u202egpm"]}, "link 1 is no address"),
    ({"links": ["https://a.b/ c"]}, "link 1 is no address"),
    ({"links": [f"https://a.b/{'c' * 2000}"]}, "link 1 is longer than 2000"),
    ({"links": ["https://a.b/?call=+79161234567"]}, "link 1 has a phone or an e-mail"),
    ({"links": ["https://a.b/79161234567.mp3"]}, "link 1 has a phone or an e-mail"),
    ({"links": ["https://anna:secret@a.example/"]}, "link 1 has a phone or an e-mail"),
]


@pytest.mark.parametrize("given, why", REFUSED, ids=[f"{n}" for n in range(len(REFUSED))])
def test_what_is_no_answer_is_refused_and_nothing_of_it_is_kept(engine: sa.Engine, given: dict, why: str):
    """The refusal quotes no link: it may be a client's."""
    number = asked(engine)
    said = {"author": "Пётр", "text": "Запись есть", "links": []} | given
    with pytest.raises(UsageError, match=why) as refusal:
        answer(docket_of(engine), number, now=NOW, **said)
    assert not any(link in str(refusal.value) for link in said["links"])
    assert 2 == shown(engine, number).steps_n


def test_an_answer_that_nobody_asked_for_or_that_comes_twice_is_refused(engine: sa.Engine):
    with engine.begin() as connection:
        unasked = open_one(connection, "E2")
    with pytest.raises(ChangedError, match="is opened now"):
        answer(docket_of(engine), unasked, "Пётр", "Запись есть", [], NOW)
    number = asked(engine)
    answer(docket_of(engine), number, "Пётр", "Запись есть", [], NOW)
    with pytest.raises(ChangedError, match="Пётр did this last: answer"):
        answer(docket_of(engine), number, "Пётр", "Запись есть", [], NOW)
