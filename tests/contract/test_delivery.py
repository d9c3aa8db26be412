"""A pack goes to each person once, on both databases: whatever the server answers, wherever the line breaks."""

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
import sqlalchemy as sa

from flows.cli_delivery import print_delivery
from planerka.delivery.bounces import Bounce
from planerka.delivery.doubt import COPY_WITHIN, resolve
from planerka.delivery.order import channel_of
from planerka.delivery.smtp import Mailer
from planerka.errors import BusyError, DeliveryError, SettingsError, UsageError
from planerka.sections import DeliverySettings, SmtpSettings
from planerka.store import deliveries
from planerka.store.deliveries import Channel, Mailing
from tests.builders_mail import (
    NOW,
    PACK,
    Cut,
    ScriptedPost,
    breaking_line,
    delivery_settings,
    free_port,
    ledger,
    mail_server,
    send,
    sender_process,
    states,
)

LATER = NOW + timedelta(hours=1)
ANNA, BORIS, VERA = "anna@lab.test", "boris@lab.test", "vera@lab.test"
PEOPLE = [ANNA, BORIS, VERA]

ANSWERS = [
    ({}, "sent"),
    ({BORIS: ["451 4.3.0 later"]}, "delayed"),
    ({BORIS: ["550 5.1.1 no such user"]}, "refused"),
    ({BORIS: ["421 4.7.0 go away"] * 2}, "delayed"),
    ({BORIS: ["421 4.7.0 go away"]}, "sent"),
    ({"MAIL": ["250 OK", "450 4.7.1 too many"]}, "delayed"),
    ({"DATA": ["250 taken", "451 4.3.0 full for now"]}, "delayed"),
    ({"DATA": ["250 taken", "554 5.6.0 looks like spam"]}, "refused"),
    ({"DATA": ["250 taken", "perhaps"]}, "doubtful"),
]


@pytest.mark.parametrize("answers, state", ANSWERS)
def test_an_answer_to_one_person_is_recorded_and_the_others_get_theirs(engine, answers, state):
    """Temporary, for good, or no answer at all: it concerns that mail only."""
    post = ScriptedPost(**answers)
    with mail_server(post) as port:
        report = send(engine, delivery_settings(port, PEOPLE))
    assert {"anna": "sent", "boris": state, "vera": "sent"} == states(engine)
    assert [BORIS] * (state != "sent") == [one.recipient for one in report.missing]
    assert [1, 1] == [post.mails.count((person,)) for person in (ANNA, VERA)]


def test_only_what_is_due_is_sent_again(engine):
    """A second run tries the delayed; what was sent, refused or is in doubt it leaves alone."""
    post = ScriptedPost(**{ANNA: ["451 later"], BORIS: ["550 no such user"]})
    with mail_server(post) as port:
        send(engine, delivery_settings(port, PEOPLE))
        report = send(engine, delivery_settings(port, PEOPLE), LATER)
    assert [(VERA,), (ANNA,)] == post.mails
    assert (1, 1, [(BORIS, "550 no such user")]) == (
        report.sent_n,
        report.known_n,
        [(one.recipient, one.answer) for one in report.missing],
    )
    with pytest.raises(DeliveryError, match=r"^1 of 3 people have not got the pack of .* go on with .* smtp`$"):
        report.require_all()


@pytest.mark.parametrize(
    "cut, state, taken_n",
    [(Cut.AT_DATA, "sent", 1), (Cut.BEFORE_END, "doubtful", 0), (Cut.AFTER_END, "doubtful", 1)],
)
def test_a_line_cut_before_the_end_is_tried_again_and_after_it_never(engine, cut, state, taken_n):
    """Who could have got the mail is in doubt; the next person is sent theirs over a new connection."""
    post, cuts = ScriptedPost(), iter([cut, None, None, None])
    with mail_server(post) as port, breaking_line(port, cuts.__next__) as line:
        send(engine, delivery_settings(line.port, [ANNA, BORIS]))
        send(engine, delivery_settings(line.port, [ANNA, BORIS]), LATER)
    assert {"anna": state, "boris": "sent"} == states(engine)
    assert (taken_n, 1) == (post.mails.count((ANNA,)), post.mails.count((BORIS,)))


def test_a_line_cut_within_the_body_never_makes_two(engine):
    """Whether the cut is noticed in time to try again is chance."""
    post, cuts = ScriptedPost(), iter([Cut.IN_BODY, None])
    with mail_server(post) as port, breaking_line(port, cuts.__next__) as line:
        send(engine, delivery_settings(line.port, [ANNA]))
    assert [post.mails.count((ANNA,))] == [{"sent": 1, "doubtful": 0}[states(engine)["anna"]]]


