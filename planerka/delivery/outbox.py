"""The folder that stands for everybody's inbox: nothing leaves the machine."""

from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

from planerka.delivery.mail import digest
from planerka.errors import PlanerkaError
from planerka.files import write_atomically
from planerka.store.deliveries import State


@dataclass(frozen=True)
class Outbox:
    """Each mail is an .eml that mail programs open, under a name of its own: written twice it is one file."""

    folder: Path

    def send(self, mail: EmailMessage, to: str, claim: Callable[[], None]) -> tuple[State, str]:
        """Write the mail, whole or not at all; there is no moment of doubt to claim."""
        path = self.folder / f"{digest(mail)}.eml"
        try:
            write_atomically(path, mail.as_bytes())
        except PlanerkaError as error:
            return State.DELAYED, str(error)
        return State.SENT, f"written to {path.name}"
