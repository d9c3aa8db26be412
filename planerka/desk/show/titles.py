"""What states, actions, events and fields of a card are called on the desk."""

from planerka.dispute_states import DisputeAction, DisputeState
from planerka.disputes.followed import Standing
from planerka.disputes.returning import Obstacle
from planerka.model import BudgetKind, CallOutcome, Decision, Enquiry, EventKind, UnitKind
from planerka.words import _

STATES = {
    DisputeState.OPENED: _("waits"),
    DisputeState.ASSIGNED: _("is looked after"),
    DisputeState.EVIDENCE_REQUESTED: _("evidence requested"),
    DisputeState.EXPIRED: _("expired"),
    DisputeState.UPHELD: _("rejection upheld"),
    DisputeState.RETURN_RULED: _("returned to work"),
    DisputeState.APPEALED: _("appealed"),
    DisputeState.FINAL_UPHELD: _("rejection upheld, final"),
    DisputeState.FINAL_RETURN: _("returned to work, final"),
    DisputeState.FALLEN: _("fallen"),
}

ACTIONS = {
    DisputeAction.OPEN: _("opened the dispute"),
    DisputeAction.ASSIGN: _("took it to look after"),
    DisputeAction.REQUEST_EVIDENCE: _("requested evidence"),
    DisputeAction.ANSWER: _("gave evidence"),
    DisputeAction.UPHOLD: _("upheld the rejection"),
    DisputeAction.RETURN_TO_WORK: _("returned the lead to work"),
    DisputeAction.UNDO: _("took the ruling back"),
    DisputeAction.EXPIRE: _("the deadline passed"),
    DisputeAction.APPEAL: _("appealed"),
    DisputeAction.FALL: _("judged again: the rejection is lawful, the dispute falls"),
    DisputeAction.STAND_AGAIN: _("judged again: the dispute stands again"),
    DisputeAction.JUDGE_AGAIN: _("judged again: the verdict is another, the dispute stays"),
}

STATES_OF_NEGLECT = STATES | {
    DisputeState.UPHELD: _("no violation"),
    DisputeState.FINAL_UPHELD: _("no violation, final"),
}
ACTIONS_OF_NEGLECT = ACTIONS | {DisputeAction.UPHOLD: _("found no violation")}
"""Of a neglected lead, which nobody had rejected."""

OBSTACLES = {
    Obstacle.GONE: _("The CRM has the lead no more."),
    Obstacle.OPEN: _("The lead is in work already."),
    Obstacle.WON: _("The lead has bought."),
    Obstacle.REJECTED: _("The lead is rejected now."),
    Obstacle.NOT_TO_BE_CALLED: _("The client asked not to be called: that holds for ever."),
    Obstacle.RETURNED_ENOUGH: _("The lead was returned as often as the regulation allows."),
}

WRITTEN = {
    Decision.RETURN_TO_WORK: (
        _("The lead is back in work in the CRM since {at}, and was seen there."),
        _("The return to work was handed over to the CRM on {at}; the next pull will show it."),
    ),
    Decision.REQUEST_EVIDENCE: (
        _("The request for evidence is in the CRM since {at}, and was seen there."),
        _("The request for evidence was handed over to the CRM on {at}; the next pull will show it."),
    ),
}
"""What was written for a decision and is confirmed, and what is not confirmed yet."""

EVENTS = {
    EventKind.CREATED: _("Enquiry"),
    EventKind.ASSIGNED: _("Person in charge named"),
    EventKind.OWNER_CHANGED: _("Person in charge changed"),
    EventKind.CALL_OUT: _("Outgoing call"),
    EventKind.CALL_IN: _("Incoming call"),
    EventKind.MESSAGE_OUT: _("Message to the client"),
    EventKind.MESSAGE_IN: _("Message from the client"),
    EventKind.TASK_SET: _("Task set"),
    EventKind.STAGE_CHANGED: _("Stage changed"),
    EventKind.QUALIFIED: _("Qualified"),
    EventKind.REJECTED: _("Rejected"),
    EventKind.REOPENED: _("Back in work"),
    EventKind.MEETING_HELD: _("Meeting held"),
    EventKind.BOOKED: _("Booked"),
    EventKind.BOOKING_PAID: _("Booking paid"),
    EventKind.BOOKING_EXPIRED: _("Booking expired"),
    EventKind.BOOKING_CANCELLED: _("Booking cancelled"),
    EventKind.MORTGAGE_SUBMITTED: _("Mortgage applied for"),
    EventKind.MORTGAGE_APPROVED: _("Mortgage approved"),
    EventKind.MORTGAGE_DECLINED: _("Mortgage declined"),
    EventKind.CONTRACT_SIGNED: _("Contract signed"),
    EventKind.CONTRACT_TERMINATED: _("Contract terminated"),
    EventKind.CONSENT_WITHDRAWN: _("Consent withdrawn"),
}

CALLS = {
    CallOutcome.ANSWERED: _("answered"),
    CallOutcome.NO_ANSWER: _("no answer"),
    CallOutcome.NOT_IN_SERVICE: _("not in service"),
}

ENQUIRIES = {
    Enquiry.ANSWERED_CALL: _("answered call"),
    Enquiry.MISSED_CALL: _("missed call"),
    Enquiry.FORM: _("form on the site"),
    Enquiry.CHAT: _("chat"),
    Enquiry.OTHER: _("another way"),
}

BUDGETS = {
    BudgetKind.FULL_PRICE: _("full price"),
    BudgetKind.DOWN_PAYMENT: _("down payment"),
    BudgetKind.MONTHLY_PAYMENT: _("monthly payment"),
}

BANK_DECISIONS = {
    "approved": _("approved"),
    "declined": _("declined"),
}
"""Of the decisions of a bank those that planerka knows; a CRM may hold another text, which is shown as it is."""

STANDINGS = {
    Standing.AT_WORK: _("in work"),
    Standing.MEETING: _("meeting held"),
    Standing.BOOKING: _("booked"),
    Standing.CONTRACT: _("contract"),
    Standing.TERMINATED: _("contract terminated"),
    Standing.REJECTED: _("rejected again"),
    Standing.RETURNED_AGAIN: _("returned once more"),
    Standing.VANISHED: _("not in the CRM any more"),
}

UNITS = {
    UnitKind.FLAT: _("flat"),
    UnitKind.PARKING: _("parking place"),
    UnitKind.STORAGE: _("storage room"),
}

CARD = {
    "duplicate_of_id": _("Duplicate of lead"),
    "wanted_area": _("Wanted area"),
    "wanted_area_is_ours": _("One of our projects is there"),
    "wish": _("Wish"),
    "lots_matching_n": _("Matching lots for sale"),
    "budget_minor": _("Budget"),
    "budget_kind": _("What the budget is for"),
    "instalments_discussed": _("Instalments discussed"),
    "mortgage_applied": _("Mortgage applied for"),
    "mortgage_decision": _("Decision of the bank"),
    "other_banks_offered": _("Other banks offered"),
    "nurture_listed": _("On the nurture list"),
    "offer": _("Offer made"),
    "competitor": _("Competitor"),
    "horizon_months": _("Months until the client may buy"),
    "passed_to_agency_desk": _("Passed to the agency desk"),
    "asked_not_to_call": _("Asked not to be called"),
    "wrong_service_said": _("The enquiry says it is another service"),
}
"""Fields of a card in the order of the page; the comment stands apart."""
