"""What can become of a dispute: every state, every action, and where each leads (docs/decisions/0017).

The table `dispute_step` takes no other row, so that a transition which is not here cannot be stored.
"""

from collections.abc import Mapping
from enum import StrEnum


class DisputeState(StrEnum):
    """Where the review of a dispute stands. What became of the write to the CRM is told by the command's receipt."""

    OPENED = "opened"
    ASSIGNED = "assigned"
    EVIDENCE_REQUESTED = "evidence_requested"
    EXPIRED = "expired"
    UPHELD = "upheld"
    RETURN_RULED = "return_ruled"
    APPEALED = "appealed"
    FINAL_UPHELD = "final_upheld"
    FINAL_RETURN = "final_return"
    FALLEN = "fallen"

    @property
    def is_waiting(self) -> bool:
        """Whether the analyst has to decide."""
        return self in WAITING

    @property
    def is_ruled(self) -> bool:
        """Whether a ruling stands, final or not."""
        return self in RULED


class DisputeAction(StrEnum):
    """What somebody, or the machine, does about a dispute."""

    OPEN = "open"
    ASSIGN = "assign"
    REQUEST_EVIDENCE = "request_evidence"
    ANSWER = "answer"
    UPHOLD = "uphold"
    RETURN_TO_WORK = "return_to_work"
    UNDO = "undo"
    EXPIRE = "expire"
    APPEAL = "appeal"
    FALL = "fall"
    STAND_AGAIN = "stand_again"
    JUDGE_AGAIN = "judge_again"


S, A = DisputeState, DisputeAction

WAITING = (S.OPENED, S.ASSIGNED, S.EVIDENCE_REQUESTED)
OPEN = (*WAITING, S.EXPIRED, S.APPEALED)
"""Somebody has still to decide."""

RULED = (S.UPHELD, S.RETURN_RULED, S.FINAL_UPHELD, S.FINAL_RETURN)

RULING = (A.UPHOLD, A.RETURN_TO_WORK, A.REQUEST_EVIDENCE)
"""The actions that are rulings, by the words of `model.Decision`."""

TO_RULE = {A.UPHOLD: S.UPHELD, A.RETURN_TO_WORK: S.RETURN_RULED}
TO_CLOSE = TO_RULE | {A.EXPIRE: S.EXPIRED, A.FALL: S.FALLEN}

TRANSITIONS: Mapping[DisputeState | None, Mapping[DisputeAction, DisputeState]] = {
    None: {A.OPEN: S.OPENED},
    S.OPENED: TO_CLOSE | {A.ASSIGN: S.ASSIGNED, A.REQUEST_EVIDENCE: S.EVIDENCE_REQUESTED, A.JUDGE_AGAIN: S.OPENED},
    S.ASSIGNED: TO_CLOSE | {A.ASSIGN: S.ASSIGNED, A.REQUEST_EVIDENCE: S.EVIDENCE_REQUESTED, A.JUDGE_AGAIN: S.ASSIGNED},
    S.EVIDENCE_REQUESTED: TO_CLOSE
    | {A.ASSIGN: S.EVIDENCE_REQUESTED, A.ANSWER: S.ASSIGNED, A.JUDGE_AGAIN: S.EVIDENCE_REQUESTED},
    S.EXPIRED: TO_RULE,
    S.UPHELD: {A.APPEAL: S.APPEALED},
    S.RETURN_RULED: {A.APPEAL: S.APPEALED},
    S.APPEALED: {A.UPHOLD: S.FINAL_UPHELD, A.RETURN_TO_WORK: S.FINAL_RETURN},
    S.FINAL_UPHELD: {},
    S.FINAL_RETURN: {},
    S.FALLEN: {A.STAND_AGAIN: S.OPENED},
}
"""From a state (None: no dispute yet) by an action to the next state: by any but undoing, which leads back."""

UNDOING: Mapping[DisputeState, tuple[DisputeState, ...]] = {
    S.EVIDENCE_REQUESTED: (S.OPENED, S.ASSIGNED),
    S.UPHELD: WAITING,
    S.RETURN_RULED: WAITING,
    S.FINAL_UPHELD: (S.APPEALED,),
    S.FINAL_RETURN: (S.APPEALED,),
}
"""Where undoing the ruling that led to a state may lead: to that one of these from which the ruling was taken. What was
decided because nobody did in time, from `expired`, is nobody's to undo."""

POSSIBLE_STEPS = (
    *((before, action, after) for before, actions in TRANSITIONS.items() for action, after in actions.items()),
    *((before, A.UNDO, after) for before, origins in UNDOING.items() for after in origins),
)
"""The whole truth table: a state before, an action, the state after it."""
