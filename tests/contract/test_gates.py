"""The gates: Great Expectations counts what the masks count, reports its own failures as failures, and stays quiet."""

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from expectations.gate import run_suite
from expectations.intake import pull_gate
from expectations.pack import pack_gate
from expectations.page import gate_page
from expectations.regulation import regulation_gate
from planerka.intake.check import check_rows
from planerka.intake.frame_tests import FRAME_TESTS, frame_tallies
from planerka.intake.row_tests import ROW_TESTS
from planerka.intake.spec import Spec, Tally
from planerka.model import PULLED, CheckSeverity, Event, GateReport, Lead
from planerka.pack.facts import Figure, PackFacts, State
from planerka.regulation.judge import clause_results
from planerka.rulebook.kpis import Unit
from tests.builders_intake import CONTEXT, batch_of, fault
from tests.builders_pack import counts, pack_facts, share
from tests.builders_regulation import EDITION, evidence_from
from tests.random_regulation import random_evidence
from tests.unit.test_intake_frames import USUAL
from tests.unit.test_intake_rows import BAD

AT = datetime(2026, 11, 23, 5, tzinfo=UTC)
MOSCOW = ZoneInfo("Europe/Moscow")
ROOT = Path(__file__).parents[2]


def spec(key: str = "a", severity: CheckSeverity = CheckSeverity.BLOCK, **fields) -> Spec:
    return Spec(key=key, ru=key, en=key, severity=severity, **fields)


def suite_of(*tallies: Tally) -> GateReport:
    """A suite with one check for each tally."""
    specs = [spec(str(n)) for n, _ in enumerate(tallies)]
    return run_suite("test", pd.DataFrame({"a": [1]}), specs, lambda _: dict(zip("0123", tallies, strict=False)))


@pytest.mark.parametrize("noun", PULLED)
def test_the_gate_and_the_masks_agree_on_every_row_test(noun):
    """On two batches with every kind of bad row that there is, some twice, and an index out of order."""
    changes = [change for bad_noun, change, _, _ in BAD if bad_noun is noun] * 2 + [{}]
    batch = batch_of(noun, *changes, faults=fault(batch_of(noun).rows.columns[-1], "?", position=1))
    tallies = check_rows(batch, CONTEXT).tallies
    expected = [test.check(twice(tallies[test.key])) for test in ROW_TESTS[noun]]
    report = pull_gate(check_rows(batch, CONTEXT).report.checks * 2, USUAL)
    assert expected == [replace(check, examples=()) for check in report.checks if not check.key.startswith("pull.")]


def test_a_check_of_the_gate_shows_rows_that_fail_it():
    checks = check_rows(batch_of(Event, {"id": "E1", "lead_id": "L9"}, {"id": "E2"}), CONTEXT).report.checks
    (known,) = [check for check in pull_gate(checks, USUAL).checks if check.key == "event.lead_known"]
    assert ("event E1, lead_id: 'L9'",) == known.examples


def twice(tally: Tally) -> Tally:
    return Tally(rows_n=2 * tally.rows_n, failed_n=2 * tally.failed_n, unknown_n=2 * tally.unknown_n)


def test_the_gate_and_the_masks_agree_on_a_pull():
    facts = replace(USUAL, held_n=999)
    tallies = frame_tallies(facts)
    assert tuple(test.check(tallies[test.key]) for test in FRAME_TESTS) == pull_gate((), facts).checks


def test_the_gate_and_the_verdicts_agree_on_every_clause():
    """Random evidence, a tenth of it unknown: counts of each clause are those that the verdicts are made from."""
    evidence = random_evidence(5_000)
    expected = {number: Tally.of_codes(column.codes) for number, column in clause_results(EDITION, evidence).items()}
    report = regulation_gate(EDITION, evidence)
    assert expected == {
        c.key: Tally(rows_n=c.rows_n, failed_n=c.failed_n, unknown_n=c.unknown_n) for c in report.checks
    }
    assert report.is_open, "a broken clause is a finding and stops nothing"


def test_every_check_has_its_own_answer():
    """Answers come back in an order of their own, and checks that look alike must not share one."""
    report = suite_of(Tally(rows_n=5), Tally(rows_n=5, failed_n=2), Tally(rows_n=5, unknown_n=5))
    assert [(0, 0), (2, 0), (0, 5)] == [(check.failed_n, check.unknown_n) for check in report.checks]
    assert [True, False, True] == [check.is_passed for check in report.checks]


def test_a_check_that_looked_at_nothing_is_passed():
    assert suite_of(Tally()).is_open


def test_a_check_that_cannot_run_is_an_error_and_closes_the_gate():
    """It is not counted as broken, and its message quotes no phone."""

    def raise_error(_: pd.DataFrame) -> dict[str, Tally]:
        raise ValueError("cannot read +7 916 123-45-67")

    (check,) = run_suite("test", pd.DataFrame({"a": [1]}), [spec(severity=CheckSeverity.WARN)], raise_error).checks
    assert (0, False, "cannot read ***") == (check.failed_n, check.is_passed, check.error)
    assert not GateReport(suite="test", checks=(check,)).is_open


