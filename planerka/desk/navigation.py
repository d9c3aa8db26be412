"""What is in the head of a page: the pages that a person may open."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from planerka.people import Role
from planerka.words import Words, _

ENTRIES = (
    ("/disputes", _("Queue")),
    ("/director", _("For the director")),
    ("/readings", _("Second reading")),
    ("/history", _("History")),
    ("/raise", _("Raise a dispute")),
    ("/ledger", _("Returned leads")),
    ("/agreement", _("Agreement")),
    ("/audit", _("Journal")),
)
"""Path and title, in the order of the navigation. Who sees one is who may open it: the route says so."""

ROLE_TITLES = {
    Role.ANALYST: _("quality-control analyst"),
    Role.SECOND_READER: _("second reader"),
    Role.MARKETING: _("marketing"),
    Role.SALES: _("sales"),
    Role.DIRECTOR: _("commercial director"),
    Role.OPS: _("operations"),
}


@dataclass(frozen=True, kw_only=True)
class Link:
    path: str
    title: str
    is_here: bool


def links(roles_of: Mapping[str, frozenset[Role]], roles: Iterable[Role], here: str, words: Words) -> list[Link]:
    """The entries for somebody of these roles who is on the page `here`."""
    mine = set(roles)
    return [
        Link(path=path, title=words.say(title), is_here=path == here or here.startswith(f"{path}/"))
        for path, title in ENTRIES
        if roles_of[path] & mine
    ]