def test_a_server_that_dies_after_every_last_line_is_given_up(engine):
    """Four are in doubt and not everybody; the rest get theirs when there is a server again."""
    post, people = ScriptedPost(), [f"p{number}@lab.test" for number in range(6)]
    with mail_server(post) as port:
        with breaking_line(port, lambda: Cut.AFTER_END) as line:
            send(engine, delivery_settings(line.port, people))
        assert ["doubtful"] * 4 + ["delayed"] * 2 == list(states(engine).values())
        send(engine, delivery_settings(port, people), LATER)
    assert ["doubtful"] * 4 + ["sent"] * 2 == list(states(engine).values())
    assert [(person,) for person in people] == post.mails


@contextmanager
def server_that_hangs_up(said: bytes) -> Iterator[tuple[int, Callable[[], None]]]:
    """A server to its first mail's body, and what makes it say its last word and reset the line."""
    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor(1) as pool:

        def answer() -> socket.socket:
            line, _ = listening.accept()
            line.sendall(b"220 lab\r\n")
            for reply in (b"250 lab", b"250 OK", b"250 OK", b"354 go on"):
                line.recv(65536)
                line.sendall(reply + b"\r\n")
            return line

        line = pool.submit(answer)

        def hang_up() -> None:
            line.result().sendall(said)
            line.result().setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            line.result().close()

        yield listening.getsockname()[1], hang_up


@pytest.mark.parametrize(
    "said, answer", [(b"", "Connection unexpectedly closed"), (b"552 5.3.4 too big\r\n", "552 5.3.4 too big")]
)
def test_a_line_dead_before_the_last_line_leaves_no_doubt(said, answer):
    """What the server said last is kept."""
    mail = EmailMessage(policy=policy.SMTP)
    mail.set_content("body")
    with server_that_hangs_up(said) as (port, hang_up):
        settings = SmtpSettings(host="127.0.0.1", port=port, security="none", per_minute=60_000)
        mailer = Mailer(settings, "sender@lab.test")
        state, words = mailer.send(mail, ANNA, claim=hang_up)
    assert ("delayed", f"not handed over: {answer}", 1) == (state, words, mailer.cuts_n)


def test_without_a_server_everyone_is_delayed_and_gets_it_when_there_is_one(engine):
    """After a few connections in vain nobody else is tried."""
    port = free_port()
    report = send(engine, delivery_settings(port, PEOPLE))
    assert {"delayed"} == {str(one.state) for one in report.missing}
    assert all("Connection refused" in str(one.answer) for one in report.missing)
    with mail_server(ScriptedPost()) as port:
        assert 3 == send(engine, delivery_settings(port, PEOPLE), LATER).sent_n


@pytest.mark.parametrize(
    "answers",
    [
        {"MAIL": ["550 5.7.1 sender not allowed"]},
        {ANNA: ["530 5.7.0 log in first"]},
        {"sender@lab.test": ["550 5.1.1 no such user"]},
    ],
)
def test_a_server_that_takes_nothing_from_us_is_nobodys_refusal(engine, answers):
    """The run stops; everybody is due as before."""
    with (
        mail_server(ScriptedPost(**answers)) as port,
        pytest.raises(DeliveryError, match=r"takes no mail from sender@"),
    ):
        send(engine, delivery_settings(port, PEOPLE, mailbox=unreachable_mailbox()))
    assert {"queued"} == set(states(engine).values())


def test_a_sender_killed_before_the_answer_leaves_one_in_doubt_and_sends_the_rest_later(engine, migrated_url):
    """The server has taken the mail; nobody sends it a second time."""
    post, was_killed = ScriptedPost(), threading.Event()
    with mail_server(post) as port:
        process = sender_process(migrated_url, delivery_settings(port, PEOPLE))

        def kill() -> None:
            process.kill()
            process.wait()
            was_killed.set()

        post.before_answer = kill
        assert was_killed.wait(60), process.communicate()
        post.before_answer = lambda: None
        report = send(engine, delivery_settings(port, PEOPLE), LATER)
    assert {"anna": "doubtful", "boris": "sent", "vera": "sent"} == states(engine)
    assert (2, [ANNA]) == (report.sent_n, [one.recipient for one in report.missing])
    assert [(ANNA,), (BORIS,), (VERA,)] == post.mails


