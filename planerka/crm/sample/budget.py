"""What the company plans and spends."""

from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd

from planerka.clock import start_of
from planerka.crm.sample import company
from planerka.crm.sample.company import CHANNELS, CURRENCY, FLAT_TYPES, PROJECTS
from planerka.crm.sample.dice import Floats, Ints
from planerka.crm.sample.leads import World, is_running
from planerka.crm.sample.market import MINOR, price_m2, whole
from planerka.crm.sample.text import framed
from planerka.crm.sample.timeline import DAY, EPOCH, Timeline

CONTRACT_SHARE_OF_LEADS = 0.0435
CONTRACT_LAG_WEEKS = 5.5
FULFILMENT = 0.91
"""The plan was made from leads, conversion and lag as they are, by someone a little too hopeful."""


def spend(world: World, days: list[date]) -> pd.DataFrame:
    """Rows of `model.Spend` by day, channel and campaign, for the channels whose spend is known."""
    day = np.array([(d - EPOCH.date()).days for d in days], dtype=np.int64)
    week = world.timeline.week_of(day * DAY)
    leads_n = (world.timeline.starts[week + 1] - world.timeline.starts[week]) / 7
    weight = sum(channel.weight for channel in CHANNELS)
    parts: list[tuple[str, str, Floats]] = []
    for channel in CHANNELS:
        if channel.lead_cost is None:
            continue
        full = leads_n * channel.weight / weight * channel.lead_cost * MINOR
        for campaign_id, taken in shares(world, channel.id, week).items():
            noise = 0.85 + 0.3 * world.dice.share(f"spend {channel.id} {campaign_id}", day)
            parts.append((channel.id, campaign_id, full * taken * noise))
    return spend_rows(days, parts)


def shares(world: World, channel_id: str, week: Ints) -> dict[str, Floats]:
    """What each campaign takes of a channel in these weeks; the rest is the channel's own, campaign ""."""
    taken: dict[str, Floats] = {}
    rest: Floats = np.ones(len(week))
    for campaign in company.CAMPAIGNS:
        if campaign.channel_id == channel_id:
            taken[campaign.id] = np.where(is_running(world.timeline, campaign, week), campaign.taken, 0.0)
            rest -= taken[campaign.id]
    return {"": rest, **taken}


def spend_rows(days: list[date], parts: list[tuple[str, str, Floats]]) -> pd.DataFrame:
    """Channel, campaign and its amount on each of the days, as rows; days without spend have none."""
    channel_ids, campaign_ids = (np.array([part[k] for part in parts], dtype=object) for k in (0, 1))
    amount_minor = whole(np.concatenate([amounts for _, _, amounts in parts]))
    is_spent = amount_minor > 0
    columns = {
        "spent_on": np.tile(np.array(days, dtype="datetime64[us]"), len(parts)),
        "channel_id": channel_ids.repeat(len(days)),
        "campaign_id": campaign_ids.repeat(len(days)),
        "project_id": np.full(len(is_spent), "", dtype=object),
        "amount_minor": amount_minor,
        "currency": np.full(len(is_spent), CURRENCY, dtype=object),
    }
    return framed({name: values[is_spent] for name, values in columns.items()})


def plan(world: World, since: datetime | None, until: datetime) -> pd.DataFrame:
    """Rows of `model.Plan` by month for each project and the company; a month is planned a month ahead."""
    rows = []
    month_on = world.timeline.first_on.replace(day=1)
    while start_of(known_on := previous_month(month_on), world.timeline.zone) <= until:
        if world.timeline.is_published(known_on - timedelta(days=1), since, until):
            rows.extend(plan_rows(world, month_on))
        month_on = next_month(month_on)
    return pd.DataFrame(rows, columns=["kpi", "project_id", "from_on", "to_on", "value"]).astype(
        {"kpi": object, "project_id": object, "from_on": "datetime64[us]", "to_on": "datetime64[us]", "value": "int64"}
    )


def plan_rows(world: World, month_on: date) -> list[tuple[str, str, date, date, int]]:
    """Contracts and revenue of one month; the company's rows are the sums of its projects'."""
    to_on = next_month(month_on) - timedelta(days=1)
    leads_n = leads_between(world.timeline, month_on, to_on)
    weights = np.array([project.weight for project in PROJECTS])
    contracts = leads_n * CONTRACT_SHARE_OF_LEADS / FULFILMENT * weights / weights.sum()
    contracts_n = np.maximum(np.round(contracts), 1).astype(int)
    week = world.timeline.week_of(np.array([(month_on - EPOCH.date()).days * DAY]))
    price = np.array([mean_price_minor(project, int(week[0])) for project in range(len(PROJECTS))])
    revenue_minor = (np.round(contracts_n * price / (1_000_000 * MINOR)) * 1_000_000 * MINOR).astype(int)
    rows: list[tuple[str, str, date, date, int]] = []
    for kpi, values in (("contracts_n", contracts_n), ("revenue_minor", revenue_minor)):
        named = zip([p.id for p in PROJECTS] + [""], [*values, values.sum()], strict=True)
        rows.extend((kpi, project_id, month_on, to_on, int(value)) for project_id, value in named)
    return rows


def leads_between(timeline: Timeline, from_on: date, to_on: date) -> float:
    """Leads that came a contract's lag before the days, both included."""
    days = np.array([(from_on - timeline.first_on).days, (to_on - timeline.first_on).days + 1])
    weeks = np.maximum(days / 7 - CONTRACT_LAG_WEEKS, 0)
    return float(np.diff(np.interp(weeks, np.arange(len(timeline.starts)), timeline.starts))[0])


def mean_price_minor(project: int, week: int) -> float:
    """Mean price of the flats of a project as they are sold."""
    flats = np.arange(len(FLAT_TYPES))
    middle_m2 = np.array([(f.least_m2 + f.most_m2) / 2 for f in FLAT_TYPES])
    prices = price_m2(np.full_like(flats, project), flats, np.full_like(flats, week)) * middle_m2 * MINOR
    return float(np.average(prices, weights=[f.weight for f in FLAT_TYPES]))


def next_month(day_on: date) -> date:
    return (day_on.replace(day=1) + timedelta(days=32)).replace(day=1)


def previous_month(day_on: date) -> date:
    return (day_on.replace(day=1) - timedelta(days=1)).replace(day=1)
