"""The sample's story can be found from its data alone, and its rates are those of a developer."""

from datetime import timedelta
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from planerka.crm.sample import story
from planerka.model import Contract, Event, Plan, Reference, Rejection, Spend
from tests.builders_sample import AS_OF_ON, company, latest_leads, midnight

NOW = pd.Timestamp(midnight(AS_OF_ON))
ANCHOR_ON = AS_OF_ON - timedelta(days=AS_OF_ON.weekday())


@pytest.fixture(scope="module")
def frames():
    return company(30_000)


@pytest.fixture(scope="module")
def leads(frames):
    return latest_leads(frames)


@pytest.fixture(scope="module")
def events(frames):
    return frames[Event]


@pytest.fixture(scope="module")
def rejected(frames, events):
    """Rejections with the code of their reason and how often the lead had been called."""
    codes = frames[Reference].query("kind == 'reason'").drop_duplicates("id").set_index("id")["code"]
    rows = events[events["kind"] == "rejected"].copy()
    rows["reason"] = rows["reason_id"].astype(str).map(codes)
    calls = events[events["kind"] == "call_out"].merge(
        rows[["lead_id", "id", "at"]], on="lead_id", suffixes=("", "_lost")
    )
    rows["calls_n"] = calls[calls["at"] < calls["at_lost"]].groupby("id_lost").size().reindex(rows["id"]).to_numpy()
    return rows.fillna({"calls_n": 0}).dropna(subset="reason")


def first_at(events: pd.DataFrame, kind: str) -> pd.Series:
    return events[events["kind"] == kind].groupby("lead_id")["at"].min()


def test_one_manager_rejects_for_no_answer_after_one_call(rejected):
    """Mostly in the recent weeks, and hardly anybody else does."""
    recent = rejected[(rejected["reason"] == "no_answer") & (rejected["at"] > NOW - pd.Timedelta(weeks=10))]
    single = (recent["calls_n"] <= 1).groupby(recent["manager_id"], observed=True).mean()
    assert single[story.EARLY_REJECTER_ID] > 0.5
    assert single.drop(story.EARLY_REJECTER_ID).max() < 0.1


def test_the_card_says_of_the_bank_what_the_history_says(frames):
    """A mortgage that was declined is approved on no card."""
    assert {"declined"} == set(frames[Rejection]["mortgage_decision"].dropna())


def test_one_manager_neglects_leads(events, leads):
    """Open, no task ahead, no touch for five days: most of them are this manager's."""
    touches = ["created", "call_out", "call_in", "message_out", "message_in", "meeting_held", "booked", "reopened"]
    touched_at = events[events["kind"].isin(touches)].groupby("lead_id")["at"].max().reindex(leads.index)
    due_at = events[events["kind"] == "task_set"].groupby("lead_id")["due_at"].max().reindex(leads.index)
    is_neglected = (leads["status"] == "open") & (touched_at < NOW - pd.Timedelta(days=5)) & ~(due_at > NOW)
    neglected_n = leads[is_neglected].groupby("manager_id", observed=False).size()
    assert neglected_n[story.NEGLECTER_ID] >= 20
    assert neglected_n.drop(story.NEGLECTER_ID).max() <= 5


def test_one_channel_is_junk(rejected, leads):
    """Spam, wrong services and wrong numbers: several times the share of any other channel."""
    junk = rejected[rejected["reason"].isin(["spam", "wrong_service", "bad_number"])]["lead_id"]
    share = leads.index.isin(junk).astype(float)
    by_channel = pd.Series(share, index=leads.index).groupby(leads["channel_id"], observed=True).mean()
    assert by_channel[story.JUNK_CHANNEL_ID] > 3 * by_channel.drop(story.JUNK_CHANNEL_ID).max()


def test_a_campaign_came_before_its_presentation(leads):
    """Leads cite its promo code from the day of the launch, ten days before sales were told."""
    launched_on, presented_on = story.early_campaign_dates(ANCHOR_ON)
    cited = leads[leads["promo_code"] == story.EARLY_PROMO_CODE]
    assert 10 == (presented_on - launched_on).days
    assert {story.EARLY_CAMPAIGN_ID} == set(cited["campaign_id"])
    assert pd.Timestamp(midnight(launched_on)) <= cited["created_at"].min()
    assert (cited["created_at"] < midnight(presented_on)).sum() >= 10


def test_the_week_without_a_joint_meeting_is_a_monday():
    """Only a constant: meetings are no part of a CRM."""
    assert 0 == story.missed_meeting_on(ANCHOR_ON).weekday()


def test_returned_leads_later_bought(frames):
    """Reopened by the analyst, and several of them signed."""
    events = frames[Event]
    reopened = events[events["kind"] == "reopened"]
    assert {(story.ANALYST_ID, "person")} == set(zip(reopened["actor_id"], reopened["actor_kind"], strict=True))
    assert len(reopened) >= 40
    signed = events[events["kind"] == "contract_signed"].merge(reopened, on="lead_id", suffixes=("", "_back"))
    bought = set(signed.loc[signed["at"] > signed["at_back"], "lead_id"])
    assert 5 <= len(bought) < len(reopened) / 2
    assert frames[Contract].query("lead_id in @bought")["price_minor"].sum() > 0


