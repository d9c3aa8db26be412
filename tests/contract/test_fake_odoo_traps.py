"""The fake Odoo loses what a real one loses: a client naive about time, ties and offsets fails here."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.fakes.odoo.bulk import bulk
from tests.fakes.odoo.database import OdooDatabase
from tests.fakes.odoo.errors import OdooError
from tests.fakes.odoo.rights import Role

START = datetime(2026, 11, 23, 8)
PAGE_N = 50
ALL = {"active_test": False}


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now.replace(tzinfo=UTC).timestamp()

    def pass_(self, **span: float) -> None:
        self.now += timedelta(**span)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(clock: Clock) -> OdooDatabase:
    return OdooDatabase(clock=clock)


def page(database: OdooDatabase, domain: list, order: str, **more: Any) -> list[dict]:
    with database.transaction(context=ALL) as transaction:
        arguments = {"domain": domain, "fields": ["write_date"], "order": order, "limit": PAGE_N} | more
        return transaction.call("crm.lead", "search_read", **arguments)


def walked_by_write_date(database: OdooDatabase) -> list[int]:
    """The keyset that suggests itself, over moments as they are returned."""
    found: list[int] = []
    domain: list = []
    while rows := page(database, domain, "write_date asc, id asc"):
        found += [row["id"] for row in rows]
        at, last = rows[-1]["write_date"], rows[-1]["id"]
        domain = ["|", ["write_date", ">", at], "&", ["write_date", "=", at], ["id", ">", last]]
    return found


def walked_by_id(database: OdooDatabase, since: datetime, until: datetime) -> list[int]:
    """The keyset that works: by id, inside a closed window of write_date."""
    window = [["write_date", ">=", str(since)[:19]], ["write_date", "<", str(until)[:19]]]
    found: list[int] = []
    while rows := page(database, [*window, ["id", ">", max(found, default=0)]], "id asc"):
        found += [row["id"] for row in rows]
    return found


def test_rows_are_sorted_by_microseconds_that_nobody_sees(database: OdooDatabase, clock: Clock):
    """T1: within a second the later row may have the smaller id, and the walk steps over it."""
    ids = [database.add_lead() for _ in range(200)]
    for lead_id in reversed(ids):
        clock.pass_(microseconds=1000)
        database.call("crm.lead", "write", [lead_id], vals={"city": "Kazan"})
    assert len(set(walked_by_write_date(database))) < 200
    assert ids == walked_by_id(database, START, START + timedelta(hours=1))


def test_a_slow_transaction_is_seen_late_under_the_time_it_began(database: OdooDatabase, clock: Clock):
    """T2: a mark that has passed that time never comes back to it; the ids are smaller than some already seen."""
    with database.transaction() as slow:
        late = slow.call("crm.lead", "create", vals_list=[{"name": "late"}] * 3)
        clock.pass_(seconds=4)
        quick = database.add_lead()
        clock.pass_(seconds=1)
        seen = walked_by_id(database, START, clock.now)
        mark = clock.now
    clock.pass_(seconds=30)
    assert ([quick], [], [*late, quick]) == (
        seen,
        walked_by_id(database, mark, clock.now),
        walked_by_id(database, mark - timedelta(seconds=10), clock.now),
    )
    assert max(late) < quick


def test_what_is_said_in_a_slow_transaction_is_dated_later_than_its_record(database: OdooDatabase, clock: Clock):
    """The date of a message and of an end is the time of day; create_date and write_date are when the call began."""
    lead_id = database.add_lead()
    clock.pass_(microseconds=500)
    with database.transaction() as slow:
        began = clock.now
        clock.pass_(seconds=90)
        slow.call("crm.lead", "action_set_lost", ids=[lead_id], lost_reason_id=1)
    lead, message = database.row("crm.lead", lead_id), database.row("mail.message", 2)
    assert lead is not None
    assert message is not None
    assert [began] * 2 == [lead["write_date"], message["create_date"]]
    assert [clock.now.replace(microsecond=0)] * 2 == [lead["date_closed"], message["date"]]


def test_a_slow_transaction_keeps_what_others_changed_meanwhile(database: OdooDatabase):
    lead_id = database.add_lead()
    with database.transaction() as slow:
        slow.call("crm.lead", "write", ids=[lead_id], vals={"city": "Kazan"})
        database.call("crm.lead", "write", [lead_id], vals={"referred": "Anna"})
    row = database.row("crm.lead", lead_id)
    assert row is not None
    assert ("Kazan", "Anna") == (row["city"], row["referred"])


def test_a_transaction_that_fails_leaves_nothing_but_a_gap_in_the_ids(database: OdooDatabase):
    first = database.add_lead()
    with pytest.raises(OdooError, match="Missing required value"):
        database.call("crm.lead", "create", vals_list=[{"name": "A"}, {"name": False}])
    assert ([first], first + 3) == (database.call("crm.lead", "search", domain=[]), database.add_lead())


def test_offsets_shift_under_a_walk(database: OdooDatabase, clock: Clock):
    """T3: what is changed behind the walk is moved before it, and what stood there is stepped over."""
    ids = [database.add_lead(at=START + timedelta(seconds=n)) for n in range(3 * PAGE_N)]
    clock.pass_(hours=1)
    found: list[int] = []
    while rows := page(database, [], "write_date asc, id asc", offset=len(found)):
        found += [row["id"] for row in rows]
        if len(found) <= 2 * PAGE_N:
            database.call("crm.lead", "write", found[-5:], vals={"city": "Kazan"})
    assert set(found) < set(ids)


def test_a_bulk_change_is_a_tie_wider_than_a_page(database: OdooDatabase, clock: Clock):
    """T4: hundreds of rows under one moment."""
    with database.transaction() as transaction:
        ids = transaction.call("crm.lead", "create", vals_list=[{"name": "A"}] * 600)
    assert ids == walked_by_id(database, START, START + timedelta(seconds=1))
    assert 1 == len({row["write_date"] for row in page(database, [], "id", limit=0)})


def test_talking_does_not_touch_the_lead(database: OdooDatabase, clock: Clock):
    """A window of leads does not show that a call was made: messages and activities have windows of their own."""
    lead_id, manager = database.add_lead(), database.add_user("Anna")
    clock.pass_(hours=1)
    message_id = database.done_call(lead_id, manager, feedback="no answer")
    database.call("crm.lead", "message_post", [lead_id], body="x")
    database.call("crm.lead", "activity_schedule", [lead_id], summary="x")
    lead, message = database.row("crm.lead", lead_id), database.row("mail.message", message_id)
    assert lead is not None
    assert message is not None
    assert (START, clock.now, 2) == (lead["write_date"], message["date"], message["mail_activity_type_id"])


def test_a_dismissed_manager_is_still_the_name_on_the_lead(database: OdooDatabase):
    manager = database.add_user("Anna", active=False)
    lead_id = database.add_lead(user_id=manager)
    assert ([[manager, "Anna"]], []) == (
        [row["user_id"] for row in database.call("crm.lead", "read", [lead_id], fields=["user_id"])],
        database.call("res.users", "search", domain=[["id", "=", manager]]),
    )


def test_a_day_of_a_domain_begins_in_the_zone_of_the_user(database: OdooDatabase):
    lead_id = database.add_lead(at=datetime(2026, 11, 22, 22))
    moscow = database.add_user("Anna", Role.ADMINISTRATOR, tz="Europe/Moscow")
    domain = [["create_date", ">=", "2026-11-23"]]
    found = [database.call("crm.lead", "search", user_id=user_id, domain=domain) for user_id in (2, moscow)]
    assert [[], [lead_id]] == found


def test_restoring_where_nothing_was_scored_leaves_the_date_of_the_end(database: OdooDatabase):
    """Only a probability above 0 clears it."""
    ends = []
    for database.automated_probability in (0.0, 50.0):
        lead_id = database.add_lead()
        database.call("crm.lead", "action_set_lost", [lead_id], lost_reason_id=1)
        database.call("crm.lead", "action_restore", [lead_id])
        ends += [row["date_closed"] for row in database.call("crm.lead", "read", [lead_id], fields=["date_closed"])]
    assert [str(START), False] == ends


def test_history_is_written_in_the_language_of_whoever_acted(database: OdooDatabase):
    """Only ids and flags mean the same to everybody: a status is kept as the words that the manager saw."""
    lead_id = database.add_lead()
    with database.transaction(context={"lang": "ru_RU"}) as transaction:
        transaction.call("crm.lead", "action_set_lost", ids=[lead_id], lost_reason_id=1)
    fields = ["old_value_char", "new_value_integer", "new_value_char"]
    values = database.call("mail.tracking.value", "search_read", domain=[], fields=fields, order="id desc")
    assert [("Ожидает", 0, "Потерян"), ("", 1, "Слишком дорого"), (False, 0, False)] == [
        tuple(value[name] for name in fields) for value in values
    ]


def test_a_company_has_fields_of_its_own(database: OdooDatabase):
    before = database.add_lead()
    database.add_field("x_area", "float", "Area")
    database.add_field("x_kind", "selection", "Kind", choices=(("a", "Flat"),))
    after = database.add_lead(x_area=54.3, x_kind="a")
    rows = database.call("crm.lead", "read", [before, after], fields=["x_area", "x_kind"])
    assert [{"id": before, "x_area": 0.0, "x_kind": False}, {"id": after, "x_area": 54.3, "x_kind": "a"}] == rows
    domain = [["model", "=", "crm.lead"], ["state", "=", "manual"]]
    described = database.call("ir.model.fields", "search_read", domain=domain, fields=["name", "ttype"])
    assert ["x_area float", "x_kind selection"] == [f"{row['name']} {row['ttype']}" for row in described]


@pytest.fixture(scope="module")
def many() -> OdooDatabase:
    return bulk(100_000, clock=time.time)


def whole_walk(database: OdooDatabase, model: str, since: datetime, until: datetime, field: str) -> list[int]:
    domain = [[field, ">=", str(since)[:19]], [field, "<", str(until)[:19]]]
    found: list[int] = []
    with database.transaction(context=ALL) as transaction:
        while ids := transaction.call(
            model, "search", domain=[*domain, ["id", ">", max(found, default=0)]], order="id asc", limit=250
        ):
            found += ids
    return found


@pytest.mark.parametrize(
    "model, field", [("crm.lead", "write_date"), ("mail.message", "date"), ("mail.tracking.value", "create_date")]
)
def test_windows_of_a_computed_database_have_every_row_once(many: OdooDatabase, model: str, field: str):
    """Against the rows themselves, one by one; the stretch holds a bulk change."""
    lead = many.row("crm.lead", 19_000)
    assert lead is not None
    since = lead["create_date"].replace(microsecond=0)
    until = since + timedelta(days=2)
    per_lead = {"crm.lead": 1, "mail.message": 4, "mail.tracking.value": 12}[model]
    rows = ((n, many.row(model, n)) for n in range(18_000 * per_lead, 23_000 * per_lead))
    expected = [n for n, row in rows if row is not None and since <= row[field] < until]
    assert len(expected) > 900
    assert expected == whole_walk(many, model, since, until, field)


def test_a_computed_lead_has_the_history_that_explains_it(many: OdooDatabase):
    (lead,) = many.call(
        "crm.lead", "read", [20_000], fields=["won_status", "lost_reason_id", "date_closed", "write_date"]
    )
    domain = [["res_id", "=", 20_000], ["model", "=", "crm.lead"]]
    said = many.call("mail.message", "search_read", domain=domain, fields=["subtype_id", "date", "tracking_value_ids"])
    lost = said[0]
    tracked = sorted(lost["tracking_value_ids"])
    values = many.call("mail.tracking.value", "read", tracked, fields=["new_value_integer", "new_value_char"])
    subtypes = [message["subtype_id"][1] for message in said]
    assert ["Opportunity Lost", "Stage Changed", "Activities", "Opportunity Created"] == subtypes
    assert ("lost", lead["lost_reason_id"], lead["date_closed"], lead["write_date"]) == (
        lead["won_status"],
        [values[1]["new_value_integer"], values[1]["new_value_char"]],
        lost["date"],
        lost["date"],
    )


def test_a_computed_lead_can_be_changed_like_any_other(many: OdooDatabase):
    many.call("crm.lead", "write", [30_000, 30_001], vals={"city": "Kazan"})
    many.call("crm.lead", "unlink", [30_002])
    now = many.now.replace(microsecond=0)
    assert [30_000, 30_001] == whole_walk(
        many, "crm.lead", now - timedelta(minutes=1), now + timedelta(minutes=1), "write_date"
    )
    with many.transaction(context=ALL) as transaction:
        found = transaction.call("crm.lead", "search", domain=[["id", ">", 29_999]], order="id", limit=3)
    assert [30_000, 30_001, 30_003] == found
