"""The nouns of planerka, frozen.

The first half are the nouns a source supplies. Adapters deliver them as frames whose columns are these
fields (`crm.base.Batch`), and `store.tables` makes one table of each: the schema is declared here, once.
Ids are text. `None` always means "not known", never "no" and never zero.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any


class EventKind(StrEnum):
    """What can happen to a lead. `docs/data-model.md` says what each one proves."""

    CREATED = "created"
    ASSIGNED = "assigned"
    OWNER_CHANGED = "owner_changed"
    CALL_OUT = "call_out"
    CALL_IN = "call_in"
    MESSAGE_OUT = "message_out"
    MESSAGE_IN = "message_in"
    TASK_SET = "task_set"
    STAGE_CHANGED = "stage_changed"
    QUALIFIED = "qualified"
    REJECTED = "rejected"
    REOPENED = "reopened"
    MEETING_HELD = "meeting_held"
    BOOKED = "booked"
    BOOKING_PAID = "booking_paid"
    BOOKING_EXPIRED = "booking_expired"
    BOOKING_CANCELLED = "booking_cancelled"
    MORTGAGE_SUBMITTED = "mortgage_submitted"
    MORTGAGE_APPROVED = "mortgage_approved"
    MORTGAGE_DECLINED = "mortgage_declined"
    CONTRACT_SIGNED = "contract_signed"
    CONTRACT_TERMINATED = "contract_terminated"
    CONSENT_WITHDRAWN = "consent_withdrawn"


class ActorKind(StrEnum):
    PERSON = "person"
    ROBOT = "robot"
    UNKNOWN = "unknown"


class LeadStatus(StrEnum):
    """State at the last pull: convenient, and never used to judge the past."""

    OPEN = "open"
    REJECTED = "rejected"
    WON = "won"


class Enquiry(StrEnum):
    """How the client came; an answered call needs no response, the others do."""

    ANSWERED_CALL = "answered_call"
    MISSED_CALL = "missed_call"
    FORM = "form"
    CHAT = "chat"
    OTHER = "other"


class CallOutcome(StrEnum):
    ANSWERED = "answered"
    NO_ANSWER = "no_answer"
    NOT_IN_SERVICE = "not_in_service"


class BudgetKind(StrEnum):
    FULL_PRICE = "full_price"
    DOWN_PAYMENT = "down_payment"
    MONTHLY_PAYMENT = "monthly_payment"


class UnitKind(StrEnum):
    FLAT = "flat"
    PARKING = "parking"
    STORAGE = "storage"


class ReferenceKind(StrEnum):
    PROJECT = "project"
    CHANNEL = "channel"
    CAMPAIGN = "campaign"
    MANAGER = "manager"
    AGENCY = "agency"
    STAGE = "stage"
    REASON = "reason"


@dataclass(frozen=True, kw_only=True)
class Reference:
    """What an id of the CRM is called.

    For a stage `code` is the funnel step it means (`qualified`, `meeting` …); for a reason it is the code
    the regulation uses. None there is bad data: the mapping does not know it.
    """

    kind: ReferenceKind
    id: str
    title: str
    code: str | None = None


@dataclass(frozen=True, kw_only=True)
class Lead:
    """One enquiry, one touch of a client. `client_id` is a keyed hash or an id of the CRM, never a name."""

    id: str
    client_id: str | None
    created_at: datetime | None
    enquiry: Enquiry | None
    channel_id: str | None
    campaign_id: str | None
    promo_code: str | None
    project_id: str | None
    manager_id: str | None
    agency_id: str | None
    stage_id: str | None
    status: LeadStatus
    reason_id: str | None
    phone_is_valid: bool | None
    url: str | None


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened to a lead, with two times.

    `at` is when it happened, `recorded_at` when the CRM learned of it. `due_at` is the due time of a task and
    the expiry of a booking. `duration_s` is talk time of a call. `manager_id` is who owned the lead then.
    """

    id: str
    lead_id: str
    kind: EventKind
    at: datetime
    recorded_at: datetime | None
    actor_id: str | None
    actor_kind: ActorKind
    manager_id: str | None
    reason_id: str | None
    from_stage_id: str | None
    to_stage_id: str | None
    duration_s: int | None
    outcome: CallOutcome | None
    due_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Rejection:
    """The card of a lead as it stood when the lead was marked lost; `id` is the id of the rejected event.

    Money is in minor units of the company's currency. `comment` has phones, e-mails and messengers masked.
    """

    id: str
    lead_id: str
    comment: str | None
    duplicate_of_id: str | None
    wanted_area: str | None
    wanted_area_is_ours: bool | None
    wish: str | None
    lots_matching_n: int | None
    budget_minor: int | None
    budget_kind: BudgetKind | None
    instalments_discussed: bool | None
    mortgage_applied: bool | None
    mortgage_decision: str | None
    other_banks_offered: bool | None
    nurture_listed: bool | None
    offer: str | None
    competitor: str | None
    horizon_months: int | None
    passed_to_agency_desk: bool | None
    asked_not_to_call: bool | None
    wrong_service_said: bool | None


