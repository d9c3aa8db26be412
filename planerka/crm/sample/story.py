"""What the sample company has to tell. Everything here can be found from its data alone.

Weeks are counted back from the anchor: the week in which the journal was first opened is 0.
`docs/sample-company.md` tells it in words.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

ANALYST_ID = "A1"
"""The quality-control analyst, as the actor of events."""

EARLY_REJECTER_ID = "M3"
"""Rejects for no answer after a single call: now and then always, mostly in the recent weeks."""
EARLY_REJECTION_CHANCE = 0.15
EARLY_REJECTION_CHANCE_NOW = 0.75
EARLY_REJECTION_WEEKS = 12
SHRUG_CHANCE = 0.5
"""Of the leads that a ruling returns to this manager, those that are rejected again without a single call."""

NEGLECTER_ID = "M6"
"""Leaves leads open without a next task and without a touch."""
NEGLECT_CHANCE = 0.45
NEGLECT_CHANCE_OF_OTHERS = 0.006

JUNK_CHANNEL_ID = "cpa"
"""Its leads are spam, wrong numbers and other people's clients, and rightly rejected as such."""

EARLY_CAMPAIGN_ID = "parking"
EARLY_PROMO_CODE = "PARKING26"
EARLY_CAMPAIGN_WEEKS_BACK = 5
EARLY_CAMPAIGN_LEAD_DAYS = 10
"""Launched on the Monday five weeks back; the sales department was told ten days later."""

MISSED_MEETING_WEEKS_BACK = 3
"""The week in which no joint meeting was held. The meetings themselves are no part of a CRM."""

RETURNS_FROM_WEEKS_BACK = 34
RETURNS_TO_WEEKS_BACK = 6
RETURN_CHANCE = 0.08
"""Unlawful rejections of those weeks that the analyst returned to work; some of them bought."""


class BadRow(StrEnum):
    """Rows no intake should accept."""

    FAR_FUTURE = "far_future"
    UNKNOWN_REASON = "unknown_reason"
    UNKNOWN_STAGE = "unknown_stage"
    SIGNED_BEFORE_CREATED = "signed_before_created"


@dataclass(frozen=True, kw_only=True)
class BadRowAt:
    """A bad row on the first lead of a week."""

    row: BadRow
    weeks_back: int


BAD_ROWS = (
    BadRowAt(row=BadRow.UNKNOWN_REASON, weeks_back=2),
    BadRowAt(row=BadRow.FAR_FUTURE, weeks_back=3),
    BadRowAt(row=BadRow.UNKNOWN_STAGE, weeks_back=9),
    BadRowAt(row=BadRow.SIGNED_BEFORE_CREATED, weeks_back=14),
    BadRowAt(row=BadRow.UNKNOWN_REASON, weeks_back=40),
)
UNKNOWN_REASON_ID = "R99"
UNKNOWN_STAGE_ID = "S99"


def early_campaign_dates(anchor_on: date) -> tuple[date, date]:
    """Launch of the campaign and its presentation to sales."""
    launched_on = anchor_on - timedelta(weeks=EARLY_CAMPAIGN_WEEKS_BACK)
    return launched_on, launched_on + timedelta(days=EARLY_CAMPAIGN_LEAD_DAYS)


def missed_meeting_on(anchor_on: date) -> date:
    """Monday of the week without a joint meeting."""
    return anchor_on - timedelta(weeks=MISSED_MEETING_WEEKS_BACK)
