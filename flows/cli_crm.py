"""`planerka crm …`: an account of a CRM, before anything is pulled from it."""

from pathlib import Path
from typing import Annotated

import typer

crm_app = typer.Typer(help="Your CRM: draft the mapping of its account.", no_args_is_help=True)


@crm_app.callback()
def crm() -> None:
    """Your CRM: draft the mapping of its account."""


@crm_app.command()
def discover(
    out: Annotated[Path, typer.Option(help="The mapping to write; no other file is overwritten.")] = Path(
        "mapping.yaml"
    ),
) -> None:
    """Ask the CRM of the settings what it is set up with, and write a mapping to correct."""
    from flows.cli_setup import STARTER, is_copy
    from flows.sources import account_of
    from flows.wiring import clock
    from planerka.crm.drafting.account import account_draft
    from planerka.errors import UsageError
    from planerka.files import write_atomically
    from planerka.settings import load_settings

    if out.exists() and not is_copy(out, STARTER / "mapping.yaml"):
        raise UsageError(f"{out} is there already, and may be corrected by hand: name another file by --out")
    settings = load_settings()
    account = account_of(settings, clock())
    time_zone = settings.time_zone if "time_zone" in settings.model_fields_set else None
    text = account_draft(account, time_zone)
    write_atomically(out, text.encode())
    guesses_n = sum("# ?" in line for line in text.splitlines())
    print(f"{account.address}: {len(account.pipelines)} pipelines, {len(account.reasons)} rejection reasons,")
    print(f"{len(account.fields)} fields of its own. {out} is written, with {guesses_n} guesses: correct it.")
    print("Then: planerka doctor")
