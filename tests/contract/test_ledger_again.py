"""A manager who rejects a returned lead again: with something new to show for it, or without."""

import pytest
import sqlalchemy as sa

from planerka.disputes.again import Added, ManagerAgain, RejectedAgain
from planerka.model import DisputeOrigin, Finding, Outcome, Verdict
from planerka.regulation.signed import sign_edition
from planerka.store import disputes, verdicts
from tests.builders_ledger import happens_on, keep_lead, ledger_on, on, return_on
from tests.builders_regulation import EDITION

CALLS = {"attempts_n": 1, "attempt_days_n": 1, "messages_n": 0, "longest_talk_s": 10}


@pytest.fixture
def store(engine: sa.Engine) -> sa.Engine:
    """A store under a signed edition, with one lead."""
    for role in ("marketing", "sales"):
        sign_edition(engine, EDITION, role, "Иванова", on(0))
    keep_lead(engine)
    return engine


def judge(
    store: sa.Engine,
    rejection_id: str,
    outcome: str,
    evidence: dict,
    broken: tuple[str, ...],
    reason: str = "no_answer",
) -> None:
    same = {"result": "broken", "ru": "…", "en": "…"}
    consequences = {clause.number: clause.consequence for clause in EDITION.clauses}
    findings = tuple(Finding(clause=n, consequence=consequences.get(n, "void"), **same) for n in broken)
    judged = Verdict(
        rejection_id=rejection_id,
        number=1,
        edition=EDITION.name,
        outcome=Outcome(outcome),
        findings=findings,
        evidence=evidence,
        reason=reason,
    )
    with store.begin() as connection:
        verdicts.add(connection, "crm", [judged], on(0))


def disputed_by(store: sa.Engine, dispute_id: int) -> str:
    with store.begin() as connection:
        return disputes.show(connection, "crm", dispute_id).subject_id


NEW = [
    # broken clauses of the disputed rejection, outcome, reason and evidence of the next one, what it adds, is it new
    (("1.1",), "unlawful", "no_answer", CALLS, [], False),
    (("1.1",), "unlawful", "no_answer", CALLS | {"attempts_n": 0}, [], False),
    (("1.1",), "unlawful", "no_answer", CALLS | {"messages_n": 1}, [], False),
    (
        ("1.1",),
        "unlawful",
        "no_answer",
        CALLS | {"attempts_n": 4},
        [Added(field="attempts_n", before=1, after=4)],
        True,
    ),
    (
        ("1.4",),
        "unlawful",
        "no_answer",
        CALLS | {"messages_n": 1},
        [Added(field="messages_n", before=0, after=1)],
        True,
    ),
    (("1.1", "1.5"), "unlawful", "no_answer", CALLS | {"first_attempt_min": 3}, [], False),
    (("1.1",), "unlawful", "too_expensive", {"offer": True}, [], False),
    (("1.1",), "unlawful", None, {}, [], False),
    (
        ("0.1",),
        "unlawful",
        "too_expensive",
        {},
        [Added(field="reason", before="no_answer", after="too_expensive")],
        True,
    ),
    (("1.1",), "lawful", "too_expensive", {"offer": True}, [], True),
    (("1.1",), "not_judged", None, {}, [], None),
    ((), "unlawful", "no_answer", CALLS, [], False),
    (
        (),
        "unlawful",
        "no_answer",
        CALLS | {"longest_talk_s": 90},
        [Added(field="longest_talk_s", before=10, after=90)],
        True,
    ),
]


def test_new_evidence_is_more_of_what_the_broken_clause_reads(store):
    """The same again, less, a fact that it does not ask for, and another reason without proof are none."""
    for number, (broken, outcome, reason, evidence, _, _) in enumerate(NEW):
        lead_id = f"lead {number:02}"
        keep_lead(store, lead_id)
        dispute_id = return_on(store, number, lead_id)
        judge(store, disputed_by(store, dispute_id), "unlawful", CALLS, broken)
        judge(store, happens_on(store, number + 1, "rejected", lead_id), outcome, evidence, (), reason)
    found = {one.lead_id: (list(one.added), one.is_new_evidence) for one in ledger_on(store, 100).again}
    assert {f"lead {number:02}": (added, is_new) for number, (*_, added, is_new) in enumerate(NEW)} == found


def test_what_is_told_of_a_rejection_without_new_evidence(store):
    """Who rejected it, when, and where to look; the last rejection after the return counts."""
    dispute_id = return_on(store, 1)
    judge(store, disputed_by(store, dispute_id), "unlawful", CALLS, ("1.1",))
    happens_on(store, 3, "rejected")
    happens_on(store, 4, "reopened")
    judge(store, happens_on(store, 5, "rejected", manager_id="M2"), "unlawful", CALLS, ("1.1",))
    found = ledger_on(store, 100)
    expected = RejectedAgain(
        dispute_id=dispute_id,
        lead_id="L1",
        url=None,
        manager="M2",
        returned_at=on(1),
        rejected_at=on(5),
        reason=None,
        outcome=Outcome.UNLAWFUL,
        added=(),
        is_new_evidence=False,
    )
    assert ((expected,), (ManagerAgain(manager="M2", n=1, without_ids=(expected.dispute_id,)),)) == (
        found.again,
        found.again_by_manager,
    )


def test_a_rejection_that_is_not_judged_yet_is_held_against_nobody(store):
    dispute_id = return_on(store, 1)
    judge(store, disputed_by(store, dispute_id), "unlawful", CALLS, ("1.1",))
    happens_on(store, 5, "rejected")
    found = ledger_on(store, 100)
    assert [(None, None)] == [(one.outcome, one.is_new_evidence) for one in found.again]
    assert () == found.again_by_manager


def test_a_silence_is_not_rejected_again(store):
    """It was no rejection: the first one after it is judged as any other."""
    return_on(store, 1, origin=DisputeOrigin.NEGLECT)
    happens_on(store, 5, "rejected")
    assert () == ledger_on(store, 100).again


def test_each_return_answers_for_the_rejections_until_the_next(store):
    """The one that led to the second return is of the first."""
    first, second = return_on(store, 1), return_on(store, 10)
    happens_on(store, 20, "rejected")
    found = {one.dispute_id: one.rejected_at for one in ledger_on(store, 100).again}
    assert {first: on(9), second: on(20)} == found
