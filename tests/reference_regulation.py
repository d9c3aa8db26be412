"""The regulation again, row by row and in plain Python: what the vectorised code must agree with.

Slow on purpose, and shares nothing with planerka.regulation but the edition and the names of the facts.
Rows are dicts with the fields of the model; None is "not known".
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from planerka.clock import WorkCalendar
from planerka.rulebook.regulation import Combination, Comparison, Condition, Edition, Implication, Multiple, Range

Row = Mapping[str, Any]
STEPS = {
    "qualified": ["qualified"],
    "meeting": ["meeting_held"],
    "booking": ["booked", "booking_paid"],
    "contract": ["contract_signed"],
}
CARD_TEXTS = ("comment", "duplicate_of_id", "wanted_area", "wish", "mortgage_decision", "offer", "competitor")


def facts_of(
    rejection: Row,
    events: Sequence[Row],
    leads: Sequence[Row],
    stock: Sequence[Row],
    office: WorkCalendar,
    settling: timedelta,
) -> dict[str, Any]:
    """Every fact of the catalogue for one rejection."""
    seen = [e for e in events if e["lead_id"] == rejection["lead_id"] and is_seen(e, rejection, settling)]
    lead = next((row for row in leads if row["id"] == rejection["lead_id"]), {})
    office = office.projects.get(lead.get("project_id"), office)
    facts = dict(rejection) | {name: True if (rejection.get(name) or "").strip() else None for name in CARD_TEXTS}
    facts |= work(seen, rejection, lead, office) | talks(seen) | progress(seen, rejection)
    facts |= original(rejection, events, leads, lead, settling)
    facts |= cheapest(stock, rejection["at"].astimezone(office.zone).date())
    facts["enquiry"] = lead.get("enquiry")
    facts["phone_is_valid"] = lead.get("phone_is_valid")
    if any(e["kind"] == "consent_withdrawn" for e in seen):
        facts["asked_not_to_call"] = True
    return facts


def is_seen(event: Row, rejection: Row, settling: timedelta) -> bool:
    known_at = max(event["recorded_at"] or event["at"], event["at"])
    return event["at"] <= rejection["at"] and known_at <= rejection["at"] + settling


def work(seen: Sequence[Row], rejection: Row, lead: Row, office: WorkCalendar) -> dict[str, Any]:
    reopened = max((e["at"] for e in seen if e["kind"] == "reopened" and e["at"] < rejection["at"]), default=None)
    own = [e for e in seen if e["actor_kind"] != "robot" and (reopened is None or e["at"] >= reopened)]
    calls = [e["at"] for e in own if e["kind"] == "call_out"]
    messages = [e["at"] for e in own if e["kind"] == "message_out"]
    answered = [e["at"] for e in own if e["kind"] == "call_in" and e["outcome"] == "answered"]
    began = max(filter(None, [lead.get("created_at"), reopened]), default=None)
    response = worked_min(office, began, min([*calls, *messages, *answered, rejection["at"]]))
    return {
        "attempts_n": len(calls),
        "attempt_days_n": len({at.astimezone(office.zone).date() for at in calls}),
        "attempt_hours_n": len({at.astimezone(office.zone).hour for at in calls}),
        "messages_n": len(messages),
        "first_attempt_min": worked_min(office, began, min([*calls, rejection["at"]])),
        "first_response_min": 0 if lead.get("enquiry") == "answered_call" and reopened is None else response,
    }


def worked_min(office: WorkCalendar, from_at: datetime | None, to_at: datetime) -> float | None:
    """Day by day: how much of each shift lies between the two instants."""
    if from_at is None:
        return None
    worked, day = timedelta(), from_at.astimezone(office.zone).date() - timedelta(days=1)
    while day <= to_at.astimezone(office.zone).date():
        if office.is_working(day):
            opens_at, closes_at = office.shift(day)
            worked += max(min(to_at, closes_at) - max(from_at, opens_at), timedelta())
        day += timedelta(days=1)
    return worked / timedelta(minutes=1)


def talks(seen: Sequence[Row]) -> dict[str, Any]:
    calls = [e for e in seen if e["kind"] in ("call_out", "call_in") and e["actor_kind"] != "robot"]
    talk_s = [0 if e["outcome"] in ("no_answer", "not_in_service") else e["duration_s"] for e in calls]
    outcomes = [e["outcome"] for e in calls if e["kind"] == "call_out"]
    return {
        "longest_talk_s": None if None in talk_s else max(talk_s, default=0),
        "not_in_service_n": None if None in outcomes else outcomes.count("not_in_service"),
    }


def progress(seen: Sequence[Row], rejection: Row) -> dict[str, Any]:
    kinds = {e["kind"] for e in seen}
    steps = [step for step, proofs in STEPS.items() if kinds.intersection(proofs)]
    due = [e["due_at"] for e in seen if e["kind"] == "task_set"]
    is_ahead = any(due_at > rejection["at"] for due_at in due if due_at)
    return {
        "stage_reached": steps[-1] if steps else "enquiry",
        "has_met": not {"meeting", "booking", "contract"}.isdisjoint(steps),
        "reopened_n": sum(e["kind"] == "reopened" and e["at"] < rejection["at"] for e in seen),
        "has_next_task": None if None in due and not is_ahead else is_ahead,
    }


def original(
    rejection: Row, events: Sequence[Row], leads: Sequence[Row], lead: Row, settling: timedelta
) -> dict[str, Any]:
    unknown = dict.fromkeys(
        ("original_exists", "original_is_same_client", "original_is_older", "original_state", "original_won_days")
    )
    if rejection.get("duplicate_of_id") is None:
        return unknown
    found = next((row for row in leads if row["id"] == rejection["duplicate_of_id"]), None)
    if found is None:
        return unknown | {"original_exists": False}
    state, since = "open", None
    order = ["reopened", "rejected", "contract_terminated", "contract_signed"]
    changes = [
        e for e in events if e["lead_id"] == found["id"] and e["kind"] in order and is_seen(e, rejection, settling)
    ]
    for event in sorted(changes, key=lambda e: (e["at"], order.index(e["kind"]))):
        state = {"reopened": "open", "contract_signed": "won"}.get(event["kind"], "lost")
        since = event["at"]
    clients, created = ([row.get(name) for row in (found, lead)] for name in ("client_id", "created_at"))
    return {
        "original_exists": True,
        "original_is_same_client": None if None in clients else clients[0] == clients[1],
        "original_is_older": None if None in created else created[0] < created[1],
        "original_state": state,
        "original_won_days": (rejection["at"] - since) / timedelta(days=1) if state == "won" and since else None,
    }


def cheapest(stock: Sequence[Row], day: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    last_on: dict[str, Any] = {}
    for row in stock:
        if row["stock_on"] <= day:
            last_on[row["project_id"]] = max(row["stock_on"], last_on.get(row["project_id"], row["stock_on"]))
    lots = [r for r in stock if r["stock_on"] == last_on.get(r["project_id"]) and r["available_n"] > 0]
    for fact, column in (("cheapest_price_minor", "min_price_minor"), ("cheapest_payment_minor", "min_payment_minor")):
        amounts = [row[column] for row in lots]
        is_known = amounts and None not in amounts and len({row["currency"] for row in stock}) == 1
        found[fact] = min(amounts) if is_known else None
    return found


def holds(test: Condition, facts: Row) -> bool | None:
    """Kleene's three values: True, False, None for unknown."""
    match test:
        case Combination(operator="all", parts=parts):
            answers = [holds(part, facts) for part in parts]
            return False if False in answers else None if None in answers else True
        case Combination(parts=parts):
            answers = [holds(part, facts) for part in parts]
            return True if True in answers else None if None in answers else False
        case Implication(when=when, then=then):
            asked, done = holds(when, facts), holds(then, facts)
            return True if asked is False or done is True else None if asked is None or done is None else False
        case Comparison():
            return compare(test, facts)


def compare(test: Comparison, facts: Row) -> bool | None:
    value, needed = facts.get(test.field), test.value
    if isinstance(needed, Multiple):
        other = facts.get(needed.field)
        needed = None if other is None else other * needed.times
    if value is None or needed is None:
        return None
    if test.operator == "at_least":
        return value >= needed
    if test.operator == "at_most":
        return value <= needed
    if test.operator == "more_than":
        return value > needed
    if test.operator == "less_than":
        return value < needed
    if isinstance(needed, Range):
        return needed.low <= value <= needed.high
    if test.operator in ("one_of", "not_one_of"):
        return (value in needed) == (test.operator == "one_of")
    return True if test.operator == "present" else value == needed


def outcome_of(edition: Edition, reason: str | None, facts: Row) -> str:
    """What the edition says, where the source lacks nothing and the mapping knows the reason."""
    known = next((r for r in edition.reasons if r.code == reason and r.is_legal), None)
    if known is None:
        return "unlawful"
    answers = [holds(clause.test, facts) for clause in known.clauses if clause.consequence == "void"]
    return "unlawful" if False in answers else "unprovable" if None in answers else "lawful"
