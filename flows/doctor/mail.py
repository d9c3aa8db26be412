"""Whether mails could leave. Nothing is sent."""

from collections.abc import Iterator
from contextlib import suppress
from email.utils import parseaddr

from flows.doctor.finding import Finding, Level, Said, looked_at
from planerka.delivery import mailbox as imap
from planerka.delivery import smtp as taker
from planerka.errors import DeliveryError
from planerka.sections import DeliverySettings
from planerka.settings import Settings

TIMEOUT_S = 5

EXAMPLE = ("@example.com", "@example.org", "@example.net", ".example")


def smtp(settings: Settings) -> Iterator[Finding]:
    """Addresses are real, and the server lets planerka in as the settings say."""
    delivery = settings.delivery
    if delivery.how == "smtp":
        yield from looked_at(delivery, addresses)
    if delivery.smtp.host:
        yield from looked_at(delivery, smtp_login)
    else:
        yield Finding("smtp", Level.OK, f"mails are files in {settings.out.resolve()}: nothing is sent to anybody")


def addresses(delivery: DeliverySettings) -> Iterator[Said]:
    """Mails go where somebody reads them."""
    made_up = [a for a in (parseaddr(delivery.sender)[1], *delivery.recipients) if a.lower().endswith(EXAMPLE)]
    for address in made_up:
        yield Level.WRONG, f"{address} is an example: correct `sender` and `recipients` under [delivery]"
    if delivery.test_to:
        yield (
            Level.WARNING,
            f"a test: every mail goes to {delivery.test_to}; remove `test_to` under [delivery] to end it",
        )
    elif not made_up:
        yield Level.OK, f"recipients: {len(delivery.recipients)}"


def smtp_login(delivery: DeliverySettings) -> Iterator[Said]:
    """Connected, encrypted and logged in, and gone again."""
    server = delivery.smtp.model_copy(update={"timeout_s": TIMEOUT_S})
    place = "{}:{}".format(*server.address)
    try:
        connection = taker.connect(server)
    except OSError as cut:
        remedy = "correct `host`, `port` and `security` under [delivery.smtp], or let this machine out"
        raise DeliveryError(f"{place} does not take us in ({taker.words_of(cut)}): {remedy}") from None
    with suppress(OSError):
        connection.quit()
    login = f"logged in as {server.user}" if server.user else "without a login"
    yield Level.OK, f"{place}, security {server.security}, {login}; nothing was sent"


def mailbox(settings: Settings) -> Iterator[Finding]:
    """The sender's own mailbox can be read."""
    if box := settings.delivery.mailbox if settings.delivery.mailbox.host else None:
        with imap.opened(box):
            yield Finding("mailbox", Level.OK, "{}:{}, logged in as {}".format(*box.address, box.user))
