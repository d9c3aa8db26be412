"""A pack that is not sent is told of: once for each reason, to its owner alone."""

import os
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import pytest
import sqlalchemy as sa
from prefect import Flow
from prefect.client.schemas.objects import FlowRun
from prefect.states import Failed

from flows.deliver_pack import deliver_pack
from flows.weekly_pack import weekly_pack
from planerka.clock import Week
from planerka.delivery.notice import tell_again, tell_owner
from planerka.errors import GateStoppedError, UsageError
from planerka.sections import DeliverySettings
from planerka.settings import Settings
from planerka.store import deliveries
from planerka.store.check import check
from planerka.store.deliveries import State
from tests import services
from tests.builders_cycle import environment, open_company
from tests.builders_mail import ScriptedPost, delivery_settings, free_port, mail_server

WEEK, AT = Week.parse("2026-W47"), datetime(2026, 11, 23, 5, tzinfo=UTC)
OWNER = "ops@company.example"


def told(engine: sa.Engine, out: Path, why: str, owner: str | None = OWNER, week: Week = WEEK) -> bool:
    settings = Settings(out=out, delivery=DeliverySettings(owner=owner))
    return tell_owner(engine, "crm", week, why, settings, lambda: AT)


def mails(out: Path) -> list[Any]:
    return [message_from_bytes(path.read_bytes(), policy=default) for path in (out / "notes").glob("*.eml")]


@pytest.mark.parametrize(
    "reasons, expected",
    [
        (["the data are stale"], [True]),
        (["the data are stale", "the data are stale"], [True, False]),
        (["the data are stale", "a section failed"], [True, True]),
        (["the data are stale", "a section failed", "a section failed"], [True, True, False]),
    ],
)
def test_the_owner_is_told_once_for_each_reason(engine: sa.Engine, tmp_path: Path, reasons, expected) -> None:
    """The schedule tries again and again; a mailbox full of the same is not read."""
    assert expected == [told(engine, tmp_path, why) for why in reasons]
    assert sum(expected) == len(mails(tmp_path))


def test_the_mail_says_why_and_what_goes_on(engine: sa.Engine, tmp_path: Path) -> None:
    """To the owner, and to nobody who waits for the pack; the ledger has it."""
    told(engine, tmp_path, "the data are stale")
    (mail,) = mails(tmp_path)
    assert ("Пакет за 2026-W47 не отправлен", OWNER) == (mail["Subject"], mail["To"].addresses[0].addr_spec)
    assert "the data are stale" in mail.get_content()
    assert "planerka send --week 2026-W47" in mail.get_content()
    with engine.begin() as connection:
        (row,) = deliveries.of_week(connection, "crm", "2026-W47")
    assert (OWNER, State.SENT, mail["Message-ID"]) == (row.recipient, row.state, row.message_id)


def test_a_notice_is_no_delivery_without_its_pack(engine: sa.Engine, tmp_path: Path) -> None:
    """`planerka db check` finds nothing wrong with a week that has a notice and no pack."""
    told(engine, tmp_path, "stale")
    assert [] == [found for found in check(engine) if found.checked == "every delivery has its pack" and found.wrong]


def told_by_smtp(engine: sa.Engine, port: int, why: str | None) -> bool:
    """At eight with a reason; afterwards, as by the runs that find no pack, without one."""
    settings = Settings(delivery=DeliverySettings(owner=OWNER, **delivery_settings(port, [OWNER])))
    if why is None:
        return tell_again(engine, "crm", WEEK, settings, lambda: AT)
    return tell_owner(engine, "crm", WEEK, why, settings, lambda: AT)


def test_a_notice_that_did_not_go_goes_when_the_mail_server_is_back(engine: sa.Engine) -> None:
    """With its own reason, and once."""
    post = ScriptedPost()
    told_by_smtp(engine, free_port(), "the data are stale")
    told_by_smtp(engine, free_port(), None)
    with mail_server(post) as port:
        assert [True, False] == [told_by_smtp(engine, port, None) for _ in range(2)]
    (content,) = post.contents
    assert "the data are stale" in message_from_bytes(content, policy=default).get_content()


def test_a_notice_in_doubt_goes_once_more(engine: sa.Engine) -> None:
    """Two are better than none, and twenty are not."""
    post = ScriptedPost(DATA=["perhaps", "perhaps"])
    with mail_server(post) as port:
        assert told_by_smtp(engine, port, "the data are stale")
        assert [True, False, False] == [told_by_smtp(engine, port, None) for _ in range(3)]


def test_of_a_week_without_trouble_nothing_is_told_again(engine: sa.Engine) -> None:
    """A pack that is late is no reason yet."""
    assert not told_by_smtp(engine, free_port(), None)


def run_fails(folder: Path, port: int, flow: Flow[..., Any], error: Exception) -> None:
    """A scheduled run of the week ends so, with the mail server at that port."""
    run = FlowRun(flow_id=uuid4(), deployment_id=uuid4(), parameters={"week": str(WEEK), "as_of": AT.isoformat()})
    smtp = {"HOW": "smtp", "OWNER": OWNER, "SMTP__HOST": "127.0.0.1", "SMTP__PORT": str(port), "SMTP__SECURITY": "none"}
    delivery = {f"PLANERKA_DELIVERY__{name}": value for name, value in smtp.items()}
    with patch.dict(os.environ, environment(folder, PLANERKA_SOURCE__LEADS_N="1000", **delivery), clear=True):
        for hook in flow.on_failure_hooks:
            services.without_event_loop(partial(hook, flow, run, Failed(data=error)))


def test_a_mail_server_that_comes_back_on_monday_brings_the_reason(tmp_path: Path) -> None:
    """`weekly_pack` fails at eight, when there is none; one of the runs of `deliver_pack` tells why, and one only."""
    open_company(tmp_path).engine.dispose()
    post, away = ScriptedPost(), free_port()
    with mail_server(post) as back:
        run_fails(tmp_path, away, weekly_pack, GateStoppedError("the data are stale"))
        for port in (away, back, back):
            run_fails(tmp_path, port, deliver_pack, UsageError("no pack yet"))
    (content,) = post.contents
    assert "the data are stale" in message_from_bytes(content, policy=default).get_content()


def test_each_week_has_its_own_notice(engine: sa.Engine, tmp_path: Path) -> None:
    """The same reason a week later is news."""
    assert [True, True] == [told(engine, tmp_path, "stale", week=week) for week in (WEEK, WEEK.back(-1))]


def test_without_an_owner_nobody_is_told(engine: sa.Engine, tmp_path: Path) -> None:
    assert (False, []) == (told(engine, tmp_path, "stale", owner=None), mails(tmp_path))
