"""The queue: what waits for a ruling, the most urgent and the dearest first."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated

from fastapi import Query
from starlette.responses import HTMLResponse

from planerka.desk.access import DeskRouter, allowed
from planerka.desk.bench import Asked, option_list, query_of, shower_of
from planerka.desk.done import done_of
from planerka.desk.show.disputes import Shower
from planerka.desk.show.titles import STATES
from planerka.desk.visit import Visit
from planerka.disputes.waiting import ORIGINS
from planerka.model import ReferenceKind
from planerka.people import READERS, Role
from planerka.store import desk_queue
from planerka.store.database import reading
from planerka.store.desk_queue import Backlog, Filter
from planerka.words import _

router = DeskRouter()

PER_PAGE = 25

FILTERS = {
    "origin": _("Kind of dispute"),
    "reason_id": _("Reason"),
    "manager_id": _("Person in charge"),
    "channel_id": _("Channel"),
    "project_id": _("Project"),
    "state": _("State"),
}
KINDS = {
    "reason_id": ReferenceKind.REASON,
    "manager_id": ReferenceKind.MANAGER,
    "channel_id": ReferenceKind.CHANNEL,
    "project_id": ReferenceKind.PROJECT,
}


@router.get("/disputes")
def queue(
    visit: Annotated[Visit, allowed(*READERS)],
    wanted: Asked,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    done: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
    upheld: Annotated[int | None, Query(ge=1, le=10_000)] = None,
) -> HTMLResponse:
    """`done`: the dispute that was ruled on last; `upheld`: how many were by one comment."""
    source = visit.desk.source
    with reading(visit.desk.engine) as connection:
        shower = shower_of(visit, connection)
        backlog = desk_queue.backlog(connection, source, visit.now, shower.tonight)
        left = backlog.of(wanted)
        ids = left.ids[(page - 1) * PER_PAGE : page * PER_PAGE]
        found = desk_queue.page_of(connection, source, ids)
        told = done_of(visit, connection, shower, done)
    return visit.page(
        "queue.html.j2",
        lines=[shower.line(view) for view in found],
        left=left,
        at_stake=shower.stake_in(left.rows),
        filters=filters_of(shower, backlog, wanted),
        wanted=wanted,
        is_filtered=wanted != Filter(),
        views=views_of(visit, wanted),
        query=query_of(wanted),
        newer=query_of(wanted, page=page - 1) if page > 1 else None,
        older=query_of(wanted, page=page + 1) if page * PER_PAGE < len(left.rows) else None,
        done=told,
        upheld=upheld,
    )


def views_of(visit: Visit, wanted: Filter) -> list[tuple[str, str, bool]]:
    """Title, query and whether it is this one: all that waits, and what the reader looks after, both as narrowed now.
    Empty for who looks after nothing."""
    if visit.person is None or not visit.is_any_of(Role.ANALYST):
        return []
    names = ((visit.words.say("All"), None), (visit.words.say("Mine"), visit.person.name))
    return [(title, query_of(replace(wanted, assigned_to=name)), wanted.assigned_to == name) for title, name in names]


def filters_of(shower: Shower, backlog: Backlog, wanted: Filter) -> list[tuple[str, str, list[tuple[str, str, bool]]]]:
    """Name, title and options of each filter of which there is a choice."""
    told = []
    for name, title in FILTERS.items():
        options = option_list(backlog.choices(name), titles_of(shower, name), getattr(wanted, name))
        if len(options) > 1 or getattr(wanted, name):
            told.append((name, shower.words.say(title), options))
    return told


def titles_of(shower: Shower, name: str) -> Mapping[str, str]:
    if name in KINDS:
        return {id_: found.title for id_, found in shower.names[KINDS[name]].items()}
    return {str(value): shower.words.say(title) for value, title in (STATES | ORIGINS).items()}
