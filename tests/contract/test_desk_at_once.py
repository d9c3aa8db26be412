"""Two analysts decide the same disputes at the same moment, by a real server: one wins, the other loses no text."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import httpx
import pytest
import sqlalchemy as sa

from planerka.model import Event, Lead, Rejection
from planerka.people import Person, Role
from planerka.store import disputes
from planerka.store.commands import pending
from planerka.store.database import reading
from planerka.store.dispute_steps import Step, steps
from tests.builders_desk import NOON, DeskSite, desk_site
from tests.builders_rulings import dispute_rejections, keep
from tests.fakes.serving import served

DISPUTES_N = 12
ANNA = Person(email="anna@company.example", name="Anna <QC>", roles=(Role.ANALYST, Role.MARKETING))
BORIS = Person(email="boris@company.example", name="Boris", roles=(Role.ANALYST, Role.MARKETING, Role.OPS))
SHOWN = {ANNA.name: "Anna &lt;QC&gt;", BORIS.name: "Boris"}
DECISIONS = {ANNA.name: "uphold", BORIS.name: "return_to_work"}
DONE = {"uphold": "upheld the rejection", "return_to_work": "returned the lead to work"}


@pytest.fixture
def site(engine: sa.Engine, tmp_path: Path) -> DeskSite:
    site = desk_site(engine, tmp_path, (ANNA, BORIS), address="http://127.0.0.1:8080")
    dispute_rejections(engine, "sample", [f"L{n}" for n in range(DISPUTES_N)], NOON)
    return site


@pytest.fixture
def browsers(site: DeskSite) -> Iterator[dict[str, httpx.Client]]:
    """Of Anna and of Boris, who have entered; on a real server."""
    with served(site.app) as url:
        found = {}
        for person, role in ((ANNA, Role.ANALYST), (BORIS, Role.OPS)):
            cookie = site.entered(role).headers["Cookie"]
            found[person.name] = httpx.Client(base_url=url, headers={"Cookie": cookie}, timeout=60)
        yield found
        for browser in found.values():
            browser.close()


def at_once(browsers: dict[str, httpx.Client], send: Callable[[str], httpx.Response]) -> dict[str, httpx.Response]:
    """What each is answered, who send at the same moment."""
    together = Barrier(len(browsers))

    def send_together(name: str) -> httpx.Response:
        together.wait()
        return send(name)

    with ThreadPoolExecutor(len(browsers)) as threads:
        return dict(zip(browsers, threads.map(send_together, browsers), strict=True))


def taken(site: DeskSite, number: int) -> list[Step]:
    with reading(site.desk.engine) as connection:
        return steps(connection, number)


def numbers(site: DeskSite) -> list[int]:
    with reading(site.desk.engine) as connection:
        return [view.id for view in disputes.listing(connection, "sample")]


def form(site: DeskSite, browser: httpx.Client, **fields: object) -> dict[str, object]:
    return {"form_token": site.form_token(browser), **fields}


def test_of_two_who_rule_at_once_one_wins_and_the_other_is_told_by_whom_and_keeps_the_text(
    site: DeskSite, browsers: dict[str, httpx.Client]
) -> None:
    won: Counter[str] = Counter()
    for number in numbers(site):

        def send(name: str, number: int = number) -> httpx.Response:
            fields = {"decision": DECISIONS[name], "seen": 1, "comment": f"So says {name} of No. {number}"}
            return browsers[name].post(f"/disputes/{number}/ruling", data=form(site, browsers[name], **fields))

        answers = at_once(browsers, send)
        (winner, loser) = sorted(answers, key=lambda name: answers[name].status_code)
        _, ruling = taken(site, number)
        told = answers[loser].text
        assert [303, 409] == [answers[name].status_code for name in (winner, loser)]
        assert (winner, DECISIONS[winner]) == (ruling.author, ruling.action)
        assert f"<strong>{SHOWN[winner]}</strong>: {DONE[DECISIONS[winner]]}. So says {SHOWN[winner]}" in told
        assert f">So says {SHOWN[loser]} of No. {number}</textarea>" in told
        won[winner] += 1
    with reading(site.desk.engine) as connection:
        assert won[BORIS.name] == len(pending(connection, "sample"))
    assert DISPUTES_N == won.total()


def test_who_rules_on_all_alike_leaves_out_what_another_was_faster_with(
    site: DeskSite, browsers: dict[str, httpx.Client]
) -> None:
    """And is told so: each dispute has one ruling, whoever it is by."""
    first, *others = numbers(site)

    def send(name: str) -> httpx.Response:
        if name == ANNA.name:
            fields = form(site, browsers[name], comment="All alike", chosen=[f"{id_}:1" for id_ in (first, *others)])
            return browsers[name].post(f"/disputes/{first}/same", data=fields)
        fields = form(site, browsers[name], decision="return_to_work", seen=1, comment="This one")
        return [browsers[name].post(f"/disputes/{id_}/ruling", data=fields) for id_ in reversed(others)][-1]

    bulk = at_once(browsers, send)[ANNA.name]
    rulings = Counter(tuple(step.author for step in taken(site, number)[1:]) for number in (first, *others))
    assert {(ANNA.name,), (BORIS.name,)} >= set(rulings)
    assert (303 if rulings[(ANNA.name,)] == DISPUTES_N else 409) == bulk.status_code


def test_two_who_undo_and_rule_at_once_leave_one_story(site: DeskSite, browsers: dict[str, httpx.Client]) -> None:
    """Anna takes her ruling back while Boris, who saw it before, rules: he is late, whatever comes first."""
    for number in numbers(site)[:4]:
        ruling = form(site, browsers[ANNA.name], decision="return_to_work", seen=1, comment="Back")
        browsers[ANNA.name].post(f"/disputes/{number}/ruling", data=ruling)

        def send(name: str, number: int = number) -> httpx.Response:
            if name == ANNA.name:
                return browsers[name].post(f"/disputes/{number}/undo", data=form(site, browsers[name]))
            fields = form(site, browsers[name], decision="uphold", seen=1, comment="No")
            return browsers[name].post(f"/disputes/{number}/ruling", data=fields)

        answers = at_once(browsers, send)
        assert (303, 409) == (answers[ANNA.name].status_code, answers[BORIS.name].status_code)
        assert ["open", "return_to_work", "undo"] == [step.action for step in taken(site, number)]


def test_of_two_who_raise_one_dispute_at_once_the_other_keeps_the_text(
    site: DeskSite, browsers: dict[str, httpx.Client]
) -> None:
    """And is told which one it is, by a link."""
    lead_ids, at = [f"N{n}" for n in range(6)], "2026-11-23T09:00Z"
    rejected = {"kind": "rejected", "at": at, "recorded_at": at, "reason_id": "17"}
    keep(site.desk.engine, "sample", Lead, *({"id": id_, "status": "rejected"} for id_ in lead_ids))
    keep(site.desk.engine, "sample", Event, *({"id": f"E{id_}", "lead_id": id_, **rejected} for id_ in lead_ids))
    keep(site.desk.engine, "sample", Rejection, *({"id": f"E{id_}", "lead_id": id_} for id_ in lead_ids))
    for lead_id in lead_ids:

        def send(name: str, lead_id: str = lead_id) -> httpx.Response:
            fields = form(site, browsers[name], lead=lead_id, comment=f"So doubts {name}")
            return browsers[name].post("/raise", data=fields)

        answers = at_once(browsers, send)
        loser = max(answers, key=lambda name: answers[name].status_code)
        told = answers[loser].text
        assert [303, 422] == sorted(answer.status_code for answer in answers.values())
        number = answers[next(name for name in answers if name != loser)].headers["location"].rpartition("=")[2]
        assert f'disputed already. <a href="/disputes/{number}">Dispute {number}</a>' in told
        assert f">So doubts {SHOWN[loser]}</textarea>" in told
