"""Draft the next migration from the difference between `tables.py` and the steps so far.

    python -m planerka.store.migrations.draft "agencies and fixations"

A draft is read and corrected by a person: renames, for example, come out as a drop and an add.
"""

import sys

from alembic import command

from planerka.store.database import connect, head_version, migration_config, upgrade


def draft(message: str) -> None:
    engine = connect("sqlite://")
    upgrade(engine)
    number = f"{int(head_version()) + 1:04d}"
    with engine.begin() as connection:
        command.revision(migration_config(connection), message, autogenerate=True, rev_id=number)


if __name__ == "__main__":
    draft(sys.argv[1])