@dataclass(frozen=True, kw_only=True)
class Contract:
    """A signed ДДУ. Price in minor units of `currency`; `terminated_at` None while it stands."""

    id: str
    deal_id: str | None
    lead_id: str
    project_id: str | None
    unit_kind: UnitKind
    flat_type: str | None
    area_m2: float | None
    price_minor: int | None
    currency: str
    signed_at: datetime
    terminated_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Spend:
    """Money spent on a channel on a local day; "" where it was not split further."""

    spent_on: date
    channel_id: str
    campaign_id: str
    project_id: str
    amount_minor: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What was planned for a KPI from `from_on` to `to_on`, both included; project "" is the company."""

    kpi: str
    project_id: str
    from_on: date
    to_on: date
    value: int


@dataclass(frozen=True, kw_only=True)
class Stock:
    """Lots for sale at the end of a local day. Prices in minor units; `min_payment_minor` a month."""

    stock_on: date
    project_id: str
    flat_type: str
    available_n: int
    min_price_minor: int | None
    median_price_minor: int | None
    min_payment_minor: int | None
    currency: str


PULLED = (Reference, Lead, Event, Rejection, Contract, Spend, Plan, Stock)
"""What a source can supply, in the order in which a pull stores it."""


def noun_name(noun: type) -> str:
    """A noun in the keys of row tests and of the quarantine: `lead`, `event` …"""
    return noun.__name__.lower()


class Outcome(StrEnum):
    """What an edition says of a rejection."""

    LAWFUL = "lawful"
    UNLAWFUL = "unlawful"
    UNPROVABLE = "unprovable"
    NOT_JUDGED = "not_judged"


class Consequence(StrEnum):
    VOID = "void"
    FAULT = "fault"


class ClauseResult(StrEnum):
    BROKEN = "broken"
    UNPROVABLE = "unprovable"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one clause says of one rejection; words in both languages, without a client's data."""

    clause: str
    result: ClauseResult
    consequence: Consequence
    ru: str
    en: str


@dataclass(frozen=True, kw_only=True)
class Rejudged:
    """Why somebody had a rejection judged again, and what that changed, in both languages."""

    why: str
    ru: str
    en: str


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What an edition says of a rejection. `number` counts the judgements of one rejection from 1.

    `reason`: the code it was judged by, None where none was given. `evidence`: what its clauses read. `lacks`: what the
    source did not have then, by the names of `Crm.lacks`. `is_qualified`: what the edition's criteria say of the lead
    at that moment; None where they cannot tell. `rejudged` None: it was judged once.
    """

    rejection_id: str
    number: int
    edition: str | None
    outcome: Outcome
    findings: tuple[Finding, ...]
    evidence: dict[str, Any]
    reason: str | None = None
    lacks: tuple[str, ...] = ()
    is_qualified: bool | None = None
    rejudged: Rejudged | None = None


class DisputeOrigin(StrEnum):
    UNLAWFUL = "unlawful"
    UNPROVABLE = "unprovable"
    NEGLECT = "neglect"
    RAISED = "raised"

    @property
    def returnable(self) -> tuple[LeadStatus, ...]:
        """What a lead may be for a ruling to return it to work: a neglected one is open, or was rejected meanwhile."""
        return (LeadStatus.OPEN, LeadStatus.REJECTED) if self == DisputeOrigin.NEGLECT else (LeadStatus.REJECTED,)


class Decision(StrEnum):
    UPHOLD = "uphold"
    RETURN_TO_WORK = "return_to_work"
    REQUEST_EVIDENCE = "request_evidence"


class ReadingSubject(StrEnum):
    """What is decided once more, blind: the machine's word that a rejection is lawful, or a person's ruling."""

    VERDICT = "verdict"
    RULING = "ruling"


@dataclass(frozen=True, kw_only=True)
class Command:
    """One intended write to the CRM. `marker` is written with it, so that it can be found again.

    `origin` is that of the dispute: of neglect the lead was open all the time, and a return leaves it in its stage.
    ValueError for a decision that asks for no write.
    """

    marker: str
    lead_id: str
    origin: DisputeOrigin
    kind: Decision
    manager_id: str | None
    stage_id: str | None
    note: str
    task: str
    due_at: datetime

    def __post_init__(self) -> None:
        if self.kind == Decision.UPHOLD:
            raise ValueError(f"{self.marker} upholds a rejection: there is nothing to write")


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """The proof, read back from the CRM, that a command happened once.

    `confirmed_at` None: the command was handed over (a worklist for people) and is not seen yet.
    """

    marker: str
    handed_over_at: datetime
    confirmed_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """What an integration asks with, and the token, good for one time, that it gets the next pair by."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires_at: datetime


class CheckSeverity(StrEnum):
    BLOCK = "block"
    WARN = "warn"


@dataclass(frozen=True, kw_only=True)
class Check:
    """One line of a gate report: how many rows were looked at, failed, and could not be decided.

    `examples` are a few of those that failed, with their place in the export; what may be a client's is masked.
    """

    key: str
    ru: str
    en: str
    severity: CheckSeverity
    rows_n: int
    failed_n: int
    unknown_n: int
    is_passed: bool
    error: str | None = None
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class GateReport:
    """What a suite found. The gate is open unless a blocking check failed or a check could not run."""

    suite: str
    checks: tuple[Check, ...]

    @property
    def stopped_by(self) -> tuple[Check, ...]:
        return tuple(c for c in self.checks if c.error or (not c.is_passed and c.severity == CheckSeverity.BLOCK))

    @property
    def warnings(self) -> tuple[Check, ...]:
        return tuple(c for c in self.checks if not c.error and not c.is_passed and c.severity == CheckSeverity.WARN)

    @property
    def is_open(self) -> bool:
        return not self.stopped_by
