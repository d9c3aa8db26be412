"""The story of the sample company is in the facts of its pack, at the size that `make weekly` shows."""

import pytest

from planerka.crm.sample import company, story
from planerka.model import Outcome
from planerka.pack.facts import PackFacts, State
from planerka.settings import Settings
from tests.builders_cycle import open_company, run_cycle

MANAGERS = dict(company.MANAGERS)
CHANNELS = {channel.id: channel.title for channel in company.CHANNELS}


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> PackFacts:
    """The pack of the last complete week, assembled from a store that the whole cycle filled."""
    leads_n = Settings.model_fields["source"].default.leads_n
    return run_cycle(open_company(tmp_path_factory.mktemp("story"), leads_n=leads_n)).pack.facts


def test_the_early_rejecter_comes_first_among_wrong_rejections(facts):
    """With the clause that asks for six attempts, on figures that are enough to name a person."""
    worst, *others = facts.rejections.wrong
    assert (MANAGERS[story.EARLY_REJECTER_ID], "1.1") == (worst.manager_title, worst.clause)
    assert {State.OK} == {fact.unlawful.state for fact in (worst, *others)}


def test_the_neglecter_comes_first_among_silences(facts):
    """By far: what others leave lying is an oversight."""
    worst, *others = facts.rejections.neglect
    assert MANAGERS[story.NEGLECTER_ID] == worst.manager_title
    assert worst.neglected_n > 10 * max(fact.neglected_n for fact in others)


def test_the_junk_channel_comes_first_among_valid_junk(facts):
    """Beyond doubt: its interval lies above that of every other channel."""
    worst, *others = facts.rejections.junk
    assert CHANNELS[story.JUNK_CHANNEL_ID] == worst.channel_title
    assert worst.share.low > max(fact.share.high for fact in others)


def test_the_ledger_has_leads_that_were_returned_and_bought(facts):
    """Each at the furthest step it reached, and the money of the contracts."""
    ledger = facts.rejections.ledger
    steps = (ledger.at_work_n, ledger.meeting_n, ledger.booking_n, ledger.contract_n, ledger.lost_n)
    assert ledger.returned_n == sum(steps)
    assert ledger.contract_n > 0
    assert ledger.revenue_minor > ledger.contract_n * 1_000_000_00


def test_every_kind_of_verdict_is_in_the_week(facts):
    """And most rejections are lawful: the regulation is no trap."""
    verdicts = facts.rejections.verdicts
    assert 0 < min(getattr(verdicts, f"{outcome}_n") for outcome in Outcome if outcome != Outcome.NOT_JUDGED)
    assert verdicts.lawful_n > verdicts.judged_n / 2
