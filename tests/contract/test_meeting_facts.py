"""What the pack says of rejections, silences, returned leads and stock, from rows of a store, on both databases."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
import sqlalchemy as sa

from planerka.clock import Week
from planerka.errors import BusyError, GateStoppedError, UsageError
from planerka.model import (
    Check,
    CheckSeverity,
    ClauseResult,
    Consequence,
    Contract,
    Event,
    Finding,
    GateReport,
    Lead,
    Outcome,
    Reference,
    Rejection,
    Stock,
    Verdict,
)
from planerka.pack.assemble import open_week
from planerka.pack.assembly.appendix import RECOUNTED, appendix, why_restated
from planerka.pack.assembly.rejections import rejections
from planerka.pack.assembly.review import ledger
from planerka.pack.assembly.week import PackWeek, highest_first
from planerka.pack.facts import Changed, Correction, State, StraySpend, Text, VerdictCounts
from planerka.pack.freeze import find_pack, freeze
from planerka.regulation.editions import parse
from planerka.rulebook.regulation import Edition
from planerka.settings import PROJECT, Settings
from planerka.store import editions, meeting_facts, neglect, quarantine, verdicts
from planerka.store.editions import Signature, StoredEdition
from planerka.store.leads import store_batch, sweep
from planerka.store.tables import measure
from planerka.store.windows import Source, put_source
from tests.builders_intake import NO_PLACE
from tests.builders_measures import typed
from tests.builders_pack import share
from tests.builders_store import frame_of

SOURCE, ZONE, WEEK = "crm", ZoneInfo("Europe/Moscow"), Week.parse("2026-W47")
UNTIL = datetime(2026, 11, 22, 21, tzinfo=UTC)
"""Midnight after the Sunday of the week, in Moscow: how far the source is complete."""

FIRST = (PROJECT / "rulebook/regulation/2024-01-01.yaml").read_text(encoding="utf-8")


def edition_of(name: str, *changes: tuple[str, str]) -> Edition:
    """The first edition of the example with another name, day and words."""
    text = FIRST.replace('edition: "2024-01-01"', f'edition: "{name}"').replace(
        "effective_on: 2024-01-01", f"effective_on: {name}"
    )
    for old, new in changes:
        text = text.replace(old, new)
    return parse(text, name)


def put(connection: sa.Connection, noun: type, *rows: dict[str, Any]) -> None:
    store_batch(connection, SOURCE, noun, frame_of(noun, *rows), ZONE)


def sign(connection: sa.Connection, edition: Edition) -> None:
    values = {"edition": edition.name, "sha256": edition.sha256}
    stored = StoredEdition(effective_on=edition.effective_on, content=edition.content, **values)
    editions.put_edition(connection, stored)
    for role in ("marketing", "sales"):
        editions.sign(connection, Signature(role=role, name="Head", signed_at=UNTIL, **values))


def rejected(connection: sa.Connection, *rows: tuple[str, str]) -> None:
    """Leads L-E1… and the events E1… that rejected them at an instant."""
    put(connection, Lead, *({"id": f"L-{id_}", "status": "rejected", "manager_id": "M"} for id_, _ in rows))
    put(connection, Reference, {})
    events = ({"id": id_, "lead_id": f"L-{id_}", "kind": "rejected", "at": at, "reason_id": "17"} for id_, at in rows)
    put(connection, Event, *({**event, "manager_id": "M"} for event in events))


def judged(
    connection: sa.Connection,
    edition: str,
    outcome: Outcome,
    *broken: str,
    id_: str = "E1",
    lacks: tuple[str, ...] = (),
) -> None:
    findings = tuple(
        Finding(clause=clause, result=ClauseResult.BROKEN, consequence=Consequence.VOID, ru="", en="")
        for clause in broken
    )
    same = {"findings": findings, "evidence": {}, "lacks": lacks}
    new = Verdict(rejection_id=id_, number=1, edition=edition, outcome=outcome, **same)
    verdicts.add(connection, SOURCE, [new], UNTIL)


def pack_of(connection: sa.Connection, week: Week = WEEK, lacks: frozenset[str] = frozenset()) -> PackWeek:
    known = replace(KNOWN, lacks=lacks)
    put_source(connection, known)
    return open_week(connection, known, week, Settings(), frozenset({"analyst"}), UNTIL)


KNOWN = Source(source=SOURCE, lacks=frozenset(), data_until=UNTIL)


def test_a_rejection_without_a_verdict_is_too_new_or_not_judged(connection: sa.Connection) -> None:
    """No row of a verdict says either: Sunday evening's waits for late calls, Monday's has a reason nobody mapped."""
    sign(connection, edition_of("2024-01-01"))
    rejected(connection, ("E1", "2026-11-17T09:00Z"), ("E2", "2026-11-16T09:00Z"), ("E3", "2026-11-22T18:00Z"))
    judged(connection, "2024-01-01", Outcome.LAWFUL)
    expected = VerdictCounts(lawful_n=1, unlawful_n=0, unprovable_n=0, not_judged_n=1, unsettled_n=1)
    assert expected == rejections(pack_of(connection)).verdicts


@pytest.mark.parametrize(
    "lacks, lawful_n, lacked",
    [
        ((), 1, ()),
        (("event.call_out",), 1, ()),
        (("event.call_out", "event.message_out"), 0, ("event.call_out", "event.message_out")),
        (("event",), 0, ("event.call_out", "event.message_out")),
    ],
)
def test_a_rejection_is_not_called_lawful_where_no_clause_of_its_reason_can_be_asked(
    lacks: tuple[str, ...], lawful_n: int, lacked: tuple[str, ...], connection: sa.Connection
) -> None:
    """Without calls and messages nothing can speak against "no answer": that is no proof. A fault proves nothing."""
    sign(connection, edition_of("2024-01-01"))
    rejected(connection, ("E1", "2026-11-17T09:00Z"), ("E2", "2026-11-17T10:00Z"))
    judged(connection, "2024-01-01", Outcome.LAWFUL, lacks=lacks)
    judged(connection, "2024-01-01", Outcome.UNLAWFUL, "0.2", id_="E2", lacks=lacks)
    found = rejections(pack_of(connection))  # today it has everything
    counted = VerdictCounts(lawful_n=lawful_n, unlawful_n=1, unprovable_n=0, not_judged_n=0, unchecked_n=1 - lawful_n)
    assert (counted, lacked) == (found.verdicts, found.unchecked_for)


def test_without_an_edition_every_rejection_is_not_judged(connection: sa.Connection) -> None:
    """They were rejected, and nobody can say how: that is not a week without rejections."""
    rejected(connection, ("E1", "2026-11-17T09:00Z"), ("E2", "2026-11-22T18:00Z"))
    expected = VerdictCounts(lawful_n=0, unlawful_n=0, unprovable_n=0, not_judged_n=2, unsettled_n=0)
    assert expected == rejections(pack_of(connection)).verdicts


def test_a_lead_that_vanished_counts_nowhere(connection: sa.Connection) -> None:
    """As in the measures: the tiles and the shares under them speak of the same rejections."""
    rejected(connection, ("E1", "2026-11-17T09:00Z"), ("E2", "2026-11-17T10:00Z"))
    sweep(connection, SOURCE, {"L-E1"}, UNTIL)
    assert 1 == rejections(pack_of(connection)).verdicts.not_judged_n


def test_a_verdict_is_said_in_the_words_of_its_own_edition(connection: sa.Connection) -> None:
    """In the week after a new edition the quarter is full of clauses that it does not have, or has changed."""
    sign(connection, edition_of("2024-01-01"))
    sign(connection, edition_of("2026-11-19", ('"1.1"', '"1.11"'), ("Недозвон", "Без ответа")))
    rejected(connection, ("E1", "2026-11-17T09:00Z"), ("E2", "2026-11-20T09:00Z"))
    judged(connection, "2024-01-01", Outcome.UNLAWFUL, "1.1")
    judged(connection, "2026-11-19", Outcome.UNLAWFUL, "1.11", id_="E2")
    found = {(fact.edition, fact.clause): fact for fact in rejections(pack_of(connection)).clauses}
    assert {("2024-01-01", "1.1"): "Недозвон", ("2026-11-19", "1.11"): "Без ответа"} == {
        key: fact.reason and fact.reason.ru for key, fact in found.items()
    }
    assert {(1, 1)} == {(fact.broken_n, fact.checked_n) for fact in found.values()}


def test_a_rejection_without_a_reason_breaks_a_general_clause(connection: sa.Connection) -> None:
    """Clauses 0.1 and 0.2 void like any other, and are asked of rejections for whatever reason."""
    sign(connection, edition_of("2024-01-01"))
    rejected(connection, ("E1", "2026-11-17T09:00Z"), ("E2", "2026-11-17T10:00Z"))
    put(connection, Event, {"id": "E3", "lead_id": "L-E1", "kind": "rejected", "at": "2026-11-18T09:00Z"})
    judged(connection, "2024-01-01", Outcome.LAWFUL)
    judged(connection, "2024-01-01", Outcome.UNLAWFUL, "0.2", id_="E2")
    judged(connection, "2024-01-01", Outcome.UNLAWFUL, "0.1", id_="E3")
    facts = rejections(pack_of(connection)).clauses
    assert [("0.1", None, 1, 3), ("0.2", None, 1, 2)] == [
        (fact.clause, fact.reason, fact.broken_n, fact.checked_n) for fact in facts
    ]


def silent(connection: sa.Connection, *leads: dict[str, Any]) -> None:
    """Leads that were neglected on 12 November; `manager_id` is who owns them now, "old" who did then."""
    put(connection, Lead, *leads)
    at = datetime(2026, 11, 7, 9, tzinfo=UTC)
    same = {"manager_id": "old", "last_touch_at": at, "neglected_at": at + timedelta(days=5)}
    neglect.store(connection, SOURCE, typed(pd.DataFrame([{"lead_id": lead["id"], **same} for lead in leads])), ZONE)


def test_only_open_leads_that_may_be_called_lie_neglected(connection: sa.Connection) -> None:
    """A lead that is gone, closed, or whose client asked not to be called is nobody's omission, and no dispute."""
    silent(
        connection,
        {"id": "L1", "manager_id": "M"},
        {"id": "L2", "status": "rejected"},
        {"id": "L3"},
        {"id": "L4", "client_id": "C"},
        {"id": "L5", "client_id": "C", "status": "rejected"},
    )
    put(connection, Rejection, {"id": "E5", "lead_id": "L5", "asked_not_to_call": True})
    sweep(connection, SOURCE, {"L1", "L2", "L4", "L5"}, UNTIL)
    found = meeting_facts.silences(connection, SOURCE, UNTIL)
    assert [("M", "L1")] == list(zip(found["manager_id"], found["lead_id"], strict=True))