def test_of_two_senders_at_once_one_is_told_who_sends(engine):
    """It leaves without having sent anything."""
    post, refused = ScriptedPost(), []

    def send_too() -> None:
        with pytest.raises(BusyError, match="delivery of crm 2026-W47 by smtp is held by this test") as busy:
            send(engine, delivery_settings(port, PEOPLE))
        refused.append(busy)

    post.before_answer = send_too
    with mail_server(post) as port:
        assert 3 == send(engine, delivery_settings(port, PEOPLE)).sent_n
    assert (3, 3) == (len(refused), len(post.mails))


def test_a_mail_is_claimed_once_even_where_a_lock_was_lost(engine):
    """The ledger itself lets one of two have it."""
    post = ScriptedPost(**{ANNA: ["451 later"]})
    with mail_server(post) as port:
        send(engine, delivery_settings(port, [ANNA]))
    (one,) = ledger(engine)
    with engine.begin() as connection:
        deliveries.claim(connection, one, "handed over", None, NOW)
        with pytest.raises(BusyError, match="another run is sending the pack of 2026-W47 too"):
            deliveries.claim(connection, one, "handed over", None, NOW)


def test_the_folder_the_test_address_and_real_people_are_three_things(engine, tmp_path):
    """What one of them got does not count for the others; a test mail says for whom it is."""
    post = ScriptedPost()
    with mail_server(post) as port:
        settings = delivery_settings(port, [ANNA])
        outbox = send(engine, settings | {"how": "outbox"}, out=tmp_path)
        send(engine, settings | {"test_to": "me@lab.test"})
        send(engine, settings)
    assert [("me@lab.test",), (ANNA,)] == post.mails
    assert ["outbox", "smtp", "test"] == [str(one.channel) for one in ledger(engine)]
    assert 3 == len({one.message_id for one in ledger(engine)})
    test, real = (message_from_bytes(content, policy=policy.default) for content in post.contents)
    assert [str(test["Subject"]), "me@lab.test"] == [
        f"[TEST → {ANNA}] {real['Subject']}",
        test["To"].addresses[0].addr_spec,
    ]
    assert [outbox.folder] == [tmp_path / "2026-W47-v1" / "mail"]
    assert 1 == len(list(outbox.folder.glob("*.eml")))


def test_only_failed_tries_the_delayed_and_the_refused_and_nobody_else(engine):
    """The refused one gets another Message-ID, the delayed one keeps its own."""
    post = ScriptedPost(**{ANNA: ["451 later"], BORIS: ["550 no such user"]})
    with mail_server(post) as port:
        send(engine, delivery_settings(port, [ANNA, BORIS]))
        before = {one.recipient: one for one in ledger(engine)}
        send(engine, delivery_settings(port, PEOPLE), LATER, only_failed=True)
    after = {one.recipient: one for one in ledger(engine)}
    assert {"anna": "sent", "boris": "sent", "vera": "queued"} == states(engine)
    assert before[ANNA].message_id == after[ANNA].message_id
    assert before[BORIS].message_id != after[BORIS].message_id
    assert (1, 2) == (after[ANNA].attempt, after[BORIS].attempt)


def test_only_failed_stopped_on_its_way_still_knows_whom_it_was_to_try(engine):
    """Whoever was not reached is refused as before, and no run sends to them unasked."""
    post = ScriptedPost(**{person: ["550 no such user"] for person in PEOPLE})
    with mail_server(post) as port:
        send(engine, delivery_settings(port, PEOPLE))
        post.answers["MAIL"] = ["550 5.7.1 sender not allowed"]
        with pytest.raises(DeliveryError):
            send(engine, delivery_settings(port, PEOPLE), LATER, only_failed=True)
        assert {"anna": "queued", "boris": "refused", "vera": "refused"} == states(engine)
        assert 3 == send(engine, delivery_settings(port, PEOPLE), LATER, only_failed=True).sent_n


def test_one_person_is_sent_it_once_more_when_somebody_asks(engine):
    """Whatever the ledger says, by any spelling of the address, and only to a recipient."""
    post = ScriptedPost()
    with mail_server(post) as port:
        send(engine, delivery_settings(port, PEOPLE))
        assert 1 == send(engine, delivery_settings(port, PEOPLE), LATER, again="Anna@lab.test").sent_n
        with pytest.raises(UsageError, match="--again names nobody who gets the pack"):
            send(engine, delivery_settings(port, PEOPLE), LATER, again="nobody@lab.test")
    assert [2, 1, 1] == [post.mails.count((person,)) for person in PEOPLE]


