"""Section 5: the queue of disputes, and what was won back."""

from collections import Counter

import pandas as pd

from planerka.clock import start_of
from planerka.dispute_states import WAITING, DisputeState
from planerka.model import Decision, EventKind
from planerka.pack.assembly.week import PackWeek
from planerka.pack.facts import DisputeFacts, Ledger
from planerka.store import meeting_facts

REVENUE = "returned_revenue"
"""The KPI that the ledger's money is of: what makes one unknown makes the other."""

LEDGER_WEEKS_N = 26
"""A returned lead is followed for half a year: most of what will be signed is signed by then."""


def disputes(pack: PackWeek) -> DisputeFacts:
    """The queue as the meeting finds it, and what was opened and decided since the week began."""
    queue = meeting_facts.queue(pack.connection, pack.source)
    begin = pd.Timestamp(start_of(pack.week.monday, pack.zone))
    is_open, is_fallen = queue["state"].isin(WAITING), queue["state"] == DisputeState.FALLEN
    ruled = queue.loc[queue["ruled_at"] >= begin, "decision"].value_counts()
    return DisputeFacts(
        open_n=int(is_open.sum()),
        overdue_n=int((is_open & (queue["due_at"] < pd.Timestamp(pack.at))).sum()),
        opened_n=int((queue["opened_at"] >= begin).sum()),
        upheld_n=int(ruled.get(Decision.UPHOLD, 0)),
        returned_n=int(ruled.get(Decision.RETURN_TO_WORK, 0)),
        evidence_requested_n=int(ruled.get(Decision.REQUEST_EVIDENCE, 0)),
        fallen_n=int((is_fallen & (queue["changed_at"] >= begin)).sum()),
    )


def ledger(pack: PackWeek) -> Ledger | None:
    """What became of the leads that the analyst returned; None where the source cannot tell."""
    if not pack.analyst_ids or not pack.has("event.reopened"):
        return None
    since_on = pack.week.back(LEDGER_WEEKS_N - 1).monday
    since = start_of(since_on, pack.zone)
    ids = sorted(pack.analyst_ids)
    returned = meeting_facts.returns(pack.connection, pack.source, ids, since, pack.until)
    lead_ids = returned["lead_id"].tolist()
    events = meeting_facts.events_of(pack.connection, pack.source, lead_ids, pack.until)
    signed = meeting_facts.flats_of(pack.connection, pack.source, lead_ids, pack.until)
    after = events.merge(returned, on="lead_id").query("at > returned_at")
    bought = signed.merge(returned, on="lead_id").query("signed_at > returned_at")
    buyers = set(bought["lead_id"])
    steps = Counter(furthest(after[after["lead_id"] == id_], id_ in buyers) for id_ in lead_ids)
    missing = pack.reader.missing(pack.reader.kpi(REVENUE))
    return Ledger(
        since_on=since_on,
        returned_n=len(lead_ids),
        at_work_n=steps["at_work"],
        meeting_n=steps["meeting"],
        booking_n=steps["booking"],
        contract_n=steps["contract"],
        lost_n=steps["lost"],
        revenue_minor=None if missing else int(bought["price_minor"].sum()),
        missing=missing,
    )


def furthest(events: pd.DataFrame, has_bought: bool) -> str:
    """Where a returned lead stands: bought, lost again, or in work at the furthest step since its return."""
    if has_bought:
        return "contract"
    kinds = events["kind"].tolist()
    last_state = next((kind for kind in reversed(kinds) if kind in (EventKind.REJECTED, EventKind.REOPENED)), None)
    if last_state == EventKind.REJECTED:
        return "lost"
    if EventKind.BOOKED in kinds:
        return "booking"
    return "meeting" if EventKind.MEETING_HELD in kinds else "at_work"
