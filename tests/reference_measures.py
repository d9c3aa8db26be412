"""Every measure counted row by row, in plain loops, from the definitions of docs/kpis.md and nothing else."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from planerka.clock import WorkCalendar
from planerka.rulebook.measures import RESPONSE_BINS
from tests.builders_measures import ANALYST, REASONS, UNTIL, ZONE, Company

STEPS = ("qualified", "meeting", "booking", "contract")
STEP_OF = {
    "qualified": "qualified",
    "meeting_held": "meeting",
    "booked": "booking",
    "booking_paid": "booking",
    "contract_signed": "contract",
}
GONE = dict.fromkeys(["project_id", "channel_id", "campaign_id", "manager_id", "agency_id"])
"""The lead of a contract that no lead is known of."""
COHORT_DAYS = {"qualified": (7, 21), "meeting": (21, 60), "booking": (60, 365), "contract": (365,)}


def count(company: Company, office: WorkCalendar, norms: dict[date, dict[str, int]]) -> dict[tuple[Any, ...], int]:
    """Values by (measure, local day, project, channel, campaign, manager, agency); zeros are left out."""
    known = {row["id"]: row for row in records(company.leads)}
    leads = {id_: row for id_, row in known.items() if id_ not in company.vanished}
    events = defaultdict(list)
    for row in sorted(records(company.events), key=lambda row: row["at"]):
        events[row["lead_id"]].append(row)
    contracts = records(company.contracts)
    totals: Counter[tuple[Any, ...]] = Counter()
    for lead in leads.values():
        signed = [signing(row) for row in contracts if row["lead_id"] == lead["id"]]
        history = sorted(events[lead["id"]] + signed, key=lambda row: row["at"])
        for found in (cohorts(lead, history), steps(lead, history), rejections(company, lead, history)):
            totals.update(dict(summed(found)))
        totals.update(dict(summed(returned_money(lead, history, contracts))))
        totals.update(dict(summed(responses(lead, events[lead["id"]], office, norms))))
    for row in contracts:
        totals.update(dict(summed(signings(row, known.get(row["lead_id"], GONE)))))
    for row in records(company.neglects):
        if row["lead_id"] in leads:
            totals[cell("neglected_n", leads[row["lead_id"]], row["neglected_at"], row["manager_id"])] += 1
    for row in records(company.spend):
        totals["spend_minor", row["spent_on"].date(), "", row["channel_id"], "", "", ""] += row["amount_minor"]
    return {key: value for key, value in totals.items() if value}


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as dicts with None for whatever is missing."""
    return [{k: None if pd.isna(v) else v for k, v in row.items()} for row in frame.to_dict("records")]


def summed(found: Iterator[tuple[tuple[Any, ...], int]]) -> Counter[tuple[Any, ...]]:
    totals: Counter[tuple[Any, ...]] = Counter()
    for key, value in found:
        totals[key] += value
    return totals


def cell(name: str, lead: dict[str, Any], at: Any, manager_id: str | None, project_id: str | None = None) -> tuple:
    ids = (project_id or lead["project_id"], lead["channel_id"], lead["campaign_id"], manager_id, lead["agency_id"])
    return (name, at.astimezone(ZONE).date(), *(id_ or "" for id_ in ids))


def signing(contract: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "contract_signed", "at": contract["signed_at"], "manager_id": None}


def reached(history: list[dict[str, Any]], step: str) -> dict[str, Any] | None:
    later = STEPS[STEPS.index(step) :]
    return next((row for row in history if STEP_OF.get(row["kind"]) in later), None)


def cohorts(lead: dict[str, Any], history: list[dict[str, Any]]) -> Iterator[tuple[tuple[Any, ...], int]]:
    def key(name: str) -> tuple[Any, ...]:
        return cell(name, lead, lead["created_at"], lead["manager_id"])

    yield key("leads_n"), 1
    for step, windows in COHORT_DAYS.items():
        first = reached(history, step)
        for days in windows:
            yield key(f"{step}_in_{days}d_n"), bool(first) and first["at"] - lead["created_at"] <= timedelta(days=days)
    rejected = next((row["at"] for row in history if row["kind"] == "rejected"), None)
    yield key("rejected_in_30d_n"), bool(rejected) and rejected - lead["created_at"] <= timedelta(days=30)


