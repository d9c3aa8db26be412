"""Draft the next migration from the difference between `tables.py` and the steps so far.

    python -m planerka.store.migrations.draft "agencies and fixations"

A draft is read and corrected by a person: renames, for example, come out as a drop and an add.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from alembic import command

from planerka.store.database import connect, head_version, migration_config, upgrade


def draft(message: str) -> None:
    number = f"{int(head_version()) + 1:04d}"
    with TemporaryDirectory() as folder:
        engine = connect(f"sqlite:///{Path(folder) / 'draft.db'}")
        upgrade(engine)
        with engine.begin() as connection:
            command.revision(migration_config(connection), message, autogenerate=True, rev_id=number)


if __name__ == "__main__":
    draft(sys.argv[1])
