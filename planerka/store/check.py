"""Is the store sound? What the database can tell of itself, and what planerka has promised of its rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from planerka.errors import StoreError, StoreGoneError
from planerka.store.database import head_version, reading, version_of
from planerka.store.tables import (
    command,
    delivery,
    dispute,
    dispute_step,
    metadata,
    pack,
    pull_window,
    receipt,
    verdict,
)

PUT_BACK = "put a backup back: docs/database.md"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `wrong` says what is wrong and what to do; None where all is as it must be."""

    checked: str
    wrong: str | None


def check(engine: sa.Engine) -> Iterator[Finding]:
    """Every finding about a store; of one that is at another version, only that."""
    found, wanted = version_of(engine), head_version()
    if found != wanted:
        remedy = "update planerka" if found and found > wanted else "run `planerka db upgrade`"
        yield Finding("version", f"{found or 'no tables'}, this planerka needs {wanted}: {remedy}")
        return
    yield Finding(f"version {found}", None)
    with reading(engine) as connection:
        for title, look in LOOKS[engine.dialect.name].items():
            yield Finding(title, what_is_broken(connection, look))
        differences = list(schema_differences(connection))
        undo = "undo what was changed by hand, or put a backup back: docs/database.md"
        yield Finding("tables as planerka makes them", f"{'; '.join(differences[:3])}: {undo}" if differences else None)
        for title, broken_n in INVARIANTS.items():
            n = connection.scalar(broken_n)
            yield Finding(title, f"{n} times it is not so: {PUT_BACK}" if n else None)


def what_is_broken(connection: sa.Connection, look: str) -> str | None:
    """What the database says of itself; of a file that is damaged worse, that it could not say more."""
    try:
        broken = [" ".join(str(words).split()) for words in connection.scalars(sa.text(look))]
    except StoreGoneError:
        raise
    except StoreError as error:
        return str(error)
    return f"{'; '.join(broken[:3])}: {PUT_BACK}" if broken else None


def schema_differences(connection: sa.Connection) -> Iterator[str]:
    """What the tables lack, in Alembic's words, as `add_column lead vanished_at`; others may have tables here too."""
    from alembic.autogenerate import compare_metadata  # 0.2 s that only a check should cost
    from alembic.migration import MigrationContext

    def is_ours(_object: Any, _name: Any, kind: str, is_reflected: bool, ours: Any) -> bool:
        return kind != "table" or not is_reflected or ours is not None

    context = MigrationContext.configure(connection, opts={"compare_type": True, "include_object": is_ours})
    for difference in compare_metadata(context, metadata):
        step = difference[0] if isinstance(difference, list) else difference
        yield " ".join(str(getattr(part, "name", part)) for part in step[:4] if part is not None)


def deliveries_without_pack() -> sa.Select[Any]:
    """How many mails are of a pack that is not there; those of version 0 are of none."""
    mails = without(delivery, pack, ("source", "source"), ("week", "week"), ("version", "version"))
    return mails.where(delivery.c.version > 0)


def without(table: sa.Table, other: sa.Table, *names: tuple[str, str]) -> sa.Select[Any]:
    """How many rows of a table have no row in the other one, by pairs of columns."""
    is_of = [table.c[name] == other.c[its_name] for name, its_name in names]
    return sa.select(sa.func.count()).select_from(table).where(~sa.exists().where(*is_of))


def with_gaps(number: sa.Column[Any], *group: sa.Column[Any]) -> sa.Select[Any]:
    """How many groups are not numbered 1, 2, 3 …"""
    is_whole = (sa.func.min(number) == 1) & (sa.func.max(number) == sa.func.count())
    return sa.select(sa.func.count()).select_from(sa.select(*group).group_by(*group).having(~is_whole).subquery())


def windows_with_gaps() -> sa.Select[Any]:
    """How many windows begin after the end of all that had been pulled of their source before them."""
    before = sa.func.max(pull_window.c.until).over(
        partition_by=pull_window.c.source, order_by=pull_window.c.id, rows=(None, -1)
    )
    windows = sa.select(pull_window.c.since, before.label("before")).subquery()
    is_late = windows.c.since.is_not(None) & (windows.c.before.is_(None) | (windows.c.since > windows.c.before))
    return sa.select(sa.func.count()).select_from(windows).where(is_late)


LOOKS = {
    "sqlite": {
        "pages and indexes of the file": "SELECT * FROM pragma_integrity_check(3) WHERE integrity_check <> 'ok'",
        "references between tables": "SELECT DISTINCT [table] || ' without ' || parent FROM pragma_foreign_key_check",
    },
    "postgresql": {
        "constraints are in force": "SELECT conname FROM pg_constraint WHERE NOT convalidated",
        "indexes are valid": "SELECT CAST(indexrelid AS regclass) FROM pg_index WHERE NOT indisvalid",
    },
}
"""What each kind of database can tell of itself: words of what is broken."""

INVARIANTS = {
    "every step has its dispute": without(dispute_step, dispute, ("dispute_id", "id")),
    "every dispute is where its last step led": without(
        dispute, dispute_step, ("id", "dispute_id"), ("steps_n", "number"), ("state", "state")
    ),
    "every command has its ruling": without(command, dispute_step, ("ruling_id", "id")),
    "every receipt has its command": without(receipt, command, ("marker", "marker")),
    "every pack has its facts": sa.select(sa.func.count()).where(sa.cast(pack.c.facts, sa.Text).in_(["null", "{}"])),
    "every delivery has its pack": deliveries_without_pack(),
    "verdicts are numbered without gaps": with_gaps(verdict.c.number, verdict.c.source, verdict.c.rejection_id),
    "versions of packs are numbered without gaps": with_gaps(pack.c.version, pack.c.source, pack.c.week),
    "windows pulled follow one another": windows_with_gaps(),
}
"""What planerka has promised of its rows, and how often it is not so."""