def test_who_is_no_recipient_any_more_is_not_sent_it_and_a_new_spelling_is_no_new_person(engine):
    """A removed person stays in the ledger as one who was not sent it."""
    post = ScriptedPost(**{ANNA: ["451 later"]})
    with mail_server(post) as port:
        send(engine, delivery_settings(port, [ANNA, BORIS]))
        report = send(engine, delivery_settings(port, [BORIS.upper()]), LATER)
    assert [(BORIS,)] == post.mails
    assert (0, 1, ()) == (report.sent_n, report.known_n, report.missing)


def test_one_connection_serves_all(engine):
    """A server may count connections too."""
    post = ScriptedPost()
    with mail_server(post) as port:
        send(engine, delivery_settings(port, PEOPLE))
    assert (1, 3) == (post.sessions_n, len(post.mails))


def test_the_rate_is_kept():
    """600 a minute: after the first mail each waits for its tenth of a second."""
    mailer, began_s = Mailer(SmtpSettings(per_minute=600), "sender@lab.test"), time.monotonic()
    for _ in range(4):
        mailer.wait_for_turn()
    assert time.monotonic() - began_s >= 0.3


def test_the_shell_says_a_line_a_person_and_what_to_do(engine, capsys):
    """The addresses are for the one who asks; the error, which a flow logs, has none."""
    post = ScriptedPost(**{ANNA: ["550 5.1.1 no such <script>"], "DATA": ["perhaps"]})
    with mail_server(post) as port:
        report = send(engine, delivery_settings(port, PEOPLE))
    with pytest.raises(DeliveryError) as error:
        print_delivery(report)
    assert "@" not in str(error.value)
    said = capsys.readouterr().out
    assert "Mail: 1 new by smtp, 0 sent before." in said
    assert f"{ANNA}                    refused  550 5.1.1 no such <script>" in said
    assert "by `planerka send --week 2026-W47 --deliver smtp --only-failed`" in said
    assert "by `planerka send --week 2026-W47 --deliver smtp --again ADDRESS`" in said


def unreachable_mailbox() -> dict[str, object]:
    """Settings of a mailbox that nobody answers for: copies are sent there all the same."""
    return {"host": "127.0.0.1", "port": free_port(), "security": "none", "user": "sender", "password": "lab"}


class KnownMailbox:
    """A mailbox that holds what a test put into it, since the day of NOW."""

    def __init__(self, copies: set[str] = frozenset(), bounces: tuple[Bounce, ...] = ()) -> None:
        self.held, self.returned = copies, bounces

    def copies(self, since):
        return set(self.held) if since.date() <= NOW.date() else set()

    def bounces(self, since):
        return list(self.returned)


@pytest.fixture
def doubtful(engine: sa.Engine) -> str:
    """Anna's delivery is in doubt since NOW, a copy was asked for, and Boris has his; its Message-ID."""
    with mail_server(ScriptedPost(DATA=["perhaps"])) as port:
        send(engine, delivery_settings(port, [ANNA, BORIS], mailbox=unreachable_mailbox()))
    assert {"anna": "doubtful", "boris": "sent"} == states(engine)
    return ledger(engine)[0].message_id


def look(engine: sa.Engine, mailbox: KnownMailbox, after: timedelta) -> str:
    mailing = Mailing(source=PACK.source, week=str(PACK.week), version=PACK.version, channel=Channel.SMTP)
    resolve(engine, mailing, mailbox, "sender@lab.test", NOW + after)
    return states(engine)["anna"]


def test_a_copy_in_the_mailbox_ends_the_doubt(engine, doubtful):
    """The server took both or neither."""
    assert "sent" == look(engine, KnownMailbox({doubtful}), timedelta(minutes=1))


@pytest.mark.parametrize(
    "after, state",
    [(COPY_WITHIN - timedelta(seconds=1), "doubtful"), (COPY_WITHIN, "queued"), (-LATER.resolution, "doubtful")],
)
def test_without_a_copy_it_is_due_again_once_a_copy_must_have_come(engine, doubtful, after, state):
    """Not earlier, and not by a clock that was put back."""
    assert state == look(engine, KnownMailbox({ledger(engine)[1].message_id}), after)