def test_one_check_without_an_answer_leaves_the_others_theirs():
    report = suite_of(Tally(rows_n=1))
    missing = run_suite("test", pd.DataFrame({"a": [1]}), [spec("0"), spec("9")], lambda _: {"0": Tally(rows_n=1)})
    assert report.checks[0] == missing.checks[0]
    assert [False, True] == [bool(check.error) for check in missing.checks]


def test_gates_that_run_at_once_do_not_mix_their_frames():
    def rows_n(n: int) -> int:
        return pull_gate(check_rows(batch_of(Event, *[{}] * n), CONTEXT).report.checks, USUAL).checks[0].rows_n

    with ThreadPoolExecutor(4) as pool:
        assert list(range(1, 30)) == list(pool.map(rows_n, range(1, 30)))


def test_many_batches_are_judged_as_one_pull():
    """Fifteen bad rows in each of two windows: each is forgiven, together they stop the run."""
    bad = check_rows(batch_of(Event, *[{"lead_id": "L9", "id": f"E{n}"} for n in range(15)]), CONTEXT).report.checks
    good = check_rows(batch_of(Lead, {}), CONTEXT).report.checks
    one, both = (pull_gate([*bad * n, *good], USUAL) for n in (1, 2))
    assert (True, False) == (one.is_open, both.is_open)
    assert [("event.lead_known", 30, 30)] == [(c.key, c.rows_n, c.failed_n) for c in both.stopped_by]


