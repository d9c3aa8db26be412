"""What tests of several folders stand on."""

from collections.abc import Iterator

import pytest

from tests import services


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A PostgreSQL cluster for the whole session of this worker, as the folder of its socket."""
    binaries = services.find_postgres()
    if binaries is None:
        services.missing("PostgreSQL (initdb)", "postgresql")
    with services.postgres_cluster(binaries) as socket_folder:
        yield socket_folder