def test_neglected_leads_are_part_of_those_in_work(connection: sa.Connection) -> None:
    """Both by who owns them now: the lead that lay with one person is taken over by another."""
    sign(connection, edition_of("2024-01-01"))
    silent(connection, {"id": "L1", "manager_id": "M"}, {"id": "L2", "manager_id": "M"}, {"id": "L3"})
    put(connection, Lead, {"id": "L4", "manager_id": "M"})
    facts = rejections(pack_of(connection)).neglect
    assert [("M", 2, 3), (None, 1, 1)] == [(fact.manager_title, fact.neglected_n, fact.open_n) for fact in facts]


def returned(connection: sa.Connection, *contracts: dict[str, Any]) -> None:
    put(connection, Lead, {"id": "L1", "status": "won"})
    put(connection, Event, {"id": "E1", "kind": "reopened", "at": "2026-10-01T09:00Z", "actor_id": "analyst"})
    put(connection, Contract, *contracts)


FLAT = {"id": "K1", "price_minor": 9_000_000_00}
PARKING = {"id": "K2", "unit_kind": "parking", "price_minor": 1_000_000_00}
UNPRICED = {"id": "K3"}
IN_DOLLARS = {"id": "K4", "currency": "USD", "price_minor": 90_000_00}


@pytest.mark.parametrize(
    "contracts, contract_n, revenue_minor, missing",
    [
        ([FLAT, PARKING, UNPRICED], 1, 9_000_000_00, ()),
        ([PARKING], 0, 0, ()),
        ([FLAT, IN_DOLLARS], 1, None, ("contract.currency",)),
    ],
)
def test_the_ledger_counts_what_the_kpi_counts(
    connection: sa.Connection, contracts: Any, contract_n: int, revenue_minor: int | None, missing: tuple[str, ...]
) -> None:
    """Flats at their known prices; of two currencies there is no sum."""
    returned(connection, *contracts)
    found = ledger(pack_of(connection))
    assert found is not None
    assert (contract_n, revenue_minor, missing) == (found.contract_n, found.revenue_minor, found.missing)


