"""How planerka shows itself to amoCRM, and what it does when it is not let in or not answered."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from flows.sources import account_crm, account_of
from planerka.crm.amocrm.login import TOKEN_PATH, Integration, OAuthLogin
from planerka.crm.http import KeyLogin
from planerka.errors import (
    CrmAnswerError,
    CrmBusyError,
    CrmClosedError,
    CrmError,
    CrmLoginError,
    CrmMovedError,
    SettingsError,
)
from planerka.model import Event, Lead
from planerka.settings import Settings
from planerka.store.database import connect
from planerka.store.tokens import StoredTokens
from tests.builders_amo import ago, connected, frame, mapping_of, read
from tests.fakes.amocrm.app import AmoApp
from tests.fakes.amocrm.faults import Fault
from tests.fakes.amocrm.state import Refusal

TOKENS_ASKED = f"POST {TOKEN_PATH}"


@pytest.fixture
def engine(migrated_file: Path, tmp_path: Path) -> Iterator[sa.Engine]:
    store = tmp_path / "store.db"
    store.write_bytes(migrated_file.read_bytes())
    engine = connect(f"sqlite:///{store}")
    yield engine
    engine.dispose()


@pytest.fixture
def vault(engine: sa.Engine) -> StoredTokens:
    return StoredTokens(engine, "amocrm", "secret")


def login_of(url: str, company, vault: StoredTokens, *, code: str | None = None) -> OAuthLogin:
    known = company.integration
    integration = Integration(known.client_id, known.client_secret, known.redirect_uri, code)
    return OAuthLogin(url, integration, vault, now=lambda: datetime.now(UTC), timeout_s=5)


def first_login(url: str, company, vault: StoredTokens) -> OAuthLogin:
    """One that has exchanged its code."""
    login = login_of(url, company, vault, code=company.oauth.code(company.integration))
    with connected(url, company, login=login) as crm:
        crm.check_access()
    return login


def expire(company) -> None:
    """Every access token that OAuth gave stops working; refresh tokens stay."""
    for token in [token for token in company.oauth.access if token.startswith("access")]:
        del company.oauth.access[token]


def asked_for_tokens_n(company) -> int:
    return sum(seen.line.startswith(TOKENS_ASKED) for seen in company.seen)


def test_a_source_may_be_renamed_and_its_code_is_used_up(amo_url, company, engine, tmp_path):
    """`crm discover` uses it before there is a mapping, whose author then calls the source as they like."""
    known = company.integration
    oauth = {"client_id": known.client_id, "client_secret": known.client_secret, "redirect_uri": known.redirect_uri}
    source = {"kind": "amocrm", "url": amo_url, "mapping": tmp_path / "amocrm.yaml"}
    code = company.oauth.code(known)
    settings = Settings(
        store=str(engine.url), data=tmp_path, phone_key="k" * 32, source=source | {"oauth": oauth | {"code": code}}
    )
    now = datetime.now(UTC)
    account_of(settings, now)
    account_crm(settings, mapping_of(company, source="sales_amo"), now).check_access()
    assert (1, ["127.0.0.1.pace"]) == (asked_for_tokens_n(company), [path.name for path in tmp_path.glob("*.pace")])


def test_the_code_is_exchanged_once_and_never_needed_again(amo_url, company, vault):
    first_login(amo_url, company, vault)
    with connected(amo_url, company, login=login_of(amo_url, company, vault)) as crm:
        crm.check_access()
    assert 1 == asked_for_tokens_n(company)


def test_without_a_code_and_tokens_it_is_said_what_to_do(amo_url, company, vault):
    with (
        connected(amo_url, company, login=login_of(amo_url, company, vault)) as crm,
        pytest.raises(CrmLoginError, match="authorize the integration"),
    ):
        crm.check_access()


def test_a_code_that_is_too_old_is_told_of_without_it(amo_url, company, vault):
    with (
        connected(amo_url, company, login=login_of(amo_url, company, vault, code="code-of-old")) as crm,
        pytest.raises(CrmLoginError, match="authorize it anew") as refused,
    ):
        crm.check_access()
    assert not {"code-of-old", company.integration.client_secret} & set(str(refused.value).split())


def test_a_token_that_expires_in_the_middle_of_a_read_is_renewed_once(amo_url, company, vault):
    """All the requests that run at that moment are refused; one of them renews for all."""
    with company.at(ago(days=3)):
        company.add_lead(company.stage("Продажи", "Встреча"))
    login = first_login(amo_url, company, vault)
    company.faults.next(Fault.TOKEN_EXPIRES, matching="GET /api/v4/leads\\?")
    with connected(amo_url, company, login=login) as crm:
        assert 1 == len(frame(read(crm), Lead))
    assert 2 == asked_for_tokens_n(company)


def test_a_token_that_is_about_to_expire_is_renewed_before_it_is_refused(amo_url, company, vault):
    first_login(amo_url, company, vault)
    with vault.renewing() as slot:
        slot.put(replace(slot.tokens, expires_at=datetime.now(UTC) + timedelta(minutes=1)))
    with connected(amo_url, company, login=login_of(amo_url, company, vault)) as crm:
        crm.check_access()
    assert (2, 0) == (asked_for_tokens_n(company), sum(seen.status == 401 for seen in company.seen))


def test_the_tokens_that_another_process_has_got_are_used(amo_url, company, vault):
    """A refresh token works once: the one of this process has been used up."""
    ours = first_login(amo_url, company, vault)
    expire(company)
    with connected(amo_url, company, login=login_of(amo_url, company, vault)) as theirs:
        theirs.check_access()
    with connected(amo_url, company, login=ours) as crm:
        crm.check_access()
    assert 2 == asked_for_tokens_n(company)


def test_new_tokens_are_stored_before_they_are_used(amo_url, company, vault):
    """Where they cannot be, nothing is asked with them."""
    login = first_login(amo_url, company, vault)
    stored = vault.tokens()
    expire(company)
    with connected(amo_url, company, login=login) as crm:
        crm.check_access()
    used = company.oauth.access.keys() & {vault.tokens().access}
    assert (1, True) == (len(used), vault.tokens() != stored)


def test_a_refresh_token_that_somebody_else_used_up_needs_a_person(amo_url, company, vault):
    login = first_login(amo_url, company, vault)
    expire(company)
    company.oauth.grants.clear()
    with connected(amo_url, company, login=login) as crm, pytest.raises(CrmLoginError, match="authorize it anew"):
        crm.check_access()
    again = login_of(amo_url, company, vault, code=company.oauth.code(company.integration))
    with connected(amo_url, company, login=again) as crm:
        crm.check_access()


def test_a_long_lived_token_that_was_revoked_is_not_tried_again(amo_url, company):
    with (
        connected(amo_url, company, login=KeyLogin("revoked-key")) as crm,
        pytest.raises(CrmLoginError, match="give planerka a key") as refused,
    ):
        crm.check_access()
    assert (1, False) == (len(company.seen), "revoked-key" in str(refused.value))


def test_without_the_filters_of_the_api_neither_the_doctor_nor_a_pull_goes_on(company, amo_crm):
    company.is_api_filter_enabled = False
    for asked in (amo_crm.check_access, lambda: amo_crm.data_until(datetime.now(UTC))):
        with pytest.raises(SettingsError, match="is_api_filter_enabled"):
            asked()


def test_a_filter_that_is_passed_over_in_the_middle_is_noticed(company, amo_crm):
    with company.at(ago(days=300)):
        company.add_lead(company.stage("Продажи", "Встреча"))

    def switch_off() -> None:
        company.is_api_filter_enabled = False

    company.meanwhile("GET /api/v4/account", switch_off)
    with pytest.raises(CrmAnswerError, match="a filter was passed over"):
        read(amo_crm)


CLOSED = {
    "an account that is not paid for": lambda company: setattr(company, "refusal", Refusal.UNPAID),
    "an address that is not on the list": lambda company: setattr(company, "refusal", Refusal.ADDRESS),
    "an account that was asked too often": lambda company: setattr(company.limiter, "is_blocked", True),
}


@pytest.mark.parametrize("sentence", CLOSED)
def test_who_is_locked_out_asks_no_more(company, amo_crm, sentence):
    CLOSED[sentence](company)
    with pytest.raises(CrmClosedError, match="until a person opens the account"):
        read(amo_crm)
    assert 1 == len(company.seen)


PASSING = [429, 500, 502, 503, 504, Fault.CUT, Fault.CUT_IN_BODY, Fault.RESET_IN_BODY, Fault.HALF_JSON, Fault.EMPTY]


@pytest.mark.parametrize("fault", PASSING)
def test_what_passes_is_waited_for_when_reading(company, amo_crm, fault):
    """Half a page, an empty 200, HTML instead of JSON: asked again, nothing is lost."""
    with company.at(ago(days=3)):
        leads = [company.add_lead(company.stage("Продажи", "Встреча")) for _ in range(3)]
    company.faults.next(fault, matching="GET /api/v4/(leads|events)", times=2)
    assert [*map(str, leads)] == sorted(frame(read(amo_crm), Lead)["id"])


def test_silence_is_waited_for_when_reading(amo_url, company):
    company.faults.next(Fault.TIMEOUT)
    with connected(amo_url, company) as crm:
        crm.client.http.client.timeout = httpx.Timeout(0.2)
        assert "1 pipelines" in crm.check_access()


def test_what_does_not_pass_is_given_up_after_some_tries(company, amo_crm):
    company.faults.next(500, times=None)
    with pytest.raises(CrmBusyError, match="pull again later"):
        read(amo_crm)


def test_a_server_that_is_not_there_is_told_of(company):
    with connected("http://127.0.0.1:9", company) as crm, pytest.raises(CrmBusyError, match="cannot be reached"):
        crm.check_access()


def test_an_account_that_was_renamed_is_told_of(company):
    """Nobody else answers under its old name."""
    company.subdomain = "romashka2"
    transport = httpx.ASGITransport(AmoApp(company))
    with (
        connected("https://romashka.amocrm.ru", company, transport=transport) as crm,
        pytest.raises(CrmMovedError, match="correct `url`"),
    ):
        crm.check_access()


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_is_an_hour_off_hides_nothing(company, amo_crm, hours):
    """Ours may be wrong: what is complete is so by the clock of amoCRM, or not yet by ours."""
    now = datetime.now(UTC)
    until = amo_crm.data_until(now + timedelta(hours=hours))
    assert min(now, now + timedelta(hours=hours)) - until < timedelta(minutes=1)
    assert until < now


def test_a_stage_that_is_deleted_or_new_is_read_as_it_is(company, amo_crm):
    """The row tests tell of it: without a code nobody knows what it means."""
    sales, _ = company.stage("Продажи", "Встреча")
    with company.at(ago(days=3)):
        lead = company.add_lead(company.stage("Продажи", "Встреча"))
    with company.at(ago(days=2)):
        company.move(lead, (sales, 999))
    batches = read(amo_crm)
    assert [f"{sales}:999"] == frame(batches, Event)["to_stage_id"].dropna().tolist()
    assert f"{sales}:999" == frame(batches, Lead).at[0, "stage_id"]


def test_a_manager_who_was_dismissed_goes_on_owning_what_was_theirs(company, amo_crm):
    with company.at(ago(days=3)):
        company.add_lead(company.stage("Продажи", "Встреча"), responsible=company.user("Виктор"))
    assert str(company.user("Виктор")) == frame(read(amo_crm), Lead).at[0, "manager_id"]


@pytest.mark.parametrize("fault", [500, 429, Fault.CUT])
def test_no_error_tells_the_key(company, amo_crm, fault):
    company.faults.next(fault, times=None)
    with pytest.raises(CrmError) as refused:
        amo_crm.check_access()
    assert company.token not in str(refused.value)
