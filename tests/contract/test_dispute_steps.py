"""The life of a dispute, on both databases: what the truth table does not have cannot be stored."""

from itertools import product

import pytest
import sqlalchemy as sa

from planerka.dispute_states import TRANSITIONS, UNDOING, DisputeAction, DisputeState
from planerka.errors import ChangedError, UsageError
from planerka.store import disputes
from planerka.store.dispute_steps import Act, steps, take_step
from planerka.store.tables import dispute, dispute_step
from tests.builders_disputes import NOW, open_one

STATES = tuple(DisputeState)


def way_to(state: DisputeState) -> list[DisputeAction]:
    """Actions that lead a new dispute into a state, by the truth table."""
    ways: dict[DisputeState, list[DisputeAction]] = {DisputeState.OPENED: []}
    while state not in ways:
        for reached, way in list(ways.items()):
            for action, after in TRANSITIONS[reached].items():
                ways.setdefault(after, [*way, action])
    return ways[state]


def possible_from(before: DisputeState) -> dict[DisputeAction, DisputeState]:
    """What the truth table has for a dispute that came to this state by the way of `way_to`: undoing leads back to the
    step before the last, where that was a ruling which may be undone."""
    way = [DisputeState.OPENED]
    for action in way_to(before):
        way.append(TRANSITIONS[way[-1]][action])
    undoing = {DisputeAction.UNDO: way[-2]} if before in UNDOING else {}
    return {**TRANSITIONS[before], **undoing}


def led_to(connection: sa.Connection, state: DisputeState) -> int:
    """The number of a dispute that is in that state."""
    number = open_one(connection, f"for {state}")
    for action in way_to(state):
        take_step(connection, "crm", number, Act(action=action, at=NOW, author="Анна"))
    return number


@pytest.mark.parametrize("before", STATES)
def test_a_dispute_goes_where_the_truth_table_says_and_nowhere_else(engine: sa.Engine, before: DisputeState):
    """Each action from each state: taken as the table says, or refused with what was done last."""
    for action in DisputeAction:
        with engine.begin() as connection:
            number = led_to(connection, before)
            after = possible_from(before).get(action)
            if after is None:
                with pytest.raises(ChangedError, match=f"[Dd]ispute {number} is"):
                    take_step(connection, "crm", number, Act(action=action, at=NOW))
            else:
                take_step(connection, "crm", number, Act(action=action, at=NOW))
            assert (after or before) == disputes.show(connection, "crm", number).state
            connection.rollback()


@pytest.mark.parametrize("before", STATES)
def test_the_database_itself_refuses_every_impossible_step(engine: sa.Engine, before: DisputeState):
    """Whatever code writes it: each pair of an action and a state that the table does not have."""
    with engine.begin() as connection:
        number = led_to(connection, before)
        begun = connection.scalar(sa.select(dispute.c.steps_n).where(dispute.c.id == number))
        place = {"dispute_id": number, "number": begun + 1, "number_before": begun, "state_before": before}
        place |= {"due_at": NOW, "at": NOW}
        stored = set()
        for action, after in product(DisputeAction, DisputeState):
            nested = connection.begin_nested()
            try:
                undone_to = after if action == DisputeAction.UNDO else None
                step = place | {"action": action, "state": after, "undone_to": undone_to}
                connection.execute(dispute_step.insert().values(step))
                stored.add((action, after))
            except sa.exc.IntegrityError:
                pass
            nested.rollback()
    assert set(possible_from(before).items()) == stored


RULED = (DisputeAction.UPHOLD, DisputeAction.RETURN_TO_WORK, DisputeAction.REQUEST_EVIDENCE)
WAYS_BACK = [
    ([], *RULED),
    ([DisputeAction.ASSIGN], *RULED),
    ([DisputeAction.REQUEST_EVIDENCE], DisputeAction.UPHOLD, DisputeAction.RETURN_TO_WORK),
    ([DisputeAction.REQUEST_EVIDENCE, DisputeAction.ANSWER], *RULED),
    ([DisputeAction.UPHOLD, DisputeAction.APPEAL], DisputeAction.UPHOLD, DisputeAction.RETURN_TO_WORK),
]


