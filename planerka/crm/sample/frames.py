"""The simulation's arrays as the frames of the CRM port."""

import numpy as np
import pandas as pd

from planerka.crm.sample import company, story
from planerka.crm.sample.cards import Losses, cards_of
from planerka.crm.sample.company import (
    ACTOR_IDS,
    AGENCIES,
    CAMPAIGNS,
    CHANNELS,
    ENQUIRIES,
    MANAGERS,
    PROJECTS,
    REASONS,
    STAGES,
)
from planerka.crm.sample.dice import Bools, Ints
from planerka.crm.sample.fates import LAWFUL
from planerka.crm.sample.leads import World, client_of
from planerka.crm.sample.lives import STATUS_OF_CODE, Lives, standing
from planerka.crm.sample.tape import ACTORS, CODE_OF_KIND, KINDS, OUTCOMES
from planerka.crm.sample.text import category, event_ids, framed, hashes, instants, lead_ids
from planerka.model import EventKind, LeadStatus

MANAGER_IDS = [id_ for id_, _ in MANAGERS]
STAGE_IDS = [*(id_ for id_, _, _ in STAGES), story.UNKNOWN_STAGE_ID]
REASON_IDS = [*(id_ for id_, _, _ in REASONS), story.UNKNOWN_REASON_ID]
CARD_URL = "https://crm.example/leads/"
INVALID_PHONE_CHANCE = 0.55
REJECTED, OWNER_CHANGED = CODE_OF_KIND[EventKind.REJECTED], CODE_OF_KIND[EventKind.OWNER_CHANGED]


def event_rows(world: World, lives: Lives, is_new: Bools) -> pd.DataFrame:
    """Rows of `model.Event`: the new ones."""
    events, timeline = lives.events.where(is_new), world.timeline
    return framed(
        {
            "id": event_ids(events.number),
            "lead_id": lead_ids(lives.leads.number)[events.lead],
            "kind": category(events.kind, KINDS),
            "at": instants(timeline, events.at_s),
            "recorded_at": instants(timeline, events.recorded_s),
            "actor_id": category(events.actor, ACTOR_IDS),
            "actor_kind": category(events.actor_kind, ACTORS),
            "manager_id": category(events.manager, MANAGER_IDS),
            "reason_id": category(events.reason, REASON_IDS),
            "from_stage_id": category(events.from_stage, STAGE_IDS),
            "to_stage_id": category(events.to_stage, STAGE_IDS),
            "duration_s": np.where(events.duration_s < 0, np.nan, events.duration_s),
            "outcome": category(events.outcome, OUTCOMES),
            "due_at": instants(timeline, events.due_s),
        }
    )


def lead_rows(world: World, lives: Lives, is_seen: Bools, is_new: Bools) -> pd.DataFrame:
    """Rows of `model.Lead`: those that new events changed, as all seen events leave them."""
    events, changed = lives.events, np.zeros(len(lives.leads.number), dtype=bool)
    changes = (STATUS_OF_CODE[events.kind] >= 0) | (events.to_stage >= 0) | (events.kind == OWNER_CHANGED)
    changed[events.lead[is_new & changes]] = True
    stands = standing(events, is_seen, len(changed)).where(changed)
    leads, fates = lives.leads.where(changed), lives.fates.where(changed)
    promo_codes = np.array([*(campaign.promo_code for campaign in CAMPAIGNS), None], dtype=object)
    ids = lead_ids(leads.number)
    return framed(
        {
            "id": ids,
            "client_id": hashes(world.dice.seed, client_of(world, leads.number)),
            "created_at": instants(world.timeline, leads.created_s),
            "enquiry": category(leads.enquiry, ENQUIRIES),
            "channel_id": category(leads.channel, [channel.id for channel in CHANNELS]),
            "campaign_id": category(leads.campaign, [campaign.id for campaign in CAMPAIGNS]),
            "promo_code": promo_codes[np.where(leads.has_promo, leads.campaign, -1)],
            "project_id": category(leads.project, [project.id for project in PROJECTS]),
            "manager_id": category(stands.manager, MANAGER_IDS),
            "agency_id": category(leads.agency, [id_ for id_, _ in AGENCIES]),
            "stage_id": category(stands.stage, STAGE_IDS),
            "status": category(stands.status, tuple(LeadStatus)),
            "reason_id": category(stands.reason, REASON_IDS),
            "phone_is_valid": ~is_phone_invalid(world, leads.number, fates.reason, fates.proof),
            "url": CARD_URL + ids,
        }
    )


def is_phone_invalid(world: World, numbers: Ints, reason: Ints, proof: Ints) -> Bools:
    """Numbers that no numbering plan knows, among those that will rightly be rejected as wrong."""
    return (reason == company.BAD_NUMBER) & (proof == LAWFUL) & world.dice.hit("invalid", numbers, INVALID_PHONE_CHANCE)


def rejection_rows(world: World, lives: Lives, is_new: Bools) -> pd.DataFrame:
    """Rows of `model.Rejection`: the cards of the new rejections. A returned lead is lost lawfully, if it is."""
    is_lost = (lives.events.kind == REJECTED) & (lives.events.reason < len(REASONS))
    lost = lives.events.where(is_lost & is_new)
    losses = Losses(
        number=lost.number,
        lead=lives.leads.number[lost.lead],
        prior=lives.leads.prior[lost.lead],
        reason=lost.reason,
        proof=np.where(lost.life == 0, lives.fates.proof[lost.lead], LAWFUL),
        rejected_s=lost.at_s,
    )
    return cards_of(world, losses)