def steps(lead: dict[str, Any], history: list[dict[str, Any]]) -> Iterator[tuple[tuple[Any, ...], int]]:
    for name, step in (("qualified_n", "qualified"), ("meetings_n", "meeting")):
        if first := reached(history, step):
            yield cell(name, lead, first["at"], first["manager_id"]), 1
    ends = ("booked", "booking_expired", "booking_cancelled", "contract_signed")
    for n, row in enumerate(history):
        after = [later["kind"] for later in history[n + 1 :]]
        if row["kind"] == "booked":
            then = next((kind for kind in after if kind in ends), None)
            yield cell("bookings_n", lead, row["at"], row["manager_id"]), 1
            is_fallen = then in ("booking_expired", "booking_cancelled")
            yield cell("bookings_fallen_n", lead, row["at"], row["manager_id"]), is_fallen
        if is_return(row):
            later = [x["kind"] for x in history[n + 1 :] if is_return(x) or x["kind"] == "contract_signed"]
            yield cell("returned_n", lead, row["at"], row["manager_id"]), 1
            yield cell("returned_to_contract_n", lead, row["at"], row["manager_id"]), later[:1] == ["contract_signed"]


def is_return(row: dict[str, Any]) -> bool:
    return row["kind"] == "reopened" and row["actor_id"] == ANALYST


def rejections(
    company: Company, lead: dict[str, Any], history: list[dict[str, Any]]
) -> Iterator[tuple[tuple[Any, ...], int]]:
    for row in history:
        if row["kind"] == "rejected":
            outcome = company.verdicts.get(row["id"], "not_judged")
            is_judged = outcome != "not_judged"
            is_junk = outcome == "lawful" and REASONS.get(row["reason_id"]) == "spam"
            names = {"rejected_n": 1, "judged_n": is_judged, f"{outcome}_n": is_judged, "valid_junk_n": is_junk}
            for name, value in names.items():
                yield cell(name, lead, row["at"], row["manager_id"]), int(value)


def returned_money(
    lead: dict[str, Any], history: list[dict[str, Any]], contracts: list[dict[str, Any]]
) -> Iterator[tuple[tuple[Any, ...], int]]:
    for row in contracts:
        is_standing_flat = row["unit_kind"] == "flat" and row["terminated_at"] is None
        before = [x for x in history if is_return(x) and x["at"] < row["signed_at"]]
        if row["lead_id"] == lead["id"] and is_standing_flat and before:
            last = before[-1]
            yield cell("returned_revenue_minor", lead, last["at"], last["manager_id"]), row["price_minor"]


def signings(contract: dict[str, Any], lead: dict[str, Any]) -> Iterator[tuple[tuple[Any, ...], int]]:
    def key(name: str, at: Any) -> tuple[Any, ...]:
        return cell(name, lead, at, lead["manager_id"], contract["project_id"])

    signed_at, terminated_at = contract["signed_at"], contract["terminated_at"]
    if contract["unit_kind"] != "flat":
        yield key(f"{contract['unit_kind']}_n", signed_at), 1
        return
    area_dm2 = round((contract["area_m2"] or 0) * 100)
    net = {"contracts_n": 1, "revenue_minor": contract["price_minor"], "area_dm2": area_dm2}
    yield key("signed_n", signed_at), 1
    yield from ((key(name, signed_at), value) for name, value in net.items())
    if terminated_at:
        yield from ((key(name, terminated_at), -value) for name, value in net.items())
        yield key("terminated_of_signed_n", signed_at), 1
        yield key("terminated_n", terminated_at), 1


def responses(
    lead: dict[str, Any], events: list[dict[str, Any]], office: WorkCalendar, norms: dict[date, dict[str, int]]
) -> Iterator[tuple[tuple[Any, ...], int]]:
    created_on = lead["created_at"].astimezone(ZONE).date()
    in_force = next((norms[day] for day in sorted(norms, reverse=True) if day <= created_on), None)
    if lead["enquiry"] in (None, "answered_call") or in_force is None:
        return
    norm_min = in_force[lead["enquiry"]]
    answers = [row for row in events if is_answer(row) and row["at"] >= lead["created_at"]]
    first = answers[0] if answers else None
    ends = [at.tz_localize(None).to_datetime64() for at in (lead["created_at"], first["at"] if first else UNTIL_AT)]
    office = office.projects.get(lead["project_id"], office)
    waited_min = office.working_minutes(np.array(ends[:1]), np.array(ends[1:]))[0]
    manager_id = (first and first["manager_id"]) or lead["manager_id"]
    if first or waited_min > norm_min:
        yield cell("needed_response_n", lead, lead["created_at"], manager_id), 1
    if first:
        yield cell("responded_in_norm_n", lead, lead["created_at"], manager_id), waited_min <= norm_min
        for name, (low, high) in RESPONSE_BINS.items():
            is_within = low < waited_min <= high or low == waited_min == 0
            yield cell(name, lead, lead["created_at"], manager_id), is_within


UNTIL_AT = pd.Timestamp(UNTIL)


def is_answer(row: dict[str, Any]) -> bool:
    is_call_in = row["kind"] == "call_in" and row["outcome"] == "answered"
    return row["actor_kind"] == "person" and (row["kind"] in ("call_out", "message_out") or is_call_in)