def test_a_project_without_a_list_of_the_newest_day_keeps_its_last_one(connection: sa.Connection) -> None:
    """Lists come on different days: an older one is not an empty one."""
    days = (("P", "2026-11-20"), ("P", "2026-11-13"), ("Q", "2026-11-13"))
    put(connection, Stock, *({"project_id": project, "stock_on": day} for project, day in days))
    found = meeting_facts.stock_on(connection, SOURCE, WEEK.sunday)
    assert [("P", date(2026, 11, 20)), ("Q", date(2026, 11, 13))] == [
        (row.project_id, row.stock_on.date()) for row in found.itertuples()
    ]


def test_those_of_too_few_leads_stand_last_in_an_order_that_says_nothing() -> None:
    """Their values are known and hidden: to sort by them would publish the ranking that the pack refuses to make."""
    few = {"state": State.NOT_ENOUGH}
    figures = {"Б": share("unlawful_share", 9, 10, **few), "А": share("unlawful_share", 1, 10, **few)}
    figures |= {"Я": share("unlawful_share", 1, 90), "Э": share("unlawful_share", 9, 90)}
    assert ["Э", "Я", "А", "Б"] == sorted(figures, key=lambda name: highest_first(figures[name], name))


def test_a_restated_figure_says_why_only_where_that_is_known() -> None:
    """A new definition is known by its version; late calls, a repaired mapping and a rejudge all look alike."""
    assert RECOUNTED == why_restated("1", "1")
    assert "it was version 1 and is 2" in why_restated("1", "2").en


