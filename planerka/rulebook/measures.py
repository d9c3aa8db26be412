"""The measures that a KPI may be made of: what each needs of a source, and what it is a part of.

Additive whole numbers; `store.measure_selects` and `kpis.measures` count them, and a test proves that those two
count these and no others. Units are in the names: `_n` counts, `_minor` minor units of money, `_dm2` hundredths of m².
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise


class Begin(StrEnum):
    """What a cohort begins with: on the day of this its members are counted, and followed from then on."""

    ENQUIRY = "enquiry"
    BOOKING = "booking"
    CONTRACT = "contract"
    RETURN = "return"


@dataclass(frozen=True, kw_only=True)
class Measure:
    """`needs` are names of `Crm.lacks`; "a or b" needs one of the two. `within`: the measures that contain this one.

    `window_days`: how long after its day a lead, a booking or a return is followed. `money_of`: the noun whose
    currency the amounts are in. `begin`: of the measure of a cohort, what puts a member into it.
    """

    needs: tuple[str, ...] = ()
    within: tuple[str, ...] = ()
    window_days: int = 0
    money_of: str | None = None
    begin: Begin = Begin.ENQUIRY

    def missing(self, lacks: Collection[str]) -> tuple[str, ...]:
        """What of its needs a source lacks, a noun standing for all its fields."""
        return tuple(need for need in self.needs if all(_is_lacking(name, lacks) for name in need.split(" or ")))


def _is_lacking(name: str, lacks: Collection[str]) -> bool:
    return name in lacks or name.partition(".")[0] in lacks


CONTRACT = "event.contract_signed or contract"
VERDICT = ("event.rejected", "event.call_out")
JUNK_REASONS = ("spam", "bad_number", "wrong_service")
"""Reasons, as the regulation codes them, of leads that nobody in sales could have sold to."""
RESPONSE = ("lead.enquiry", "event.call_out", "event.actor_kind")

RESPONSE_BOUNDS_MIN = (0, 1, 2, 3, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 360, 720, 1440, 2880)
RESPONSE_BINS = {f"responded_in_{high}_min_n": (low, high) for low, high in pairwise(RESPONSE_BOUNDS_MIN)}
"""Leads whose first response came after `low` and by `high` working minutes: a histogram adds up, a median does not."""


def _cohort(step: str, need: str, days: Iterable[int], within: tuple[str, ...]) -> dict[str, Measure]:
    """Leads that reached a step within so many days; also part of the step before it within the same days."""
    return {
        f"{step}_in_{n}d_n": Measure(
            needs=(need,), within=("leads_n", *(f"{earlier}_in_{n}d_n" for earlier in within)), window_days=n
        )
        for n in days
    }


MEASURES: dict[str, Measure] = {
    "leads_n": Measure(needs=("lead.created_at",)),
    **_cohort("qualified", "event.qualified", (7, 21), ()),
    **_cohort("rejected", "event.rejected", (30,), ()),
    **_cohort("meeting", "event.meeting_held", (21, 60), ("qualified",)),
    **_cohort("booking", "event.booked", (60, 365), ("meeting",)),
    **_cohort("contract", CONTRACT, (365,), ("booking",)),
    "qualified_n": Measure(needs=("event.qualified",)),
    "meetings_n": Measure(needs=("event.meeting_held",)),
    "bookings_n": Measure(needs=("event.booked",)),
    "bookings_fallen_n": Measure(
        needs=("event.booked", "event.booking_expired or event.booking_cancelled"),
        within=("bookings_n",),
        begin=Begin.BOOKING,
    ),
    "rejected_n": Measure(needs=("event.rejected",)),
    "judged_n": Measure(needs=("event.rejected",), within=("rejected_n",)),
    "lawful_n": Measure(needs=VERDICT, within=("judged_n", "rejected_n")),
    "unlawful_n": Measure(needs=VERDICT, within=("judged_n", "rejected_n")),
    "unprovable_n": Measure(needs=VERDICT, within=("judged_n", "rejected_n")),
    "valid_junk_n": Measure(needs=(*VERDICT, "event.reason_id"), within=("lawful_n", "judged_n", "rejected_n")),
    "neglected_n": Measure(needs=("event.call_out", "event.task_set")),
    "needed_response_n": Measure(needs=RESPONSE, within=("leads_n",)),
    "responded_in_norm_n": Measure(needs=RESPONSE, within=("needed_response_n", "leads_n")),
    **{name: Measure(needs=RESPONSE, within=("needed_response_n", "leads_n")) for name in RESPONSE_BINS},
    "contracts_n": Measure(needs=("contract",)),
    "revenue_minor": Measure(needs=("contract.price_minor",), money_of="contract"),
    "area_dm2": Measure(needs=("contract.area_m2",)),
    "signed_n": Measure(needs=("contract",)),
    "terminated_of_signed_n": Measure(needs=("contract.terminated_at",), within=("signed_n",), begin=Begin.CONTRACT),
    "terminated_n": Measure(needs=("contract.terminated_at",)),
    "parking_n": Measure(needs=("contract.unit_kind",)),
    "storage_n": Measure(needs=("contract.unit_kind",)),
    "returned_n": Measure(needs=("event.reopened",)),
    "returned_to_contract_n": Measure(needs=("event.reopened", CONTRACT), within=("returned_n",), begin=Begin.RETURN),
    "returned_revenue_minor": Measure(
        needs=("event.reopened", "contract.price_minor"), money_of="contract", begin=Begin.RETURN
    ),
    "spend_minor": Measure(needs=("spend",), money_of="spend"),
}
