"""Of what does not tell since when it is so, judging again knows what the last verdict saw."""

import pytest
import sqlalchemy as sa

from planerka.model import Event, Lead, Reference, Rejection
from planerka.regulation.rejudging import RejudgeReport
from planerka.store.tables import erased_lead, verdict
from planerka.store.windows import Source, put_source
from tests.builders_rejudging import (
    NOW,
    again,
    begun,
    by_todays_source,
    called,
    judge,
    keep,
    reject,
    verdicts_of,
    write_on_the_card,
)


@pytest.fixture
def store(engine: sa.Engine) -> sa.Engine:
    return begun(engine)


@pytest.fixture
def bought(store: sa.Engine) -> sa.Engine:
    """A judged rejection of a client who is said to have bought elsewhere; the card does not say from whom."""
    keep(store, Reference, {"kind": "reason", "id": "17", "title": "Купил у других", "code": "bought_elsewhere"})
    reject(store)
    write_on_the_card(store)
    judge(store)
    return store


def test_what_was_filled_in_on_the_card_afterwards_counts_only_where_that_is_asked_for(bought):
    """A call tells when it was made, a card does not: an accused manager might fill in anything."""
    write_on_the_card(bought, competitor="ПИК")
    assert RejudgeReport(looked_at_n=1) == again(bought)
    by_todays_source(bought)
    said = verdicts_of(bought, "rejudged")[-1][-1]["ru"]
    assert (
        "Застройщик, у которого купил клиент: нет данных → указано; пункт 9.2: нечем доказать → без замечаний" == said
    )


def test_what_was_seen_on_the_card_counts_though_it_was_taken_away_since(bought):
    """Also beside news of the calls: nobody answered them."""
    write_on_the_card(bought, competitor="ПИК")
    by_todays_source(bought)
    write_on_the_card(bought)
    calls = [called(1, "2026-11-03", hour, f"2026-11-03T{hour}+03:00") for hour in ("09:05", "10:00")]
    keep(bought, Event, *(call | {"outcome": "no_answer"} for call in calls))
    again(bought)
    assert [["9.1", "9.2"], ["9.1"], ["9.1"]] == found_in(bought)


def test_a_field_of_the_card_that_the_source_lacked_is_lacking_still(store):
    """It is read as it is today where that is asked for."""
    lacks(store, "rejection.competitor")
    keep(store, Reference, {"kind": "reason", "id": "17", "title": "Купил у других", "code": "bought_elsewhere"})
    reject(store)
    judge(store)
    lacks(store)
    assert RejudgeReport(looked_at_n=1) == again(store)
    by_todays_source(store)
    assert [["9.1"], ["9.1", "9.2"]] == found_in(store)


def test_a_reason_counts_as_it_was_judged_and_as_it_is_today_only_where_that_is_asked_for(bought):
    """Else who is accused would choose another one in the CRM; and the mapping may be wrong for a day."""
    keep(bought, Reference, {"kind": "reason", "id": "17", "title": "Спам", "code": "spam"})
    assert RejudgeReport(looked_at_n=1) == again(bought)
    by_todays_source(bought)
    said = verdicts_of(bought, "rejudged")[-1][-1]["ru"]
    assert said.startswith("причина: Уже купил у другого застройщика → Спам, тест; ")


def test_what_the_source_lacks_today_and_did_not_then_clears_nothing(store):
    """Calls and cards are in the store, and count."""
    reject(store)
    judge(store)
    lacks(store, "event.call_out", "event.call_in")
    assert RejudgeReport(looked_at_n=1) == again(store)


def test_all_that_the_source_lacked_then_it_lacks_still_for_whatever_reads_it(store):
    """Messages, of which no clause of the reason asked when it was judged."""
    keep(store, Reference, {"kind": "reason", "id": "17", "title": "Спам", "code": "spam"})
    lacks(store, "event.message_out")
    reject(store)
    judge(store)
    lacks(store)
    with store.connect() as connection:
        assert [["event.message_out"]] == list(connection.scalars(sa.select(verdict.c.lacks)))
    assert RejudgeReport(looked_at_n=1) == again(store)


def lacks(engine: sa.Engine, *names: str) -> None:
    with engine.begin() as connection:
        put_source(connection, Source(source="crm", lacks=frozenset(names), data_until=NOW))


def found_in(engine: sa.Engine) -> list[list[str]]:
    """The clauses that the findings of each verdict name."""
    return [[found["clause"] for found in findings] for *_, findings in verdicts_of(engine, "findings")]


@pytest.fixture
def duplicate(store: sa.Engine) -> sa.Engine:
    """A judged rejection as a double of a lead that is not in the store."""
    keep(store, Reference, {"kind": "reason", "id": "17", "title": "Дубль", "code": "duplicate"})
    reject(store)
    write_on_the_card(store, duplicate_of_id="L0")
    judge(store)
    return store


def an_older_lead(engine: sa.Engine, lead_id: str) -> None:
    """Of the same client, and open."""
    came = {"created_at": "2026-10-01T09:00+03:00", "status": "open"}
    keep(engine, Lead, {"id": lead_id, "client_id": "C1"} | came)


def test_the_original_of_a_double_is_known_when_it_has_come(duplicate):
    """A later pull brought it: it was there all the time."""
    an_older_lead(duplicate, "L0")
    assert {"unlawful → lawful": 1} == again(duplicate).by_change


def test_an_original_named_by_nothing_but_spaces_is_none_the_second_time_too(duplicate):
    reject(duplicate, 2)
    keep(duplicate, Rejection, {"id": "R2", "lead_id": "L2", "duplicate_of_id": "  "})
    judge(duplicate)
    assert RejudgeReport(looked_at_n=2) == again(duplicate)


def test_another_original_that_was_named_afterwards_counts_only_where_that_is_asked_for(duplicate):
    """What is found out is found out of the one that the verdict saw."""
    an_older_lead(duplicate, "L5")
    write_on_the_card(duplicate, duplicate_of_id="L5")
    assert RejudgeReport(looked_at_n=1) == again(duplicate)
    assert {"unlawful → lawful": 1} == by_todays_source(duplicate).by_change


def test_of_an_original_that_was_forgotten_too_little_is_known_whatever_the_card_names_today(duplicate):
    an_older_lead(duplicate, "L5")
    write_on_the_card(duplicate, duplicate_of_id="L5")
    forgotten = {"source": "crm", "lead_id": "L0", "erased_at": NOW, "is_by_request": False}
    with duplicate.begin() as connection:
        connection.execute(erased_lead.insert().values(forgotten))
    assert RejudgeReport() == again(duplicate)
    assert {"unlawful → lawful": 1} == by_todays_source(duplicate).by_change