def freeze_with(engine: sa.Engine, gate: Any, holder: str, company: str | None = None, **asked: Any) -> Any:
    settings = Settings(company=company)
    return freeze(engine, SOURCE, WEEK, settings, frozenset(), UNTIL, "run", gate, holder, **asked)


@pytest.fixture
def pulled(engine: sa.Engine) -> sa.Engine:
    """A store that something was pulled into."""
    with engine.begin() as connection:
        put_source(connection, KNOWN)
    return engine


def open_gate(_facts: object) -> GateReport:
    return GateReport(suite="pack", checks=())


def test_two_at_once_freeze_one_pack(engine: sa.Engine) -> None:
    """The second learns who is at it; the version that people read is that of the row."""
    with engine.begin() as connection:
        put(connection, Lead, {})
        put_source(connection, KNOWN)

    def meanwhile(_facts: object) -> GateReport:
        with pytest.raises(BusyError, match="the first"):
            freeze_with(engine, meanwhile, "the second")
        return GateReport(suite="pack", checks=())

    first = freeze_with(engine, meanwhile, "the first")
    found = find_pack(engine, SOURCE, WEEK)
    assert found is not None
    assert first.facts == found.facts
    assert (1, 1, True, False) == (first.version, first.facts.header.version, first.is_new, found.is_new)
    assert 1 == freeze_with(engine, meanwhile, "the third").version


def test_the_next_pack_restates_a_figure_that_was_counted_again(pulled: sa.Engine) -> None:
    """Only figures whose counts differ, in the words of what is known of the reason."""
    freeze_with(pulled, open_gate, "run")
    with pulled.begin() as connection:
        assert () == appendix(pack_of(connection, WEEK.back(-1))).restated
    counted_again(pulled)
    with pulled.begin() as connection:
        restated = appendix(pack_of(connection, WEEK.back(-1))).restated
        found = [(fact.kpi, fact.week, fact.was, fact.value, fact.why) for fact in restated]
    assert [("leads_n", str(WEEK), 0, 5, RECOUNTED)] == found


