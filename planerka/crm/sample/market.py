"""Prices and stock."""

from datetime import date

import numpy as np
import pandas as pd

from planerka.crm.sample.company import CURRENCY, FLAT_TYPES, PROJECTS
from planerka.crm.sample.dice import Floats, Ints
from planerka.crm.sample.leads import World
from planerka.crm.sample.text import framed
from planerka.crm.sample.timeline import Timeline

MINOR = 100
WEEKLY_GROWTH = 1.0016
LEAST_PRICE_FACTOR = 0.97
FLATS = tuple((p, f) for p in range(len(PROJECTS)) for f in range(len(FLAT_TYPES)))

LOAN_SHARE = 0.8
MONTHLY_SHARE_OF_LOAN = 0.0085
"""An annuity over 30 years at about 9.7 % a year."""


def price_m2(project: Ints, flat: Ints, week: Ints) -> Floats:
    """Roubles for a square metre."""
    base = np.array([p.price_m2 for p in PROJECTS])[project] * np.array([f.factor for f in FLAT_TYPES])[flat]
    return base * WEEKLY_GROWTH**week


def cheapest(timeline: Timeline, wall_s: Ints) -> tuple[Floats, Floats]:
    """Price and monthly payment, in minor units, of the cheapest lot of the company."""
    week = timeline.week_of(wall_s)
    prices = [least_price_minor(np.full_like(week, p), np.full_like(week, f), week) for p, f in FLATS]
    price = np.minimum.reduce(prices)
    return price, price * LOAN_SHARE * MONTHLY_SHARE_OF_LOAN


def least_price_minor(project: Ints, flat: Ints, week: Ints) -> Floats:
    """Price of the smallest flat of a type."""
    least_m2 = np.array([f.least_m2 for f in FLAT_TYPES])[flat]
    return price_m2(project, flat, week) * least_m2 * LEAST_PRICE_FACTOR * MINOR


def stock(world: World, days: list[date]) -> pd.DataFrame:
    """Rows of `model.Stock`, one a Monday, project and flat type."""
    mondays = [day for day in days if day.weekday() == 0]
    week = np.repeat([(monday - world.timeline.first_on).days // 7 for monday in mondays], len(FLATS)).astype(np.int64)
    project, flat = np.tile(np.array(FLATS).T, len(mondays))
    sold_share = (week + 11 * project + 5 * flat) % 36 / 36
    noise_n = world.dice.between("stock", week * 100 + project * 10 + flat, 0, 4)
    released_n = np.array([f.released_n for f in FLAT_TYPES])[flat]
    left_n = (released_n * (1 - 0.85 * sold_share)).astype(np.int64) + noise_n
    least = least_price_minor(project, flat, week)
    middle_m2 = np.array([(f.least_m2 + f.most_m2) / 2 for f in FLAT_TYPES])[flat]
    return framed(
        {
            "stock_on": np.array(mondays, dtype="datetime64[us]").repeat(len(FLATS)),
            "project_id": np.array([p.id for p in PROJECTS], dtype=object)[project],
            "flat_type": np.array([f.id for f in FLAT_TYPES], dtype=object)[flat],
            "available_n": left_n,
            "min_price_minor": whole(least),
            "median_price_minor": whole(price_m2(project, flat, week) * middle_m2 * MINOR),
            "min_payment_minor": whole(least * LOAN_SHARE * MONTHLY_SHARE_OF_LOAN),
            "currency": CURRENCY,
        }
    )


def whole(amounts: Floats) -> Ints:
    """Minor units, rounded to whole roubles."""
    return np.round(amounts / MINOR).astype(np.int64) * MINOR
