"""A weekly cycle on amoCRM and on Odoo tells what it tells of an export of the same leads; rulings come back there."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from flows.cli import app
from planerka.clock import Week
from planerka.disputes.applying import ApplyReport, apply_commands
from planerka.disputes.ruling import rule
from planerka.intake.pull import pull, sweep
from planerka.model import Command, Decision, DisputeOrigin, EventKind, LeadStatus, Outcome
from planerka.store import commands, disputes
from planerka.store.database import reading
from planerka.store.disputes import DisputeView
from planerka.store.tables import event, neglect, verdict
from tasks.company import Company
from tests.builders_cycle import Cycle, nothing_to_say, on_day, run_cycle
from tests.builders_leads import FIRST_PULL_AT, NOW, ZONE, Story, world
from tests.builders_leads_amo import AmoWorld
from tests.builders_leads_crm import World, open_company, opened_in, put_all
from tests.builders_leads_export import write_export
from tests.builders_leads_odoo import OdooWorld

WEEK = Week.last_complete(NOW, ZONE)
BEFORE_ALL = datetime(2026, 8, 1, tzinfo=UTC)
NO_TALKS = ("event.call_in", "event.duration_s")
UNCHECKED = {
    "amocrm": {},
    "odoo": {
        "3.1": NO_TALKS,
        "8.1": NO_TALKS,
        "9.1": NO_TALKS,
        "10.1": NO_TALKS,
        "13.1": ("event.outcome",),
        "13.2": NO_TALKS,
    },
}
"""Clauses that an export can answer and the CRM cannot, and what it lacks for each."""

JUNK = {"Спам", "Ошибка номера"}

Found = tuple[Outcome, dict[str, str]]
"""A verdict: its outcome, and what it found by clause."""


@dataclass(frozen=True)
class Told:
    """What a cycle told: figures as (state, numerator, denominator, missing), the same of channels by title, verdicts
    by lead and second of the rejection, silences by lead with the last touch and the end of the norm.
    """

    figures: dict[str, tuple[Any, ...]]
    channels: dict[str | None, dict[str, tuple[Any, ...]]]
    verdicts: dict[tuple[int, int], Found]
    not_checkable: dict[str, tuple[str, ...]]
    silences: set[tuple[int, datetime, datetime]]
    held_back_n: int


@dataclass(frozen=True)
class Lived:
    """A CRM after the cycle of NOW. Each test takes disputes of its own, `neglected` over silences."""

    world: World
    company: Company
    told: Told
    fresh: Iterator[DisputeView]
    neglected: Iterator[DisputeView]

    def later(self) -> Company:
        """The company an hour later than it was last seen."""
        self.world.clock += timedelta(hours=1)
        return on_day(self.company, self.world.clock)

    def ruled(self, decision: Decision, among: Iterator[DisputeView] | None = None) -> DisputeView:
        """Another dispute, over a rejection unless asked otherwise, just after that ruling on it."""
        dispute, at = next(among or self.fresh), self.later()
        rule(at.docket, dispute.id, decision, "Соколова", "Две попытки", at.now)
        return dispute

    def apply(self) -> ApplyReport:
        at = self.later()
        return apply_commands(at.engine, at.crm, "this test", at.now)

    def pending(self, dispute: DisputeView) -> list[Command]:
        with reading(self.company.engine) as connection:
            waiting = commands.pending(connection, self.company.crm.source)
        return [command for command in waiting if command.lead_id == dispute.lead_id]

    def events(self, dispute: DisputeView, kind: EventKind) -> list[datetime]:
        query = sa.select(event.c.at).where(event.c.lead_id == dispute.lead_id, event.c.kind == str(kind))
        with reading(self.company.engine) as connection:
            return list(connection.scalars(query))

    def show(self, dispute: DisputeView) -> dict[str, Any]:
        """What the shell shows of a dispute."""
        return json.loads(shell("disputes", "show", str(dispute.id)))


def shell(*arguments: str) -> str:
    ran = CliRunner().invoke(app, arguments)
    assert 0 == ran.exit_code, ran
    return ran.stdout


def told_by(company: Company, cycle: Cycle, ids: dict[int, str]) -> Told:
    facts = cycle.pack.facts
    numbers = {key: number for number, key in ids.items()}
    judged = sa.select(event.c.lead_id, event.c.at, verdict.c.outcome, verdict.c.findings)
    judged = judged.join(verdict, verdict.c.rejection_id == event.c.id)
    with reading(company.engine) as connection:
        verdicts = {
            (numbers[row.lead_id], int(row.at.timestamp())): (Outcome(row.outcome), results_of(row.findings))
            for row in connection.execute(judged)
        }
        silences = {
            (numbers[row.lead_id], row.last_touch_at, row.neglected_at)
            for row in connection.execute(sa.select(neglect.c["lead_id", "last_touch_at", "neglected_at"]))
        }
    return Told(
        figures={figure.kpi: counts_of(figure) for figure in facts.appendix.figures},
        channels={
            scope.title: {trend.now.kpi: counts_of(trend.now) for trend in scope.trends}
            for scope in facts.funnel.by_channel
        },
        verdicts=verdicts,
        not_checkable={clause.clause: clause.missing for clause in facts.rejections.not_checkable},
        silences=silences,
        held_back_n=cycle.pulled.waiting_n,
    )


def counts_of(figure: Any) -> tuple[Any, ...]:
    return figure.state, figure.numerator_n, figure.denominator_n, figure.missing


def results_of(findings: list[dict[str, Any]]) -> dict[str, str]:
    return {found["clause"]: found["result"] for found in findings}


@pytest.fixture(scope="module")
def stories() -> list[Story]:
    return world()


@pytest.fixture(scope="module")
def by_export(stories: list[Story], tmp_path_factory: pytest.TempPathFactory) -> Told:
    folder = tmp_path_factory.mktemp("export")
    settings = {"KIND": "table", "MAPPING": str(write_export(stories, folder))}
    variables = {f"PLANERKA_SOURCE__{name}": value for name, value in settings.items()}
    with open_company(folder, NOW, variables) as company:
        return told_by(company, run_cycle(company), {story.number: story.key for story in stories})


@pytest.fixture(scope="module", params=(AmoWorld, OdooWorld), ids=lambda kind: kind.kind)
def lived(
    request: pytest.FixtureRequest, stories: list[Story], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lived]:
    """A pull of a week ago, one of now, a sweep, and the cycle."""
    there = request.param(BEFORE_ALL)
    put_all(there, stories, None, FIRST_PULL_AT)
    with opened_in(there, tmp_path_factory.mktemp(there.kind)) as company:
        pulled(on_day(company, FIRST_PULL_AT))
        put_all(there, stories, FIRST_PULL_AT, NOW)
        pulled(company)
        assert 2 == sweep(company.engine, company.crm, NOW)
        told = told_by(company, run_cycle(company), {number: str(key) for number, key in there.ids.items()})
        with reading(company.engine) as connection:
            queue = disputes.listing(connection, company.crm.source)
        rejections = [view for view in queue if view.origin != DisputeOrigin.NEGLECT]
        neglects = [view for view in queue if view.origin == DisputeOrigin.NEGLECT]
        yield Lived(there, company, told, iter(rejections), iter(neglects))


def pulled(company: Company) -> None:
    report = pull(company.engine, company.crm, ZONE, company.now, nothing_to_say)
    assert (0, 0) == (report.quarantined_n, report.waiting_n)


def without(found: Found, unchecked: dict[str, Any]) -> Found:
    """A verdict of a source that cannot answer some clauses."""
    _, results = found
    left = {clause: result for clause, result in results.items() if clause not in unchecked}
    if left == results:
        return found
    faults = {"1.5", "9.3"}
    void = {result for clause, result in left.items() if clause not in faults}
    return Outcome.UNLAWFUL if "broken" in void else Outcome.UNPROVABLE if void else Outcome.LAWFUL, left


def shares_of(verdicts: dict[tuple[int, int], Found], stories: list[Story]) -> dict[str, int]:
    """How many rejections of the week are what, counted over verdicts."""
    reasons = {
        (story.number, int(act.at.timestamp())): act.more["reason"]
        for story in stories
        for act in story.acts
        if act.kind == "reject"
    }
    of_week = {
        key: outcome
        for key, (outcome, _) in verdicts.items()
        if WEEK.monday <= datetime.fromtimestamp(key[1], ZONE).date() <= WEEK.sunday
    }
    outcomes = Counter(of_week.values())
    junk_n = sum(outcome == Outcome.LAWFUL and reasons[key] in JUNK for key, outcome in of_week.items())
    shares = {"unlawful_share": outcomes[Outcome.UNLAWFUL], "unprovable_share": outcomes[Outcome.UNPROVABLE]}
    return shares | {"valid_junk_share": junk_n}


def test_every_verdict_is_that_of_the_export_but_for_what_the_crm_cannot_answer(lived, by_export):
    unchecked = UNCHECKED[lived.world.kind]
    expected = {key: without(found, unchecked) for key, found in by_export.verdicts.items()}
    assert expected == lived.told.verdicts
    assert {Outcome.LAWFUL, Outcome.UNLAWFUL, Outcome.UNPROVABLE} == {outcome for outcome, _ in expected.values()}


def test_what_the_crm_cannot_answer_is_named(lived, by_export):
    """Beside what the export cannot answer either: 12.1 asks for a talk, or for a field that neither has."""
    told = {clause: lacks for clause, lacks in lived.told.not_checkable.items() if clause != "12.1"}
    of_both = {clause: lacks for clause, lacks in by_export.not_checkable.items() if clause != "12.1"}
    assert of_both | UNCHECKED[lived.world.kind] == told


def test_every_figure_is_that_of_the_export(lived, by_export, stories):
    """The shares of verdicts follow from the verdicts, of which some are others."""
    shares = shares_of(lived.told.verdicts, stories)
    expected = {
        kpi: (state, shares.get(kpi, numerator_n), denominator_n, missing)
        for kpi, (state, numerator_n, denominator_n, missing) in by_export.figures.items()
    }
    assert expected == lived.told.figures
    assert by_export.channels == lived.told.channels
    assert by_export.silences == lived.told.silences
    assert 0 == lived.told.held_back_n


def test_a_return_opens_the_lead_and_the_next_pull_has_it(lived):
    dispute = lived.ruled(Decision.RETURN_TO_WORK)
    [command] = lived.pending(dispute)
    before_n = len(lived.events(dispute, EventKind.REOPENED))
    report = lived.apply()
    assert (1, 1) == (report.handed_over_n, report.confirmed_n)
    pulled(lived.later())
    assert (LeadStatus.OPEN, None, before_n + 1) == (
        lived.show(dispute)["status"],
        lived.show(dispute)["refusal"],
        len(lived.events(dispute, EventKind.REOPENED)),
    )
    assert 0 == lived.apply().handed_over_n
    lived.later().crm.apply(command)
    [note] = [note for note in lived.world.notes_on(int(dispute.lead_id)) if command.marker in note]
    assert "Две попытки" in note


def test_a_neglected_lead_stays_where_it_is_and_its_manager_is_told_once(lived):
    """It was open all the time; the next pull sees no return."""
    dispute = lived.ruled(Decision.RETURN_TO_WORK, lived.neglected)
    [command] = lived.pending(dispute)
    tasks_n = len(lived.events(dispute, EventKind.TASK_SET))
    report = lived.apply()
    assert (1, 1, None) == (report.handed_over_n, report.confirmed_n, lived.show(dispute)["refusal"])
    assert 0 == lived.apply().handed_over_n
    pulled(lived.later())
    shown = lived.show(dispute)
    assert (LeadStatus.OPEN, dispute.stage_id) == (shown["status"], shown["stage_id"])
    assert ([], tasks_n + 1) == (
        lived.events(dispute, EventKind.REOPENED),
        len(lived.events(dispute, EventKind.TASK_SET)),
    )
    [note] = [note for note in lived.world.notes_on(int(dispute.lead_id)) if command.marker in note]
    assert "Две попытки" in note


def test_a_request_for_evidence_leaves_the_lead_as_it_is(lived):
    dispute = lived.ruled(Decision.REQUEST_EVIDENCE)
    [command] = lived.pending(dispute)
    for handed_over_n in (1, 0):
        assert handed_over_n == lived.apply().handed_over_n
    pulled(lived.later())
    notes = [note for note in lived.world.notes_on(int(dispute.lead_id)) if command.marker in note]
    assert (LeadStatus.REJECTED, 1) == (lived.show(dispute)["status"], len(notes))


def test_a_dispute_shows_why_its_ruling_was_not_carried_out(lived):
    """The lead was deleted meanwhile. The command stays pending, and every run tries it."""
    dispute = lived.ruled(Decision.RETURN_TO_WORK)
    [command] = lived.pending(dispute)
    lived.world.forget(int(dispute.lead_id))
    for _ in range(2):
        [refusal] = [refusal for refusal in lived.apply().refused if refusal.startswith(command.marker)]
        shown = lived.show(dispute)
        assert refusal == f"{command.marker}: {shown['refusal']}"
        assert re.search(rf"lead {dispute.lead_id}\b.*it was deleted, or merged into another one", refusal)
        assert lived.world.clock == datetime.fromisoformat(shown["refused_at"])
        assert [command] == lived.pending(dispute)
    assert f"{command.marker}\n  would be refused: {shown['refusal']}\n" in shell("apply", "--dry-run")


@pytest.mark.parametrize("decision", [Decision.RETURN_TO_WORK, Decision.REQUEST_EVIDENCE])
def test_a_dry_run_shows_the_requests_and_sends_none_of_them(lived, decision):
    dispute = lived.ruled(decision)
    [command] = lived.pending(dispute)
    before_n = len(lived.world.written)
    said = shell("apply", "--dry-run")
    assert [] == lived.world.written[before_n:]
    lived.apply()
    shown = said.partition(f"{command.marker}\n")[2].partition("\nplanerka-")[0].splitlines()
    lines = [line.strip() for line in shown if line.startswith("  ")]
    assert lived.world.written[before_n:] == lines
    assert lived.world.settings()["KEY"] not in said
    assert "This was a dry run: nothing was written." in said
