"""Stores of both kinds: what a test asks of one it asks of the other."""

import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from planerka.crm.amocrm.adapter import AmoCrm
from planerka.store.database import connect, upgrade
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

KINDS = ("sqlite", "postgres")
DATABASE_NUMBERS = count(1)


@pytest.fixture(params=KINDS)
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database, once of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'store.db'}"
    else:
        with services.postgres_database(request.getfixturevalue("postgres"), f"test_{next(DATABASE_NUMBERS)}") as url:
            yield url


@pytest.fixture(scope="session")
def ran_on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return run_company(tmp_path_factory.mktemp("ran"))


@pytest.fixture(scope="session")
def ran_on_postgres(tmp_path_factory: pytest.TempPathFactory, postgres: str) -> Iterator[Ran]:
    with services.postgres_database(postgres, RAN) as url:
        yield run_company(tmp_path_factory.mktemp("ran"), url)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "store.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def migrated_database(postgres: str) -> Iterator[str]:
    """The name of a PostgreSQL database to copy; nobody may be connected to it meanwhile."""
    with services.postgres_database(postgres, "migrated") as url:
        migrate(url)
        yield "migrated"


def migrate(url: str) -> None:
    engine = connect(url)
    upgrade(engine)
    engine.dispose()


@pytest.fixture(params=KINDS)
def migrated_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a store without rows, once of each kind: a copy, for to migrate takes longer than most tests."""
    if request.param == "sqlite":
        path = shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "store.db")
        yield f"sqlite:///{path}"
    else:
        cluster, template = request.getfixturevalue("postgres"), request.getfixturevalue("migrated_database")
        with services.postgres_database(cluster, f"test_{next(DATABASE_NUMBERS)}", template) as url:
            yield url


@pytest.fixture
def engine(migrated_url: str) -> Iterator[sa.Engine]:
    engine = connect(migrated_url)
    yield engine
    engine.dispose()


@pytest.fixture
def connection(engine: sa.Engine) -> Iterator[sa.Connection]:
    """One transaction for the whole test."""
    with engine.begin() as connection:
        yield connection


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
