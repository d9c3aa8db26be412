"""A company after its first run, and CRMs to ask."""

from collections.abc import Iterator

import httpx
import pytest

from planerka.crm.amocrm.adapter import AmoCrm
from tests import services
from tests.builders_amo import company as amo_company
from tests.builders_amo import connected
from tests.builders_amocrm import five_leads
from tests.builders_cycle import RAN, Ran, run_company
from tests.builders_odoo import KINDS as ODOO_KINDS
from tests.builders_odoo import Site, fake_site, real_site
from tests.fakes.amocrm.account import AmoAccount
from tests.fakes.amocrm.app import AmoApp
from tests.fakes.serving import served


@pytest.fixture(scope="session")
def ran_on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return run_company(tmp_path_factory.mktemp("ran"))


@pytest.fixture(scope="session")
def ran_on_postgres(tmp_path_factory: pytest.TempPathFactory, postgres: str) -> Iterator[Ran]:
    with services.postgres_database(postgres, RAN) as url:
        yield run_company(tmp_path_factory.mktemp("ran"), url)


@pytest.fixture(scope="session")
def amo_app() -> AmoApp:
    """One fake amoCRM for all tests; each puts its own account behind it."""
    return AmoApp(five_leads())


@pytest.fixture(scope="session")
def amo_client(amo_app: AmoApp) -> Iterator[httpx.Client]:
    with served(amo_app) as url, httpx.Client(base_url=url, timeout=5) as client:
        yield client


@pytest.fixture
def account(amo_app: AmoApp) -> AmoAccount:
    amo_app.account = five_leads()
    return amo_app.account


@pytest.fixture
def amo(amo_client: httpx.Client, account: AmoAccount) -> httpx.Client:
    """A client that shows the long-lived token of the account."""
    amo_client.headers["Authorization"] = f"Bearer {account.token}"
    return amo_client


@pytest.fixture(scope="session")
def amo_url(amo_app: AmoApp) -> Iterator[str]:
    with served(amo_app) as url:
        yield url


@pytest.fixture
def company(amo_app: AmoApp) -> AmoAccount:
    """The account of a company that a mapping was written for."""
    amo_app.account = amo_company()
    return amo_app.account


@pytest.fixture
def amo_crm(amo_url: str, company: AmoAccount) -> Iterator[AmoCrm]:
    with connected(amo_url, company) as crm:
        yield crm


@pytest.fixture(params=ODOO_KINDS)
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    """An Odoo, once of each kind that there is."""
    if request.param == "real":
        yield real_site()
    else:
        with fake_site() as site:
            yield site


@pytest.fixture
def fake() -> Iterator[Site]:
    """An Odoo that can be told to fail."""
    with fake_site() as site:
        yield site