def test_a_gate_prints_nothing_and_leaves_no_file(tmp_path):
    """No progress bar, no warning, no folder of its own, wherever it is run from."""
    code = "from tests.contract.test_gates import suite_of, Tally; suite_of(Tally(rows_n=1))"
    environment = {"PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path), "HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert ("", "", []) == (done.stdout, done.stderr, list(tmp_path.iterdir()))


def whole(facts: PackFacts) -> PackFacts:
    """The facts with a figure for every definition."""
    figures = tuple(Figure(kpi=definition.kpi, value=0.5) for definition in facts.appendix.definitions)
    return replace(facts, appendix=replace(facts.appendix, figures=figures))


def with_figure(figure: Figure) -> PackFacts:
    facts = whole(pack_facts())
    others = tuple(f for f in facts.appendix.figures if f.kpi != figure.kpi)
    return replace(facts, appendix=replace(facts.appendix, figures=(*others, figure)))


def not_passed(facts: PackFacts) -> list[str]:
    return [check.key for check in pack_gate(facts).checks if not check.is_passed]


def test_a_whole_pack_may_be_shown():
    assert ([], True) == (not_passed(whole(pack_facts())), pack_gate(whole(pack_facts())).is_open)


OFF_SHARES = [
    replace(share("qualified_share", 3, 10), value=1.2),
    replace(share("qualified_share", 3, 10), value=-0.1),
    replace(share("qualified_share", 3, 10), numerator_n=11),
    replace(share("qualified_share", 3, 10), low=0.4),
    replace(share("qualified_share", 3, 10), high=0.2),
]


@pytest.mark.parametrize("figure", OFF_SHARES)
def test_a_share_that_is_none_stops_the_pack(figure):
    assert ["pack.shares"] == not_passed(with_figure(figure))


FIGURES = [
    (Figure(kpi="cost_per_lead", value=None, state=State.NOT_COMPUTABLE, missing=("spend",)), []),
    (Figure(kpi="cost_per_lead", value=None, state=State.NO_DATA), []),
    (Figure(kpi="cost_per_lead", value=None), ["pack.figures_present"]),
    (Figure(kpi="no_such_kpi", value=1.0), []),
]


@pytest.mark.parametrize("figure, expected", FIGURES)
def test_a_figure_is_there_or_says_why_not(figure, expected):
    assert expected == not_passed(with_figure(figure))


def test_a_figure_that_nobody_computed_stops_the_pack():
    facts = whole(pack_facts())
    fewer = replace(facts, appendix=replace(facts.appendix, figures=facts.appendix.figures[1:]))
    assert ["pack.figures_present"] == not_passed(fewer)


def test_a_figure_that_was_there_last_week_stops_the_pack():
    """What the source never had stops nothing."""
    facts = whole(pack_facts())
    assert ["pack.kept"] == not_passed(replace(facts, appendix=replace(facts.appendix, lost=("leads_n",))))


def test_stale_data_stop_the_pack():
    facts = whole(pack_facts())
    stale = tuple(replace(source, is_stale=True) for source in facts.header.sources)
    assert ["pack.fresh"] == not_passed(replace(facts, header=replace(facts.header, sources=stale)))


def test_a_closed_gate_stops_the_pack():
    facts = whole(pack_facts())
    closed = GateReport(suite="intake", checks=(spec().check(Tally(rows_n=1, failed_n=1)),))
    assert ["pack.gates"] == not_passed(replace(facts, appendix=replace(facts.appendix, gates=(closed,))))


def test_a_funnel_that_widens_over_five_weeks_is_told_of():
    """In one week it may: its contracts come from the bookings of others."""
    facts = whole(pack_facts())
    week = (counts("bookings_n", 1, 10), counts("contracts_n", 3, 8))
    weeks = (counts("bookings_n", 1, 10), counts("contracts_n", 3, 11))
    reports = [pack_gate(replace(facts, funnel=replace(facts.funnel, steps=steps))) for steps in (week, weeks)]
    assert [[], ["pack.funnel"]] == [[check.key for check in report.warnings] for report in reports]
    assert all(report.is_open for report in reports)


def page(language: str = "ru") -> str:
    bad = [{"lead_id": "L9", "id": f"E{n}"} for n in range(30)]
    clauses = regulation_gate(EDITION, evidence_from([{"reason": "no_answer", "attempts_n": 2}] * 4))
    reports = (pull_gate(check_rows(batch_of(Event, *bad), CONTEXT).report.checks, USUAL), clauses)
    return gate_page(reports, "<script>alert(1)</script>", AT, MOSCOW, language, EDITION)


@pytest.mark.parametrize(
    "language, expected",
    [
        ("ru", ["Работа остановлена", "События: лид есть в базе. Ошибок: 30 из 30.", "Недозвон", "1.1. ", "0 %"]),
        ("en", ["Work has stopped", "Events: the lead is known. Wrong: 30 of 30.", "No answer", "1.1. ", "0%"]),
    ],
)
def test_the_page_says_what_stopped_the_run_and_which_clauses_are_kept(language, expected):
    text = page(language).replace("\xa0", " ")
    assert expected == [words for words in expected if words in text]


def headings(html: str) -> list[str]:
    return re.findall(r"<h[23][^>]*>([^<]+)<", html)


def judged(*attempts: int) -> GateReport:
    facts = {"reason": "no_answer", "attempt_days_n": 3, "attempt_hours_n": 2, "messages_n": 1, "first_attempt_min": 20}
    return regulation_gate(EDITION, evidence_from([facts | {"attempts_n": n} for n in attempts]))


def test_the_clauses_broken_most_come_first_with_their_reason_and_whether_the_rejection_stands():
    """A head of sales reads the first table; a broken norm is no reason to take a rejection back."""
    html = gate_page([judged(2, 6, 6)], "crm", AT, MOSCOW, "ru", EDITION)
    assert ["Как соблюдается регламент", "Нарушают чаще всего", "Любая причина", "Недозвон"] == headings(html)[:4]
    row = r'<th scope="row">([\d.]+) [^<]*<span class="note">([^<]*)<.*?counts">([^<]*)<'
    told = re.findall(row, html.split("<tbody>")[1], flags=re.DOTALL)
    assert [
        ("1.5.", "Недозвон · нарушение нормы, отказ остаётся в силе", "Нарушен: 3 из 3"),
        ("1.1.", "Недозвон", "Нарушен: 1 из 3"),
    ] == told[:2]


def test_where_nothing_is_broken_there_is_no_worst():
    html = gate_page([regulation_gate(EDITION, evidence_from([{"reason": "spam"}]))], "crm", AT, MOSCOW, "ru", EDITION)
    assert "Нарушают чаще всего" not in html


def test_what_has_stopped_the_work_stands_above_what_people_can_mend():
    """In a week without trouble the rules come first: more people read of them than of the data."""
    rules, good = judged(2), pack_gate(whole(pack_facts()))
    stopped = GateReport(suite="intake", checks=(spec().check(Tally(rows_n=1, failed_n=1)),))
    order = headings(gate_page([good, rules, stopped], "crm", AT, MOSCOW, "ru", EDITION))
    sections = ["Годятся ли данные для работы", "Как соблюдается регламент", "Можно ли показывать пакет"]
    assert sections == [found for found in order if found in sections]


def test_the_page_has_no_script_and_asks_for_nothing_from_outside():
    html = page()
    assert [] == re.findall(r"<script|<link|<img|src=|https?://|@import|url\(", html)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


def test_the_page_does_not_pay_for_great_expectations():
    code = "import sys, expectations.page; sys.exit('great_expectations' in sys.modules)"
    assert 0 == subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode


def test_a_company_that_beats_its_plan_gets_its_pack():
    """Fulfilment is said in per cent, and is no part of its plan."""
    facts = whole(pack_facts())
    ahead = Figure(kpi="plan_fulfilment", value=1.5, numerator_n=9, denominator_n=6)
    definition = replace(facts.appendix.definitions[0], kpi="plan_fulfilment", unit=Unit.SHARE)
    appendix = replace(
        facts.appendix,
        definitions=(*facts.appendix.definitions, definition),
        figures=(*facts.appendix.figures, ahead),
    )
    assert [] == not_passed(replace(facts, appendix=appendix))