def test_a_mailbox_without_any_copy_proves_nothing(engine, doubtful):
    """It may be somebody else's."""
    assert "doubtful" == look(engine, KnownMailbox(), COPY_WITHIN)


def test_a_mail_that_went_without_a_copy_is_not_missed(engine):
    """The mailbox was set up afterwards, and others have copies in it since."""
    with mail_server(ScriptedPost(DATA=["perhaps"])) as port:
        send(engine, delivery_settings(port, [ANNA]))
        send(engine, delivery_settings(port, [ANNA, BORIS], mailbox=unreachable_mailbox()), LATER)
    assert "doubtful" == look(engine, KnownMailbox({ledger(engine)[1].message_id}), timedelta(days=1))


@pytest.mark.parametrize("recipient, state", [(ANNA, "refused"), ("sender@lab.test", "sent")])
def test_a_bounce_refuses_what_was_sent_unless_it_is_of_the_copy(engine, doubtful, recipient, state):
    """The server's words are kept; what the person got is not undone by the sender's own full mailbox."""
    bounce = Bounce(doubtful, recipient, "bounced: 552 5.2.2 <script>full\x1b[31m\r\n" + "x" * 500)
    assert state == look(engine, KnownMailbox({doubtful}, (bounce,)), timedelta(minutes=1))
    answer = str(ledger(engine)[0].answer)
    assert (True, True) == (answer.isprintable(), len(answer) <= 300)


@pytest.mark.parametrize("after", [timedelta(minutes=1), timedelta(days=2), timedelta(days=30)])
def test_a_ledger_put_back_from_a_backup_learns_what_it_had_sent(engine, after):
    """Its rows are of today; the copies, from the day of sending, say sent."""
    with mail_server(ScriptedPost(**{ANNA: ["451 later"]})) as port:
        send(engine, delivery_settings(port, [ANNA]), NOW + after)
    assert "sent" == look(engine, KnownMailbox({ledger(engine)[0].message_id}), after)


def test_a_mailbox_out_of_reach_is_said_and_nothing_in_doubt_is_sent(engine, doubtful):
    """The others get theirs, with a blind copy to the sender in the same transaction."""
    post = ScriptedPost()
    with mail_server(post) as port:
        report = send(engine, delivery_settings(port, [ANNA, BORIS, VERA], mailbox=unreachable_mailbox()), LATER)
    assert [(VERA, "sender@lab.test")] == post.mails
    assert b"sender@lab.test" not in post.contents[0].split(b"\r\n\r\n")[0].split(b"\r\nTo:")[1]
    assert "the mailbox at 127.0.0.1 cannot be read: [Errno 111] Connection refused" in str(report.trouble)
    assert {"anna": "doubtful", "boris": "sent", "vera": "sent"} == states(engine)


def test_a_sender_who_is_a_recipient_gets_one(engine):
    """His mail is its own copy."""
    post = ScriptedPost()
    with mail_server(post) as port:
        send(engine, delivery_settings(port, ["Sender@lab.test"], mailbox=unreachable_mailbox()))
    assert [("Sender@lab.test",)] == post.mails


@pytest.mark.parametrize(
    "settings, how, channel",
    [
        ({}, None, Channel.OUTBOX),
        ({}, "none", None),
        ({"smtp": {"host": "mx"}}, "smtp", Channel.SMTP),
        ({"how": "smtp", "smtp": {"host": "mx"}}, None, Channel.SMTP),
        ({"how": "smtp", "smtp": {"host": "mx"}, "test_to": "me@lab.test"}, None, Channel.TEST),
        ({"test_to": "me@lab.test"}, None, Channel.OUTBOX),
    ],
)
def test_nothing_reaches_an_inbox_unless_it_is_asked_for(settings, how, channel):
    assert channel == channel_of(DeliverySettings(**settings), how)


def test_a_server_that_is_not_named_is_asked_for():
    with pytest.raises(SettingsError, match=r"delivery\.smtp\.host is missing"):
        channel_of(DeliverySettings(), "smtp")


def test_a_mail_that_cannot_be_written_to_the_folder_is_due_again(engine, tmp_path):
    """The disk's words, and the mail when there is room."""
    (tmp_path / "2026-W47-v1").write_text("in the way")
    settings = delivery_settings(free_port(), [ANNA]) | {"how": "outbox"}
    assert "cannot be written" in str(send(engine, settings, out=tmp_path).missing[0].answer)
    assert 1 == send(engine, settings, LATER, out=Path(tmp_path / "elsewhere")).sent_n
