"""`planerka privacy …`: what a client may ask for, and another key for the hashes."""

from dataclasses import asdict
from typing import Annotated

import typer

from flows.cli_json import AsJson, print_json

privacy_app = typer.Typer(help="Personal data: erase a client, change the key of the hashes.", no_args_is_help=True)


@privacy_app.command()
def erase(
    client: Annotated[str | None, typer.Option(help="The client's id in the CRM.")] = None,
    phone: Annotated[str | None, typer.Option(help="The client's phone with the country code, as +7…")] = None,
    as_json: AsJson = False,
) -> None:
    """Blank all that is known of a client, for ever; counts and money stay."""
    from flows.wiring import wire
    from planerka.privacy.erasing import erase_client
    from planerka.privacy.finding import client_id_of

    company = wire()
    client_id = client_id_of(client, phone, company.settings)
    erased = erase_client(company.engine, company.crm.source, client_id, company.settings, company.now)
    if as_json:
        print_json(erased)
        return
    if not any(asdict(erased).values()):
        print("Nothing is left of that client: it had been erased before.")
        return
    print(f"Erased: {erased.leads_n} leads know their client no more, {erased.cards_n} cards and")
    print(f"{erased.rulings_n} rulings lost their texts, {erased.quarantined_n} rows in quarantine and")
    print(f"{erased.worklist_n} lines of the worklist were blanked.")


@privacy_app.command("rotate-key")
def rotate_key(
    unlink_rest: Annotated[
        bool, typer.Option("--unlink-rest", help="Leads whose phones the export has no more lose their client.")
    ] = False,
) -> None:
    """Give clients the hashes of the new PLANERKA_PHONE_KEY instead of those of PLANERKA_PHONE_KEY_BEFORE."""
    from flows.wiring import wire
    from planerka.errors import UsageError
    from planerka.privacy.key_rotation import rotate_key as rotate

    company = wire()
    phones = company.crm.phones()
    if not phones:
        raise UsageError(f"{company.crm.source} hands over no phones: there is no key to rotate")
    done = rotate(company.engine, company.crm.source, phones, company.settings, is_rest_unlinked=unlink_rest)
    print(f"{done.carried_n} leads have the hash of the new key.")
    if done.rest_n and not unlink_rest:
        print(f"{done.rest_n} leads keep that of the old one, for the export has their phones no more: put the whole")
        print("export in its place and repeat, or have them lose their client by --unlink-rest.")
        return
    print(f"{done.rest_n} leads lost their client. PLANERKA_PHONE_KEY_BEFORE can go now.")
