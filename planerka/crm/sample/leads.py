"""The leads as they come in: who, when, from where, to whom."""

from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np

from planerka.crm.sample import company
from planerka.crm.sample.dice import Bools, Dice, Ints
from planerka.crm.sample.timeline import Timeline

REPEAT_CHANCE = 0.08


@dataclass(frozen=True)
class World:
    """All that a lead depends on: the seed in the dice, the calendar, and nothing else."""

    dice: Dice
    timeline: Timeline


@dataclass(frozen=True)
class Columns:
    """Arrays of one length."""

    def where(self, rows: Bools | Ints) -> Self:
        """The rows of a mask, or at positions."""
        return replace(self, **{field.name: getattr(self, field.name)[rows] for field in fields(self)})


@dataclass(frozen=True)
class Leads(Columns):
    """One row a lead; codes are positions in the tables of `company`, -1 unknown.

    `prior` is the number of the same client's earlier lead, or -1.
    """

    number: Ints
    week: Ints
    created_s: Ints
    channel: Ints
    campaign: Ints
    has_promo: Bools
    enquiry: Ints
    project: Ints
    manager: Ints
    agency: Ints
    prior: Ints


def drawn_leads(world: World, numbers: Ints) -> Leads:
    """The leads with these numbers."""
    dice, timeline = world.dice, world.timeline
    week = np.searchsorted(timeline.starts, numbers, side="right") - 1
    channel = dice.pick("channel", numbers, [c.weight for c in company.CHANNELS])
    campaign = campaigns(world, numbers, week, channel)
    is_agency = channel == company.CHANNEL_CODES["agencies"]
    project = dice.pick("project", numbers, [p.weight for p in company.PROJECTS])
    return Leads(
        number=numbers,
        week=week,
        created_s=timeline.created_s(numbers, dice),
        channel=channel,
        campaign=campaign,
        has_promo=dice.hit("promo", numbers, company.PROMO_CHANCE),
        enquiry=dice.pick("enquiry", numbers, np.array([c.enquiries for c in company.CHANNELS])[channel]),
        project=np.where(dice.hit("no project", numbers, company.PROJECT_UNKNOWN_CHANCE), -1, project),
        manager=dice.between("manager", numbers, 0, len(company.MANAGERS) - 1),
        agency=np.where(is_agency, dice.pick("agency", numbers, company.AGENCY_WEIGHTS), -1),
        prior=prior_of(world, numbers),
    )


def campaigns(world: World, numbers: Ints, week: Ints, channel: Ints) -> Ints:
    """The campaign of each lead: those of a channel share one draw, so that they never take more than all."""
    drawn, campaign = world.dice.share("campaign", numbers), np.full(len(numbers), -1)
    taken = np.zeros(len(numbers))
    for code, offer in enumerate(company.CAMPAIGNS):
        running = (channel == company.CHANNEL_CODES[offer.channel_id]) & is_running(world.timeline, offer, week)
        campaign[running & (drawn >= taken) & (drawn < taken + offer.taken)] = code
        taken += running * offer.taken
    return campaign


def is_running(timeline: Timeline, campaign: company.Campaign, week: Ints) -> Bools:
    """Whether a campaign takes leads in these weeks of the world."""
    is_begun = week >= timeline.week_back(campaign.from_weeks_back)
    if campaign.until_weeks_back is None:
        return is_begun
    return is_begun & (week < timeline.week_back(campaign.until_weeks_back))


def prior_of(world: World, numbers: Ints) -> Ints:
    """The number of the same client's earlier lead, at most about a week older, or -1."""
    starts = world.timeline.starts
    week = np.searchsorted(starts, numbers, side="right") - 1
    earlier = numbers - world.dice.between("prior", numbers, 1, starts[week + 1] - starts[week])
    return np.where(world.dice.hit("repeat", numbers, REPEAT_CHANCE) & (earlier >= 0), earlier, -1)


def client_of(world: World, numbers: Ints) -> Ints:
    """The client, as the number of the client's first lead."""
    client, prior = numbers, prior_of(world, numbers)
    while (prior >= 0).any():
        client = np.where(prior >= 0, prior, client)
        prior = np.where(prior >= 0, prior_of(world, client), -1)
    return client