def test_a_pack_that_is_kept_says_how_many_of_its_figures_are_others_by_now(pulled: sa.Engine) -> None:
    assert 0 == freeze_with(pulled, open_gate, "run").restated_n
    counted_again(pulled)
    kept = freeze_with(pulled, open_gate, "run")
    assert (False, 1) == (kept.is_new, kept.restated_n)


def counted_again(engine: sa.Engine) -> None:
    """Five leads of the week's Monday, as a later measuring finds them."""
    blank = dict.fromkeys(("project_id", "channel_id", "campaign_id", "manager_id", "agency_id"), "")
    row = {"source": SOURCE, "measure": "leads_n", "day_on": WEEK.monday, "value": 5, **blank}
    with engine.begin() as connection:
        connection.execute(measure.insert().values(row))


def test_a_correction_is_the_next_version_and_says_what_it_changes(pulled: sa.Engine) -> None:
    """With the version it replaces, the reason given, and each figure of the company as it was and as it is."""
    first = freeze_with(pulled, open_gate, "run")
    assert first.facts.correction is None
    counted_again(pulled)
    second = freeze_with(pulled, open_gate, "run", correct="calls came late")
    expected = Correction(replaces=1, why="calls came late", changed=(Changed(kpi="leads_n", was=0, value=5),))
    assert (2, True, expected) == (second.version, second.is_new, second.facts.correction)
    assert second.facts == freeze_with(pulled, open_gate, "run").facts


WRONG_REASONS = ["", " \n", "x" * 501]


@pytest.mark.parametrize("why", WRONG_REASONS, ids=["nothing", "blanks", "a letter"])
def test_a_correction_must_say_why(pulled: sa.Engine, why: str) -> None:
    """A version that gives no reason goes to everybody and explains nothing."""
    with pytest.raises(UsageError, match="a correction says why, in 1 to 500 signs"):
        freeze_with(pulled, open_gate, "run", correct=why)


def test_the_reason_of_a_correction_quotes_no_client(pulled: sa.Engine) -> None:
    """It goes to everybody; a phone and an address in it are masked, and it is one line."""
    freeze_with(pulled, open_gate, "run")
    counted_again(pulled)
    second = freeze_with(pulled, open_gate, "run", correct="клиент +7 916 123-45-67\nivan@mail.ru звонил")
    assert second.facts.correction is not None
    assert "клиент *** *** звонил" == second.facts.correction.why


def test_another_name_of_the_company_can_be_corrected(pulled: sa.Engine) -> None:
    """It stands on top of the page, though no figure changes with it."""
    freeze_with(pulled, open_gate, "run")
    second = freeze_with(pulled, open_gate, "run", correct="a typing error", company="Берег")
    assert (2, "Берег") == (second.version, second.facts.header.company)


def test_a_correction_that_changes_nothing_is_no_version(pulled: sa.Engine) -> None:
    """Nobody gets a second mail that tells the same; where there is no pack yet, there is nothing to correct."""
    first = freeze_with(pulled, open_gate, "run", correct="in vain")
    again = freeze_with(pulled, open_gate, "run", correct="in vain")
    assert (1, None, False) == (first.version, first.facts.correction, again.is_new)


def test_a_check_that_a_person_lets_pass_stands_in_the_pack(pulled: sa.Engine) -> None:
    """The others still stop it, and the message gives the command that goes on."""
    closed = GateReport(suite="pack", checks=(broken("pack.fresh"), broken("pack.kept")))
    with pytest.raises(
        GateStoppedError, match=f"planerka pack --week {WEEK} --despite pack.fresh --despite pack.kept$"
    ):
        freeze_with(pulled, lambda _: closed, "run", despite=["pack.fresh"])
    with pytest.raises(UsageError, match=r"there is no check pack\.frehs of a pack: they are pack\.fresh, pack\.kept"):
        freeze_with(pulled, lambda _: closed, "run", despite=["pack.frehs"])
    shown = freeze_with(pulled, lambda _: closed, "run", despite=["pack.fresh", "pack.kept"])
    assert (Text(ru="нет", en="no"),) * 2 == shown.facts.header.despite


