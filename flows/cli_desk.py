"""`planerka desk`: the pages on which disputes are decided."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from socket import socket

    from planerka.desk.desk import Desk
    from planerka.errors import SettingsError

PROCESSES_N = 2
"""While one puts a large page together, another answers; one that has died is replaced."""

GRACE_S = 10
"""How long an answer that is on its way may take when the desk is stopped."""


def desk(
    link: Annotated[
        str | None, typer.Option(metavar="EMAIL", help="Print a link that lets this person in once, and serve nothing.")
    ] = None,
) -> None:
    """Serve the desk until it is stopped; people enter by a link that they get by e-mail."""
    from flows.desk import SAMPLE_PEOPLE, desk_of, listening

    opened = desk_of()
    if link:
        print(link_for(opened, link))
        return
    with listening(opened.settings.desk) as door:
        if opened.people == SAMPLE_PEOPLE:
            print_sample_links(opened)
        serve(opened, door)


def link_for(opened: "Desk", email: str) -> str:
    """A link for somebody who gets none by e-mail; the journal says that the shell gave it."""
    from planerka.desk.links import new_link
    from planerka.store import audit

    person = opened.person(email.lower())
    if person is None:
        raise nobody(opened, email)
    with opened.engine.begin() as connection:
        entry = audit.Entry(at=opened.clock(), action=audit.Action.LINK_MADE, subject=person.email)
        audit.put(connection, entry)
    return new_link(opened, person)


def nobody(opened: "Desk", email: str) -> "SettingsError":
    from flows.desk import SAMPLE_PEOPLE
    from planerka.errors import SettingsError

    if opened.people == SAMPLE_PEOPLE:
        emails = ", ".join(person.email for person in opened.people)
        return SettingsError(f"{email} is nobody of the sample company: its people are {emails}")
    return SettingsError(f"{email} is nobody of desk.people: add the address there, with a name and roles")


def print_sample_links(opened: "Desk") -> None:
    from planerka.desk.links import LIFETIME

    minutes_n = LIFETIME.seconds // 60
    print(f"The sample company's people enter by these links, each once within {minutes_n} minutes; then")
    print("`planerka desk --link EMAIL` prints another:")
    for person in opened.people:
        print(f"  {person.name}, {', '.join(person.roles)}, {person.email}: {link_for(opened, person.email)}")


def serve(opened: "Desk", door: "socket") -> None:
    """Until SIGINT or SIGTERM. No log of requests: a link into the desk would stand in it."""
    import uvicorn

    from flows.desk import Processes

    config = uvicorn.Config(
        "flows.desk:served_app",
        factory=True,
        workers=PROCESSES_N,
        access_log=False,
        log_level="warning",
        proxy_headers=False,  # the desk believes those that its settings name, and nobody else
        server_header=False,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=GRACE_S,
    )
    opened.engine.dispose()
    Processes(config, [door], opened.settings.desk.address).run()