@pytest.mark.parametrize("way, ruling", [(way, ruling) for way, *rulings in WAYS_BACK for ruling in rulings])
def test_to_undo_a_ruling_leads_to_where_it_was_taken_and_nowhere_else(engine: sa.Engine, way, ruling):
    """Neither through the code nor past it, as the database holds to the step before; and only once."""
    with engine.begin() as connection:
        number = open_one(connection)
        for action in way:
            take_step(connection, "crm", number, Act(action=action, at=NOW, author="Анна"))
        before = disputes.show(connection, "crm", number).state
        take_step(connection, "crm", number, Act(action=ruling, at=NOW, author="Анна"))
        assert {before} == undone_to(connection, number)
        undo = Act(action=DisputeAction.UNDO, at=NOW, author="Анна")
        take_step(connection, "crm", number, undo)
        assert before == disputes.show(connection, "crm", number).state
        assert set() == undone_to(connection, number)
        with pytest.raises(ChangedError, match="Анна did this last: undo"):
            take_step(connection, "crm", number, undo)


def undone_to(connection: sa.Connection, number: int) -> set[str]:
    """Where the database lets an undo of the last step lead."""
    view, taken = disputes.show(connection, "crm", number), set()
    row = {"dispute_id": number, "number": view.steps_n + 1, "number_before": view.steps_n, "state_before": view.state}
    for state in STATES:
        nested = connection.begin_nested()
        undo = {"action": DisputeAction.UNDO, "state": state, "undone_to": state, "due_at": NOW, "at": NOW}
        try:
            connection.execute(dispute_step.insert().values(row | undo))
            taken.add(state)
        except sa.exc.IntegrityError:
            pass
        nested.rollback()
    return taken


STRAY = [
    ({"state_before": "upheld", "action": "appeal", "state": "appealed"}, "it begins where the last step did not end"),
    ({"number": 3, "number_before": 2, "action": "assign", "state": "assigned"}, "a step is left out"),
    ({"number": 3, "number_before": 1, "action": "assign", "state": "assigned"}, "it follows the last but one"),
    ({"number_before": None, "state_before": None, "action": "open", "state": "opened"}, "a second beginning"),
    ({"number_before": None, "action": "assign", "state": "assigned"}, "it follows nothing"),
    ({"number": 1, "number_before": 0, "action": "assign", "state": "assigned"}, "there is a first step already"),
    ({"action": "assign", "state": "assigned", "undone_to": "assigned"}, "it undoes nothing"),
]


@pytest.mark.parametrize("step, why", STRAY, ids=[why for _, why in STRAY])
def test_the_database_refuses_a_step_that_does_not_follow_the_last(engine: sa.Engine, step: dict, why: str):
    with engine.begin() as connection:
        number = open_one(connection)
    row = {
        "dispute_id": number,
        "number": 2,
        "number_before": 1,
        "state_before": "opened",
        "due_at": NOW,
        "at": NOW,
    } | step
    with pytest.raises(sa.exc.IntegrityError), engine.begin() as connection:
        connection.execute(dispute_step.insert().values(row))


def test_a_step_of_somebody_who_saw_an_older_state_is_refused_and_told_why(engine: sa.Engine):
    """Two steps were taken since the first was seen."""
    with engine.begin() as connection:
        number = open_one(connection)
        for author in ("Анна", "Пётр"):
            take_step(connection, "crm", number, Act(action=DisputeAction.ASSIGN, at=NOW, author=author))
        late = Act(action=DisputeAction.UPHOLD, at=NOW, author="Анна", comment="есть запись", seen_n=1)
        with pytest.raises(ChangedError, match=f"Dispute {number} is assigned now: Пётр did this last: assign"):
            take_step(connection, "crm", number, late)
        take_step(connection, "crm", number, Act(action=DisputeAction.UPHOLD, at=NOW, author="Анна", seen_n=3))


def test_an_undone_ruling_stands_no_more_and_stays_among_the_steps(engine: sa.Engine):
    with engine.begin() as connection:
        number = open_one(connection)
        for action in (DisputeAction.REQUEST_EVIDENCE, DisputeAction.UPHOLD, DisputeAction.UNDO):
            take_step(connection, "crm", number, Act(action=action, at=NOW, author="Анна", comment=str(action)))
        view = disputes.show(connection, "crm", number)
        expected = ("evidence_requested", "request_evidence", "request_evidence")
        assert expected == (view.state, view.decision, view.comment)
        actions = ["open", "request_evidence", "uphold", "undo"]
        assert actions == [step.action for step in steps(connection, number)]


def test_a_dispute_that_does_not_exist_is_refused(engine: sa.Engine):
    with pytest.raises(UsageError, match="There is no dispute 404"), engine.begin() as connection:
        take_step(connection, "crm", 404, Act(action=DisputeAction.UPHOLD, at=NOW))