def test_a_correction_that_was_stopped_goes_on_as_a_correction(pulled: sa.Engine) -> None:
    """The command in the message holds the reason too: without it the old version would stand, and no word of it."""
    freeze_with(pulled, open_gate, "run")
    counted_again(pulled)
    closed = GateReport(suite="pack", checks=(broken("pack.fresh"),))
    with pytest.raises(GateStoppedError, match=r"--despite pack\.fresh --correct 'calls came late'$"):
        freeze_with(pulled, lambda _: closed, "run", correct="calls came late")


def broken(key: str) -> Check:
    return Check(
        key=key, ru="нет", en="no", severity=CheckSeverity.BLOCK, rows_n=1, failed_n=1, unknown_n=0, is_passed=False
    )


def test_a_kpi_that_the_source_lost_the_field_of_is_named(pulled: sa.Engine) -> None:
    """An export that came without its calls: what the last pack had, and this one cannot."""
    freeze_with(pulled, open_gate, "run")
    with pulled.begin() as connection:
        assert () == appendix(pack_of(connection, WEEK.back(-1))).lost
        without_contracts = pack_of(connection, WEEK.back(-1), lacks=frozenset({"contract"}))
        assert "contracts_n" in appendix(without_contracts).lost


def test_a_row_that_breaks_two_rules_is_one_row_in_quarantine(connection: sa.Connection) -> None:
    """A date that cannot be read is missing too: three such leads are three rows, and the parts add up to the whole."""
    both, one = ["lead.dates_readable", "lead.required"], ["lead.dates_readable"]
    rows = [
        {"noun": "lead", "row_key": f"L{n}", "row": {"id": f"L{n}"}, "why": why, "place": NO_PLACE}
        for n, why in enumerate([both, both, both, one])
    ]
    quarantine.add(connection, SOURCE, rows, UNTIL)
    held = [(fact.why.en, fact.rows_n) for fact in appendix(pack_of(connection)).quarantine]
    unread = "Leads: dates can be read"
    assert [(f"{unread}; required fields are filled in", 3), (unread, 1)] == held


def test_figures_of_one_stretch_are_read_at_once(connection: sa.Connection) -> None:
    """A pack shows some thirty KPIs of the week: not a query for each."""
    asked: list[str] = []
    pack = pack_of(connection)
    sa.event.listen(connection, "before_cursor_execute", lambda *args: asked.append(args[2]))
    figures = pack.figures({"leads_n": pack.now, "contracts_n": pack.before, "bookings_n": pack.now})
    assert ["leads_n", "contracts_n", "bookings_n"] == list(figures)
    assert 2 == sum("FROM measure" in statement for statement in asked)


def test_a_cost_says_what_was_spent_on_channels_that_no_lead_has(connection: sa.Connection) -> None:
    """One channel by two names: its money is in the cost of the company and its leads are not. A channel whose leads
    came in another week is no such one, nor is the spend of another week told.
    """
    friday, earlier = WEEK.sunday - timedelta(days=2), WEEK.monday - timedelta(days=1)
    blank = dict.fromkeys(("project_id", "campaign_id", "manager_id", "agency_id"), "")
    counted = [
        ("leads_n", earlier, "portal", 40),
        ("leads_n", friday, "yandex", 40),
        ("spend_minor", friday, "portal", 100),
        ("spend_minor", friday, "Яндекс", 300),
        ("spend_minor", WEEK.monday, "Яндекс", 400),
        ("spend_minor", WEEK.monday, "banners", 50),
        ("spend_minor", earlier, "Яндекс", 9_000),
    ]
    names = ("measure", "day_on", "channel_id", "value")
    connection.execute(
        measure.insert(), [{"source": SOURCE, **blank, **dict(zip(names, row, strict=True))} for row in counted]
    )
    put(connection, Reference, {"kind": "channel", "id": "Яндекс", "title": "Яндекс.Директ"})
    pack = pack_of(connection)
    figures = pack.figures(dict.fromkeys(("cost_per_lead", "leads_n"), pack.now))
    expected = StraySpend(amount_minor=750, channel_titles=("Яндекс.Директ", "banners"))
    assert {"cost_per_lead": expected, "leads_n": None} == {kpi: figure.stray for kpi, figure in figures.items()}
