"""`planerka db …`: the company's database."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sqlalchemy import Engine

db_app = typer.Typer(help="The database: upgrade it, copy it, put a copy back, check it.", no_args_is_help=True)

Over = Annotated[bool, typer.Option("--over", help="Replace what is there.")]


@contextmanager
def database() -> Iterator["Engine"]:
    """The database of the settings, of whatever version it is."""
    from planerka.settings import load_settings
    from planerka.store.database import connect

    engine = connect(load_settings().store_url)
    try:
        yield engine
    finally:
        engine.dispose()


@db_app.command()
def upgrade() -> None:
    """Bring the database of the settings to this version."""
    from planerka.store.database import upgrade as upgrade_store

    with database() as engine:
        upgrade_store(engine)
    print("The database is at the version of this planerka.")


@db_app.command()
def backup(file: Annotated[Path, typer.Argument(help="The file to write.")], over: Over = False) -> None:
    """Copy the database as it is now into a file; runs may go on meanwhile."""
    from planerka.store.backup import backup as back_up

    with database() as engine:
        back_up(engine, file, over=over)
    print(f"Written: {file}, {file.stat().st_size:,} bytes.")


@db_app.command()
def restore(file: Annotated[Path, typer.Argument(help="What `backup` wrote.")], over: Over = False) -> None:
    """Make the database what it was when a file was written; no run may be at work."""
    from planerka.store.backup import contents
    from planerka.store.backup import restore as put_back
    from planerka.store.database import head_version

    with database() as engine:
        restored = put_back(engine, file, over=over)
        print(f"The database holds {contents(engine)}; it held {restored.replaced or 'nothing'}.")
    if restored.version < head_version():
        print(f"It is at version {restored.version}: run `planerka db upgrade`.")


@db_app.command()
def check() -> None:
    """Say whether the database is sound: a line for each thing that was looked at. Exit code 1 where it is not."""
    from planerka.store.check import check as look

    is_sound = True
    with database() as engine:
        for finding in look(engine):
            print(f"wrong  {finding.checked}: {finding.wrong}" if finding.wrong else f"ok     {finding.checked}")
            is_sound &= finding.wrong is None
    raise typer.Exit(0 if is_sound else 1)
