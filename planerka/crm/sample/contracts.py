"""Contracts: one for the flat of each lead that signed, and for its parking and storage."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from planerka.crm.sample.company import CURRENCY, FLAT_TYPES, PROJECTS
from planerka.crm.sample.dice import Bools, Floats, Ints
from planerka.crm.sample.leads import Columns, World
from planerka.crm.sample.lives import Lives
from planerka.crm.sample.market import MINOR, price_m2
from planerka.crm.sample.story import BAD_ROWS, BadRow
from planerka.crm.sample.tape import CODE_OF_KIND, Events
from planerka.crm.sample.text import LEAD_DIGITS_N, category, framed, ids, instants, lead_ids
from planerka.crm.sample.timeline import DAY, FAR
from planerka.model import EventKind, UnitKind

FLAT, PARKING, STORAGE = range(3)
UNIT_CHANCE = (1.0, 0.22, 0.16)
UNIT_M2 = (0.0, 13.5, 4.2)
UNIT_PRICE = (0, 1_650_000, 520_000)
LIVES_N, UNITS_N, DIGITS_N = 100, 10, 10
IMPOSSIBLE_LIFE, IMPOSSIBLY_EARLY_S = 99, 400 * DAY
FLAT_WEIGHTS = tuple(flat.weight for flat in FLAT_TYPES)
SIGNED, TERMINATED = CODE_OF_KIND[EventKind.CONTRACT_SIGNED], CODE_OF_KIND[EventKind.CONTRACT_TERMINATED]


@dataclass(frozen=True)
class Sales(Columns):
    """One row a unit sold: the position of the event it came with, the kind of unit, and when it was signed."""

    event: Ints
    unit: Ints
    life: Ints
    signed_s: Ints


def contracts(world: World, lives: Lives, is_seen: Bools, is_new: Bools) -> pd.DataFrame:
    """Rows of `model.Contract` that were signed or terminated among the new events, as the seen events have it."""
    events = lives.events
    changed = np.zeros(len(lives.leads.number), dtype=bool)
    changed[events.lead[is_new & np.isin(events.kind, (SIGNED, TERMINATED))]] = True
    signed = np.flatnonzero((events.kind == SIGNED) & is_seen & changed[events.lead])
    terminated_s = np.full(len(changed), FAR)
    is_terminated = (events.kind == TERMINATED) & is_seen
    terminated_s[events.lead[is_terminated]] = events.at_s[is_terminated]
    sold = [sales(world, events, signed, unit) for unit in (FLAT, PARKING, STORAGE)]
    sold.append(impossible(world, lives, is_new))
    columns = zip(*(vars(part).values() for part in sold), strict=True)
    return contract_rows(world, lives, Sales(*(np.concatenate(column) for column in columns)), terminated_s)


def sales(world: World, events: Events, signed: Ints, unit: int) -> Sales:
    """The units of one kind that were sold with these signatures (positions of events)."""
    event = signed[world.dice.hit(f"unit {unit}", events.number[signed], UNIT_CHANCE[unit])]
    return Sales(event, np.full(len(event), unit), events.life[event], events.at_s[event])


def impossible(world: World, lives: Lives, is_new: Bools) -> Sales:
    """The story's contract that was signed before its lead came: known on the day the lead is created."""
    weeks = [bad.weeks_back for bad in BAD_ROWS if bad.row == BadRow.SIGNED_BEFORE_CREATED]
    numbers = [world.timeline.starts[world.timeline.week_back(weeks_back)] for weeks_back in weeks]
    events = lives.events
    is_created = is_new & (events.kind == CODE_OF_KIND[EventKind.CREATED])
    event = np.flatnonzero(is_created & np.isin(lives.leads.number[events.lead], numbers))
    nothing = np.zeros_like(event)
    return Sales(event, nothing + FLAT, nothing + IMPOSSIBLE_LIFE, events.at_s[event] - IMPOSSIBLY_EARLY_S)


def contract_rows(world: World, lives: Lives, sold: Sales, terminated_s: Ints) -> pd.DataFrame:
    """The sales as rows; `terminated_s` has one value for each lead."""
    lead, key = lives.events.lead[sold.event], lives.events.number[sold.event]
    number, is_flat = lives.leads.number[lead], sold.unit == FLAT
    project, flat = np.maximum(lives.leads.project[lead], 0), world.dice.pick("flat", key, FLAT_WEIGHTS)
    area_m2, price = areas_and_prices(world, sold, key, project, flat)
    return framed(
        {
            "id": ids("C", (number * LIVES_N + sold.life) * UNITS_N + sold.unit, DIGITS_N),
            "deal_id": ids("D", number, LEAD_DIGITS_N),
            "lead_id": lead_ids(number),
            "project_id": category(project, [p.id for p in PROJECTS]),
            "unit_kind": category(sold.unit, tuple(UnitKind)),
            "flat_type": category(np.where(is_flat, flat, -1), [f.id for f in FLAT_TYPES]),
            "area_m2": area_m2,
            "price_minor": np.round(price / 1_000).astype(np.int64) * 1_000 * MINOR,
            "currency": CURRENCY,
            "signed_at": instants(world.timeline, sold.signed_s),
            "terminated_at": instants(world.timeline, terminated_s[lead]),
        }
    )


def areas_and_prices(world: World, sold: Sales, key: Ints, project: Ints, flat: Ints) -> tuple[Floats, Floats]:
    """Square metres and roubles of each unit; the discount is part of the chance."""
    least_m2, most_m2 = np.array([(f.least_m2, f.most_m2) for f in FLAT_TYPES])[flat].T
    flat_m2 = np.round(least_m2 + (most_m2 - least_m2) * world.dice.share("area", key), 1)
    area_m2 = np.where(sold.unit == FLAT, flat_m2, np.array(UNIT_M2)[sold.unit])
    flat_price = area_m2 * price_m2(project, flat, world.timeline.week_of(sold.signed_s))
    price = np.where(sold.unit == FLAT, flat_price, np.array(UNIT_PRICE)[sold.unit])
    return area_m2, price * (0.96 + 0.08 * world.dice.share("price", key))