def test_the_bad_rows_are_there_and_rare(frames, events, leads):
    """An unknown reason, an unknown stage, the far future, a contract older than its lead."""
    contracts = frames[Contract]
    bad_n = {
        story.BadRow.UNKNOWN_REASON: (events["reason_id"] == story.UNKNOWN_REASON_ID).sum(),
        story.BadRow.UNKNOWN_STAGE: (events["to_stage_id"] == story.UNKNOWN_STAGE_ID).sum(),
        story.BadRow.FAR_FUTURE: (events["at"] > NOW).sum(),
        story.BadRow.SIGNED_BEFORE_CREATED: (
            contracts["signed_at"] < contracts["lead_id"].map(leads["created_at"])
        ).sum(),
    }
    expected = pd.Series([bad.row for bad in story.BAD_ROWS]).value_counts().to_dict()
    assert expected == bad_n
    assert len(story.BAD_ROWS) / len(events) < 0.001


def test_every_legal_reason_occurs(rejected, frames):
    """All fourteen, each some dozens of times."""
    counts = rejected["reason"].value_counts()
    assert 14 == len(counts)
    assert counts.min() >= 50


def test_a_later_step_implies_the_earlier_ones(events):
    """Outside the second life of a lead nobody books without a meeting; and the funnel narrows."""
    steps = [first_at(events, kind) for kind in ("created", "qualified", "meeting_held", "booked", "contract_signed")]
    for earlier, later in pairwise(steps):
        assert later.index.isin(earlier.index).all()
        assert (later >= earlier.reindex(later.index)).all()
        assert len(later) < len(earlier)


RATES = [
    ("created", "qualified", 0.30, 0.40),
    ("qualified", "meeting_held", 0.40, 0.52),
    ("meeting_held", "booked", 0.30, 0.42),
    ("booked", "contract_signed", 0.62, 0.80),
    ("created", "contract_signed", 0.03, 0.055),
]


@pytest.mark.parametrize(("earlier", "later", "low", "high"), RATES)
def test_conversion_is_that_of_a_developer(events, leads, earlier, later, low, high):
    """Of the leads old enough to have come to an end."""
    old = leads.index[leads["created_at"] < NOW - pd.Timedelta(days=180)]
    reached = first_at(events, earlier).index.intersection(old)
    assert low < reached.isin(first_at(events, later).index).mean() < high


def test_about_six_leads_in_ten_are_rejected_within_a_month(events, leads):
    """And a lead has about a dozen events."""
    old = leads[leads["created_at"] < NOW - pd.Timedelta(days=40)]
    waited = first_at(events, "rejected").reindex(old.index) - old["created_at"]
    assert 0.55 < (waited <= pd.Timedelta(days=30)).mean() < 0.68
    assert 8 < len(events) / len(leads) < 16


def test_the_plan_is_nearly_fulfilled(frames):
    """Over a year the company signs a little less than it planned, in flats and in roubles."""
    flats = frames[Contract].query("unit_kind == 'flat'").drop_duplicates("id", keep="last")
    months = flats["signed_at"].dt.tz_convert("Europe/Moscow").dt.strftime("%Y-%m")
    plan = frames[Plan].query("project_id == ''").assign(month=lambda rows: rows["from_on"].dt.strftime("%Y-%m"))
    year = [f"{month:%Y-%m}" for month in pd.date_range("2025-11-01", "2026-10-01", freq="MS")]
    facts = {"contracts_n": flats.groupby(months).size(), "revenue_minor": flats.groupby(months)["price_minor"].sum()}
    for kpi, fact in facts.items():
        planned = plan[plan["kpi"] == kpi].set_index("month")["value"]
        assert 0.82 < fact.reindex(year).sum() / planned.reindex(year).sum() < 1.0


def test_some_channels_have_no_known_spend(frames, leads):
    """Agencies, referrals and the site cost nothing that is known."""
    unknown = set(leads["channel_id"].dropna()) - set(frames[Spend]["channel_id"])
    assert {"site", "agencies", "referral"} == unknown


def test_agencies_bring_their_leads_through_one_channel(leads):
    """A lead has an agency exactly where its channel is the agencies'."""
    assert (leads["agency_id"].notna() == (leads["channel_id"] == "agencies")).all()
    assert 4 == leads["agency_id"].nunique()


def test_some_duplicates_are_real_and_some_are_not(frames, rejected, leads):
    """The named original is the same client's, another's, or missing."""
    named = frames[Rejection].merge(rejected[["id", "reason"]], on="id").query("reason == 'duplicate'")
    own, original = (named[name].map(leads["client_id"]).to_numpy() for name in ("lead_id", "duplicate_of_id"))
    is_missing, is_same = named["duplicate_of_id"].isna().to_numpy(), own == original
    assert 0.6 < is_same.mean() < 0.95
    assert np.all([is_missing.any(), (~is_same & ~is_missing).any()])
