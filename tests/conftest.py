"""What tests of several folders stand on."""

import gc
from collections.abc import Iterator

import pytest

from tests import services


def pytest_configure() -> None:
    """As the shell does (flows.cli): looking for cycles every 700 objects is a third of the time of collecting."""
    gc.set_threshold(50_000)


def pytest_collection_finish() -> None:
    """What is imported and collected stays to the end: no search for cycles walks through it again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A PostgreSQL cluster for the whole session of this worker, as the folder of its socket."""
    binaries = services.find_postgres()
    if binaries is None:
        services.missing("PostgreSQL (initdb)", "postgresql")
    with services.postgres_cluster(binaries) as socket_folder:
        yield socket_folder
