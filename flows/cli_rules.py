"""`planerka regulation …`: what the heads of both departments check, compare and sign, and managers acknowledge."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli_coverage import coverage
from flows.cli_json import print_json

if TYPE_CHECKING:
    from planerka.rulebook.regulation import Edition

regulation_app = typer.Typer(
    help="The regulation of rejections: check it, sign it, say how it stands.", no_args_is_help=True
)
regulation_app.command()(coverage)


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
    is_over_judged: Annotated[
        bool, typer.Option("--over-judged", help="Although other editions have judged rejections of its days.")
    ] = False,
) -> None:
    """Sign an edition for one department; the hash of what was signed is kept."""
    from flows.wiring import clock
    from planerka.regulation.editions import load
    from planerka.regulation.signed import sign_edition
    from planerka.settings import load_settings
    from planerka.store.database import open_store

    edition, settings = load(file), load_settings()
    engine, now = open_store(settings.store_url), clock().astimezone(settings.zone)
    print(sign_edition(engine, edition, role, name, now, is_over_judged))


@regulation_app.command()
def verify() -> None:
    """How every edition of the rulebook and of the store stands; exit 2 where one is altered or cannot be read."""
    from flows.wiring import clock
    from planerka.errors import RulebookError
    from planerka.regulation.register import verified
    from planerka.regulation.standing import EditionState
    from planerka.settings import load_settings
    from planerka.store.database import open_store

    settings = load_settings()
    folder, on = settings.rulebook / "regulation", clock().astimezone(settings.zone).date()
    states, lines = verified(open_store(settings.store_url), folder, on)
    print("\n".join(lines))
    if states & {EditionState.ALTERED, EditionState.UNREADABLE}:
        raise typer.Exit(RulebookError.exit_code)


@regulation_app.command()
def history() -> None:
    """Every edition that somebody has signed: from when to when, by whom, who has acknowledged it; and spoilt files."""
    from flows.wiring import clock
    from planerka.regulation.register import history_of
    from planerka.settings import load_settings
    from planerka.store.database import open_store

    settings = load_settings()
    folder, now = settings.rulebook / "regulation", clock().astimezone(settings.zone)
    print("\n".join(history_of(open_store(settings.store_url), folder, now)))


@regulation_app.command()
def acknowledge(
    manager: Annotated[list[str], typer.Option(help="The id of a manager in the source; once for each.")],
    edition: Annotated[str | None, typer.Option(help="Its name; the one in force by default.")] = None,
) -> None:
    """Keep that managers have read an edition that both heads signed."""
    from flows.wiring import wire
    from planerka.regulation.acknowledged import acknowledge as keep

    company = wire()
    name, added = keep(company.engine, company.crm.source, edition, manager, company.now, company.settings.zone)
    print(f"edition {name}: acknowledged by {', '.join(added) or 'nobody'} now, the others had done so before")


@regulation_app.command()
def diff(
    old: Annotated[str, typer.Argument(help="A file, or the name of an edition that the store keeps.")],
    new: Annotated[str, typer.Argument(help="As OLD.")],
    language: Annotated[str | None, typer.Option(help="ru or en; that of the settings by default.")] = None,
) -> None:
    """Say in words what one edition changes of another: norms, reasons and clauses."""
    from planerka.regulation.difference import difference, lines_of
    from planerka.settings import load_settings
    from planerka.words import words_for

    words = words_for(language or load_settings().language)
    found = difference(edition_named(old), edition_named(new), words)
    print("\n".join(lines_of(found, words)) or words.say("Nothing has changed."))


def edition_named(name: str) -> "Edition":
    from planerka.regulation.editions import load
    from planerka.regulation.register import kept_edition
    from planerka.settings import load_settings
    from planerka.store.database import open_store

    file = Path(name)
    return load(file) if file.is_file() else kept_edition(open_store(load_settings().store_url), name)
