"""A word to the owner when the team gets no pack: why, and the command that goes on. Once for the same reason."""

import sqlalchemy as sa

from planerka.clock import Week
from planerka.delivery.note import Note, send_note
from planerka.delivery.sending import Clock
from planerka.settings import Settings
from planerka.store import deliveries
from planerka.store.database import reading
from planerka.store.deliveries import Channel, Mailing
from planerka.words import Words, words_for


def tell_owner(engine: sa.Engine, source: str, week: Week, why: str, settings: Settings, clock: Clock) -> bool:
    """Tell `owner` of [delivery] why the pack of a week goes to nobody; returns whether a mail was tried now.

    Nobody is told where the settings name no owner. `why` quotes no client.
    """
    delivery = settings.delivery
    if delivery.owner is None:
        return False
    note = notice(week, why, words_for(settings.language))
    return send_note(engine, source, note, delivery.owner, delivery, settings.out, clock)


def tell_again(engine: sa.Engine, source: str, week: Week, settings: Settings, clock: Clock) -> bool:
    """Tell `owner` what was to be told of a week and did not go: the mail server was away, say.

    Returns whether a mail was tried now: none where it went, and none of a week of which there was nothing to tell.
    """
    mailing = Mailing(source=source, week=str(week), version=0, channel=Channel.NOTICE)
    with reading(engine) as connection:
        told = deliveries.of_mailing(connection, mailing)
    whys = [one.occasion for one in told if one.recipient == settings.delivery.owner and one.occasion]
    return any(tell_owner(engine, source, week, why, settings, clock) for why in whys)


def notice(week: Week, why: str, words: Words) -> Note:
    """To be read by an engineer, on a telephone, on Monday at eight."""
    return Note(
        channel=Channel.NOTICE,
        about=str(week),
        occasion=why,
        subject=words.say("The pack of {week} was not sent", week=week),
        paragraphs=(
            words.say("The pack of {week} is not ready, and nothing was sent to anybody.", week=week),
            words.say("Why:") + f"\n{why}",
            words.say("Mend that, then:") + f"\n    planerka pack --week {week}\n    planerka send --week {week}",
        ),
    )
