"""The manager's answer to a request for evidence: what was done, and where the proof lies."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

import sqlalchemy as sa

from planerka.dispute_states import DisputeAction
from planerka.disputes.docket import Docket
from planerka.disputes.ruling import held
from planerka.errors import UsageError
from planerka.phones import SURE_PHONE, masked
from planerka.store import desk_tokens
from planerka.store.desk_tokens import Purpose
from planerka.store.dispute_steps import Act

READING_TIME = timedelta(hours=4)
"""Working time that the analyst has for an answer, however late it comes."""

ANSWER_TIME = timedelta(days=30)
"""So long the link in the CRM's task works; what it is for is over much earlier."""

LINKS_MAX, LINK_LENGTH_MAX = 10, 2000


class NoAnswer(StrEnum):
    """Why an answer is not kept, in words about `n`: how many links there are, or which of them."""

    UNSAID = "an answer needs a text and an author: say what was done about the lead"
    TOO_MANY = f"{{n}} links are too many: give {LINKS_MAX} at most, or a link to their folder"
    TOO_LONG = f"link {{n}} is longer than {LINK_LENGTH_MAX} characters: give a shorter one"
    NO_ADDRESS = "link {n} is no address of the web: begin it with https://, and leave out spaces"
    NAMES_A_CLIENT = "link {n} has a phone or an e-mail in it: put the file where no client is named"


class NoAnswerError(UsageError):
    """An answer is not kept; `why` is one of the reasons, `n` the number in it. Quotes no link."""

    def __init__(self, why: NoAnswer, n: int = 0) -> None:
        super().__init__(why.format(n=n))
        self.why, self.n = why, n


def link_maker(address: str, now: datetime) -> Callable[[sa.Connection, int], str]:
    """Makes the address at which the manager answers about a dispute; `address` is that of the desk."""

    def link(connection: sa.Connection, dispute_id: int) -> str:
        token = desk_tokens.make(connection, Purpose.ANSWER, now, ANSWER_TIME, dispute_id=dispute_id)
        return f"{address}/answer/{token}"

    return link


def answer(docket: Docket, dispute_id: int, author: str, text: str, links: Sequence[str], now: datetime) -> None:
    """Keep an answer as one comment: the text, masked, then each link on a line of its own.

    The analyst, to whom the dispute goes back, has READING_TIME at least. NoAnswerError: no text or author, and links
    that are none, too many, or name a client. ChangedError where no evidence is asked for, or no longer.
    """
    if not text.strip() or not author.strip():
        raise NoAnswerError(NoAnswer.UNSAID)
    comment = "\n".join((text.strip(), *checked(links)))
    with docket.engine.begin() as connection:
        dispute, comment = held(docket, connection, dispute_id, comment)
        act = Act(action=DisputeAction.ANSWER, at=now, author=author.strip(), comment=comment)
        due_at = max(dispute.due_at, docket.review.after(now, READING_TIME))
        docket.take(connection, dispute_id, act, due_at=due_at)


def checked(links: Sequence[str]) -> list[str]:
    """The links without spaces around; NoAnswerError says what is wrong with which."""
    if len(links) > LINKS_MAX:
        raise NoAnswerError(NoAnswer.TOO_MANY, len(links))
    found = [link.strip() for link in links]
    for number, link in enumerate(found, start=1):
        if len(link) > LINK_LENGTH_MAX:
            raise NoAnswerError(NoAnswer.TOO_LONG, number)
        if not is_link(link):
            raise NoAnswerError(NoAnswer.NO_ADDRESS, number)
        if masked(link) != link or SURE_PHONE.search(link):
            raise NoAnswerError(NoAnswer.NAMES_A_CLIENT, number)
    return found


def is_link(link: str) -> bool:
    try:
        parts = urlsplit(link)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and link.isprintable() and " " not in link
    except ValueError:
        return False
