"""Row tests: what is bad data, what is only told of, and what cannot be said."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from planerka.intake.check import check_rows
from planerka.intake.remedies import REMEDIES
from planerka.intake.row_tests import BY_KEY, ROW_TESTS
from planerka.intake.spec import Tally
from planerka.model import PULLED, Contract, Event, Lead, Plan, Reference, Rejection, Spend, Stock
from tests.builders_intake import CONTEXT, CREATED_AT, UNTIL, batch_of, fault

SOON, LATER = UNTIL + timedelta(hours=20), UNTIL + timedelta(hours=30)
TOMORROW, IN_TWO_DAYS = date(2026, 11, 24), date(2026, 11, 25)
SAME_DAY, EARLIER = CREATED_AT - timedelta(hours=9), CREATED_AT - timedelta(hours=25)

# One bad row of each kind: the noun, what is changed in a good row, what could not be read, the test that fails.
BAD = [
    (Reference, {"id": None}, (), "reference.id"),
    (Reference, {"title": None}, (), "reference.required"),
    (Reference, {"kind": "colour", "code": None}, (), "reference.vocabulary"),
    (Reference, {"code": None}, (), "reference.code_known"),
    (Reference, {}, fault("title", "??"), "reference.values_readable"),
    (Lead, {"id": None}, (), "lead.id"),
    (Lead, {"id": ""}, (), "lead.id"),
    (Lead, {"status": None}, (), "lead.required"),
    (Lead, {"status": "sleeping"}, (), "lead.vocabulary"),
    (Lead, {}, fault("created_at", "31.02.2026"), "lead.dates_readable"),
    (Lead, {}, fault("phone_is_valid", "maybe"), "lead.values_readable"),
    (Lead, {"created_at": LATER}, (), "lead.not_future"),
    (Lead, {"created_at": None}, (), "lead.created_at"),
    (Lead, {"stage_id": "S9"}, (), "lead.stage_known"),
    (Lead, {"reason_id": "R9"}, (), "lead.reason_known"),
    (Lead, {"status": "won"}, (), "lead.won_without_reason"),
    (Lead, {"manager_id": "***"}, (), "lead.no_contact"),
    (Lead, {"channel_id": "звонок ***"}, (), "lead.no_contact"),
    (Event, {"actor_id": "***"}, (), "event.no_contact"),
    (Event, {"id": None}, (), "event.id"),
    (Event, {"lead_id": None}, (), "event.id"),
    (Event, {"at": None}, (), "event.required"),
    (Event, {"kind": "teleported"}, (), "event.vocabulary"),
    (Event, {}, fault("at", "yesterday"), "event.dates_readable"),
    (Event, {}, fault("duration_s", "long"), "event.values_readable"),
    (Event, {"lead_id": "L9"}, (), "event.lead_known"),
    (Event, {"at": LATER}, (), "event.not_future"),
    (Event, {"recorded_at": LATER}, (), "event.not_future"),
    (Event, {"to_stage_id": "S9"}, (), "event.stage_known"),
    (Event, {"reason_id": "R9"}, (), "event.reason_known"),
    (Event, {"kind": "contract_signed", "at": EARLIER}, (), "event.won_after_created"),
    (Event, {"at": EARLIER}, (), "event.rejected_after_created"),
    (Event, {"duration_s": -1}, (), "event.not_negative"),
    (Rejection, {"id": None}, (), "rejection.id"),
    (Rejection, {"lead_id": "L9"}, (), "rejection.lead_known"),
    (Rejection, {"budget_kind": "barter"}, (), "rejection.vocabulary"),
    (Rejection, {"budget_minor": -1}, (), "rejection.not_negative"),
    (Rejection, {}, fault("budget_minor", "5 млн"), "rejection.values_readable"),
    (Contract, {"id": None}, (), "contract.id"),
    (Contract, {"signed_at": None}, (), "contract.required"),
    (Contract, {"unit_kind": "castle"}, (), "contract.vocabulary"),
    (Contract, {"lead_id": "L9"}, (), "contract.lead_known"),
    (Contract, {"signed_at": EARLIER}, (), "contract.won_after_created"),
    (Contract, {"terminated_at": LATER}, (), "contract.not_future"),
    (Contract, {"price_minor": -1}, (), "contract.not_negative"),
    (Contract, {}, fault("signed_at", "0000-00-00"), "contract.dates_readable"),
    (Contract, {}, fault("area_m2", "сорок"), "contract.amounts_readable"),
    (Contract, {}, fault("unit_kind", "?"), "contract.values_readable"),
    (Spend, {"spent_on": None}, (), "spend.id"),
    (Spend, {"currency": None}, (), "spend.required"),
    (Spend, {"spent_on": IN_TWO_DAYS}, (), "spend.not_future"),
    (Spend, {"amount_minor": -1}, (), "spend.not_negative"),
    (Spend, {}, fault("spent_on", "?"), "spend.dates_readable"),
    (Spend, {}, fault("amount_minor", "?"), "spend.values_readable"),
    (Plan, {"kpi": None}, (), "plan.id"),
    (Plan, {"value": None}, (), "plan.required"),
    (Plan, {"value": -1}, (), "plan.not_negative"),
    (Plan, {}, fault("to_on", "?"), "plan.dates_readable"),
    (Plan, {}, fault("value", "?"), "plan.values_readable"),
    (Stock, {"flat_type": None}, (), "stock.id"),
    (Stock, {"available_n": None}, (), "stock.required"),
    (Stock, {"stock_on": IN_TWO_DAYS}, (), "stock.not_future"),
    (Stock, {"min_price_minor": -1}, (), "stock.not_negative"),
    (Stock, {}, fault("stock_on", "?"), "stock.dates_readable"),
    (Stock, {}, fault("available_n", "?"), "stock.values_readable"),
]

# Odd, and right: a bare date stands for the start of its day, clocks differ, a reason need not be given.
GOOD = [
    (Lead, {"reason_id": None, "stage_id": None}),
    (Lead, {"created_at": SOON}),
    (Event, {"kind": "call_out", "at": EARLIER, "reason_id": None}),
    (Event, {"at": SAME_DAY}),
    (Lead, {"status": "won", "reason_id": None}),
    (Lead, {"status": "rejected", "reason_id": None}),
    (Event, {"kind": "contract_signed", "at": SAME_DAY}),
    (Event, {"due_at": LATER}),
    (Contract, {"signed_at": SAME_DAY, "price_minor": None}),
    (Spend, {"channel_id": "", "spent_on": TOMORROW}),
    (Stock, {"available_n": 0, "min_price_minor": None}),
    (Reference, {"kind": "channel", "code": None}),
    (Lead, {"id": "9223372036854775807123"}),
]


def failing(checks):
    return [key for key, tally in checks.tallies.items() if tally.failed_n]


def why(checks, position):
    """The keys of the tests that hold a row back."""
    return [test.key for test in checks.broken(position)]


@pytest.mark.parametrize("noun", PULLED)
def test_a_good_row_of_any_noun_passes_every_test(noun):
    checks = check_rows(batch_of(noun, {}), CONTEXT)
    assert ([], [True]) == (failing(checks), checks.is_fit.tolist())


@pytest.mark.parametrize("noun, change", GOOD)
def test_an_odd_row_that_is_right_passes(noun, change):
    checks = check_rows(batch_of(noun, change), CONTEXT)
    assert ([], [True]) == (failing(checks), checks.is_fit.tolist())


@pytest.mark.parametrize("noun, change, faults, key", BAD)
def test_a_bad_row_fails_its_test_and_no_other(noun, change, faults, key):
    """And it is held back exactly where that test says so."""
    checks = check_rows(batch_of(noun, change, faults=faults), CONTEXT)
    held = [key] if BY_KEY[key].quarantines else []
    assert ([key], held) == (failing(checks), why(checks, 0))


def test_every_row_test_has_a_bad_row_above():
    keys = {test.key for tests in ROW_TESTS.values() for test in tests}
    of_two_rows = {key for key in BY_KEY if key.endswith((".unique", ".one_spelling"))}
    cannot_fail = {"reference.dates_readable", "rejection.required", "rejection.dates_readable"}  # no such fields
    assert keys - of_two_rows - cannot_fail == {key for _, _, _, key in BAD}


def test_every_row_test_has_a_remedy_and_no_remedy_is_left_over():
    assert {test.name for test in BY_KEY.values()} == set(REMEDIES)


REPEATED = [
    ("the same row twice is one", [{}, {}], [True, True]),
    ("of two different rows of a key neither is believed", [{}, {"url": "a"}], [False, False]),
    ("nor is the one that comes twice", [{}, {"url": "a"}, {}], [False, False, False]),
    ("another key is another row", [{}, {"id": "L2", "url": "a"}], [True, True]),
    ("what is not known is the same twice", [{"url": None}, {"url": None}], [True, True]),
    ("and differs from what is", [{"created_at": None}, {}], [False, False]),
]


@pytest.mark.parametrize("changes, fit", [case[1:] for case in REPEATED], ids=[case[0] for case in REPEATED])
def test_rows_of_one_key(changes, fit):
    assert fit == check_rows(batch_of(Lead, *changes), CONTEXT).is_fit.tolist()


def test_a_row_without_a_key_is_no_second_row_of_one():
    checks = check_rows(batch_of(Lead, {"id": None}, {"id": None, "url": "a"}), CONTEXT)
    assert Tally(rows_n=2, unknown_n=2) == checks.tallies["lead.unique"]


SPELT = [
    ("B1", "В1", "channel", 2),
    ("Циан", "циан ", "channel", 2),
    ("Авито", "Avito", "channel", 0),
    ("B1", "B2", "channel", 0),
    ("В1", "B1", "project", 0),
]


@pytest.mark.parametrize("one, other, kind, failed_n", SPELT)
def test_two_names_that_look_the_same_are_told(one, other, kind, failed_n):
    """A Latin B for a Cyrillic В, a capital, a space: of one kind. They are not merged: that is for people to say."""
    first, second = {"kind": "channel", "id": one, "code": None}, {"kind": kind, "id": other, "code": None}
    checks = check_rows(batch_of(Reference, first, second), CONTEXT)
    assert failed_n == checks.tallies["reference.one_spelling"].failed_n


def test_a_row_may_be_held_back_for_several_reasons():
    checks = check_rows(batch_of(Event, {"lead_id": "L9", "at": LATER, "reason_id": "R9", "duration_s": -5}), CONTEXT)
    assert ["event.lead_known", "event.not_future", "event.reason_known"] == why(checks, 0)


def test_what_is_missing_is_unknown_and_never_wrong():
    checks = check_rows(batch_of(Event, {"reason_id": None, "to_stage_id": None, "duration_s": None}), CONTEXT)
    unknown = [key.partition(".")[2] for key, tally in checks.tallies.items() if tally.unknown_n]
    assert ["stage_known", "reason_known", "won_after_created", "not_negative", "no_contact"] == unknown


def test_a_deal_of_a_lead_without_a_date_cannot_be_told_to_be_early():
    undated = replace(CONTEXT, leads=CONTEXT.leads.where(CONTEXT.leads.isna()))
    checks = check_rows(batch_of(Contract, {"signed_at": EARLIER}), undated)
    assert Tally(rows_n=1, unknown_n=1) == checks.tallies["contract.won_after_created"]


def test_later_batches_may_name_a_reason_that_an_earlier_one_mapped():
    context = CONTEXT.learn(Reference, batch_of(Reference, {"id": "R2"}, {"id": "R3", "code": None}).rows)
    events = batch_of(Event, {"id": "E2", "reason_id": "R2"}, {"id": "E3", "reason_id": "R3"})
    assert [True, False] == check_rows(events, context).is_fit.tolist()


@pytest.mark.parametrize("noun", PULLED)
def test_an_empty_batch_has_nothing_wrong(noun):
    checks = check_rows(batch_of(noun), CONTEXT)
    assert {Tally()} == set(checks.tallies.values())


@pytest.mark.parametrize("dtype", ["category", "object"])
@pytest.mark.parametrize("noun", PULLED)
def test_answers_do_not_depend_on_how_text_is_kept(noun, dtype):
    changes = [change for n, change, _, _ in BAD if n is noun] + [{}]
    batch = batch_of(noun, *changes)
    texts = batch.rows.select_dtypes("str").columns
    other = batch.rows.astype(dict.fromkeys(texts, dtype))
    if dtype == "object":
        other[texts] = other[texts].where(other[texts].notna(), None)
    expected = check_rows(batch, CONTEXT)
    actual = check_rows(type(batch)(noun=noun, rows=other), CONTEXT)
    assert (expected.tallies, expected.bits.tolist()) == (actual.tallies, actual.bits.tolist())


def test_the_first_pull_of_all_knows_no_lead_yet():
    nothing = type(CONTEXT)(until=UNTIL, leads=CONTEXT.leads.iloc[:0], mapped={k: frozenset() for k in CONTEXT.mapped})
    checks = check_rows(batch_of(Event, {}), nothing)
    assert ["event.lead_known", "event.stage_known", "event.reason_known"] == why(checks, 0)


def test_a_hostile_text_is_an_unknown_id_like_any_other():
    texts = ["<script>", "'; drop table lead; --", "=1+1", "\0", "😀" * 100]
    checks = check_rows(batch_of(Event, *({"lead_id": text, "id": text} for text in texts)), CONTEXT)
    assert [["event.lead_known"]] * len(texts) == [why(checks, i) for i in range(len(texts))]


@pytest.mark.parametrize(
    "failed_n, rows_n, unknown_n, mostly, tolerated_n, keeps",
    [
        (0, 0, 0, 1.0, 0, True),
        (0, 9, 9, 1.0, 0, True),
        (1, 9, 0, 1.0, 0, False),
        (20, 20, 0, 0.99, 20, True),
        (21, 2_000, 0, 0.99, 20, False),
        (30, 3_000, 0, 0.99, 20, True),
        (30, 3_000, 2_000, 0.99, 20, False),
    ],
)
def test_a_check_forgives_a_small_share_or_a_handful(failed_n, rows_n, unknown_n, mostly, tolerated_n, keeps):
    """Of the rows that could be decided; unknown ones are no argument for either side."""
    assert keeps == Tally(rows_n=rows_n, failed_n=failed_n, unknown_n=unknown_n).keeps(mostly, tolerated_n)


def test_no_noun_has_more_tests_than_there_are_bits():
    assert max(map(len, ROW_TESTS.values())) <= 32
