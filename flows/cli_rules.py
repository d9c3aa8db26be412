"""`planerka regulation …`: what the heads of both departments check and sign."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli_json import print_json

regulation_app = typer.Typer(help="The regulation of rejections: check it, sign it.", no_args_is_help=True)


@regulation_app.command()
def check(file: Annotated[Path, typer.Argument(help="An edition, as rulebook/regulation/2024-01-01.yaml.")]) -> None:
    """Say everything that is wrong with an edition, line by line."""
    from planerka.regulation.editions import load

    edition = load(file)
    print(f"{edition.name}: {len(edition.reasons)} reasons, {len(edition.clauses)} clauses, sha256 {edition.sha256}")


@regulation_app.command()
def schema() -> None:
    """Print the JSON Schema of an edition, for an editor that completes and checks (docs/regulation.md)."""
    from planerka.regulation.schema import edition_schema

    print_json(edition_schema())


@regulation_app.command()
def sign(
    file: Annotated[Path, typer.Argument(help="The edition to sign.")],
    role: Annotated[str, typer.Option(help="marketing or sales: both must sign before the edition is in force.")],
    name: Annotated[str, typer.Option(help="Who signs.")],
) -> None:
    """Sign an edition for one department; the hash of what was signed is kept."""
    from flows.wiring import clock
    from planerka.regulation.editions import load
    from planerka.regulation.signed import sign_edition
    from planerka.settings import load_settings
    from planerka.store.database import open_store

    edition = load(file)
    print(sign_edition(open_store(load_settings().store_url), edition, role, name, clock()))
