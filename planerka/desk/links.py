"""Links that let one person in once: made, and sent by e-mail."""

from datetime import timedelta
from urllib.parse import urlencode

from planerka.delivery.note import Note, send_note
from planerka.desk.desk import Desk
from planerka.errors import BusyError, DeliveryError
from planerka.people import Person
from planerka.store import audit, desk_tokens
from planerka.store.audit import Action, Entry
from planerka.store.deliveries import Channel
from planerka.store.desk_tokens import Purpose
from planerka.words import Words

LIFETIME = timedelta(minutes=15)


def new_link(desk: Desk, person: Person, next_path: str = "/") -> str:
    """A link that lets the person in once, and then shows `next_path`."""
    with desk.engine.begin() as connection:
        token = desk_tokens.make(connection, Purpose.ENTER, desk.clock(), LIFETIME, person=person.email)
    query = f"?{urlencode({'next': next_path})}" if next_path != "/" else ""
    return f"{desk.settings.desk.address}/enter/{token}{query}"


def send_link(desk: Desk, person: Person, next_path: str, words: Words) -> None:
    """Mail the person a link. Why none went stands in the journal: nobody waits for the answer any more."""
    settings, link = desk.settings, new_link(desk, person, next_path)
    note = letter(link, desk.clock().isoformat(), settings.company_title, words)
    try:
        send_note(desk.engine, desk.source, note, person.email, settings.delivery, settings.out, desk.clock)
    except (DeliveryError, BusyError) as error:
        failed = Entry(at=desk.clock(), action=Action.LINK_NOT_SENT, subject=person.email, detail=str(error))
        with desk.engine.begin() as connection:
            audit.put(connection, failed)


def letter(link: str, asked_at: str, company: str, words: Words) -> Note:
    """Each is another note: who asks twice gets two."""
    return Note(
        channel=Channel.LINK,
        about="desk",
        occasion=asked_at,
        subject=words.say("Your link to sign in to planerka") + (f", {company}" if company else ""),
        paragraphs=(
            words.say("Open this link and press the button on the page:"),
            link,
            words.count(
                "It works once, within {n} minute.", "It works once, within {n} minutes.", LIFETIME.seconds // 60
            ),
            words.say("You did not ask for it? Delete this mail: without the link nobody gets in."),
        ),
    )
