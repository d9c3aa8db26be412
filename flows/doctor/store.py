"""The database, and the signatures that it keeps."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import sqlalchemy as sa

from flows.doctor.finding import Finding, Level, Said, looked_at
from flows.doctor.machine import difference
from flows.sources import mapping_of
from flows.wiring import clock, keep_the_sample_apart, refuse_a_second_world, refuse_an_unwritten_sample
from planerka.crm.sample.adapter import SampleCrm
from planerka.errors import MappingError
from planerka.regulation.standing import EditionState, Standing, standings, unruled
from planerka.settings import Settings
from planerka.store.database import check_version, connect, head_version, reading, shown
from planerka.store.health import clock_of, closed_tables, is_made
from planerka.unseen import legible


@dataclass(frozen=True)
class Store:
    settings: Settings
    engine: sa.Engine

    @property
    def is_sample(self) -> bool:
        return self.settings.source.kind == "sample"


def database(settings: Settings) -> Iterator[Finding]:
    """It answers and is at the version of this code, and what it holds is in order."""
    if not is_made(settings.store_url):
        yield Finding("database", Level.OK, "not there yet: the first run makes it in the folder `data`")
        return
    engine = connect(settings.store_url)
    check_version(engine)
    yield Finding("database", Level.OK, f"{shown(engine.url)}, at version {head_version()}")
    yield from looked_at(Store(settings, engine), database_rights, database_clock, one_company, signatures)


def database_rights(store: Store) -> Iterator[Said]:
    """This user may read and write every table."""
    user = store.engine.url.username
    if closed := closed_tables(store.engine):
        grant = f"`GRANT SELECT, INSERT, UPDATE, DELETE ON {', '.join(closed)} TO {user}`"
        yield Level.WRONG, f"tables closed to {user}: {len(closed)}; {grant}"
    else:
        yield Level.OK, "every table may be read and written"


def database_clock(store: Store) -> Iterator[Said]:
    """The server tells the same time."""
    if at := clock_of(store.engine):
        yield difference("the database's clock", at)


def one_company(store: Store) -> Iterator[Said]:
    """The made-up company and a real one do not share a database."""
    refuse_an_unwritten_sample(store.engine, store.settings)
    refuse_a_second_world(store.engine, store.settings)
    with suppress(MappingError):  # the check of the source tells of it
        mapping = mapping_of(store.settings)
        source = mapping.source if mapping else SampleCrm.source
        keep_the_sample_apart(store.engine, source)
        yield Level.OK, f"of source {source}"


def signatures(store: Store) -> Iterator[Said]:
    """Each edition of the rulebook stands as both departments signed it, and one is in force."""
    folder, on = store.settings.rulebook / "regulation", clock().astimezone(store.settings.zone).date()
    with reading(store.engine) as connection:
        found, gap = standings(connection, folder, on), unruled(connection)
    yield from spoilt(found)
    if store.is_sample and not any(one.signatures for one in found):
        yield Level.OK, "the heads of the sample company sign when its rejections are first judged"
        return
    yield from unsigned(found)
    if current := [one.edition for one in found if one.state == EditionState.IN_FORCE]:
        yield Level.OK, f"edition {current[0]} is in force" + (f"; {gap}" if gap else "")
    else:
        waiting = f" ({gap})" if gap else ""
        yield Level.WRONG, f"no signed edition is in force, rejections wait{waiting}: `planerka regulation sign --help`"


def spoilt(found: Sequence[Standing]) -> Iterator[Said]:
    """Editions that were altered after somebody signed them, and files that may have been."""
    for one in found:
        if one.state in (EditionState.ALTERED, EditionState.UNREADABLE):
            yield Level.WRONG, f"{legible(str(one.file or 'the store'))}: {one.why}"


def unsigned(found: Sequence[Standing]) -> Iterator[Said]:
    """Drafts, and what one head has signed, with the commands that bring them into force."""
    for one in found:
        if one.state == EditionState.AWAITING:
            file = one.file or one.copy or "FILE"
            commands = [f"`planerka regulation sign {file} --role {role} --name NAME`" for role in one.awaits]
            yield (
                Level.WARNING,
                f"edition {one.edition} is not signed by {' and '.join(one.awaits)}: {', '.join(commands)}",
            )
