"""The page of one dispute, put together for whoever reads it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from starlette.responses import HTMLResponse

from planerka.desk.bench import can_undo, docket_of, query_of, shower_of
from planerka.desk.done import done_of
from planerka.desk.show import case
from planerka.desk.show.disputes import Shower
from planerka.desk.show.titles import OBSTACLES
from planerka.desk.visit import Visit
from planerka.dispute_states import OPEN, TRANSITIONS, DisputeAction, DisputeState
from planerka.disputes.appeals import appealable_until
from planerka.disputes.returning import is_return_begun, obstacle_to_ruling
from planerka.model import Decision, DisputeOrigin
from planerka.people import Role
from planerka.regulation.editions import in_force
from planerka.regulation.signed import signed_editions
from planerka.store import case_file, commands, desk_queue, disputes
from planerka.store.database import reading
from planerka.store.desk_queue import Filter
from planerka.store.dispute_steps import steps
from planerka.store.disputes import DisputeView


@dataclass(frozen=True, kw_only=True)
class Typed:
    """What somebody had typed when it was refused: shown again, for no text is lost. `is_late`: the dispute was changed
    since they saw it."""

    comment: str = ""
    decision: Decision | None = None
    problem: str | None = None
    is_late: bool = False


@dataclass(frozen=True, kw_only=True)
class Powers:
    """What this reader may do about the dispute now. `is_back`: the rejected lead that the director decides about is
    in work again, or will be. `obstacle`: why the lead cannot be returned, in words."""

    can_rule: bool
    can_request: bool
    can_assign: bool
    can_decide: bool
    is_back: bool
    appeal_until: datetime | None
    obstacle: str | None


def case_page(
    visit: Visit, number: int, wanted: Filter, *, typed: Typed | None = None, done: int | None = None, status: int = 200
) -> HTMLResponse:
    """`done`: the dispute that was ruled on last, told of unless this one can still be undone."""
    source = visit.desk.source
    with reading(visit.desk.engine) as connection:
        view = disputes.show(connection, source, number)
        shower, taken = shower_of(visit, connection), steps(connection, number)
        values: dict[str, Any] = {
            **facts(connection, source, shower, view),
            "line": shower.line(view),
            "may": powers_of(visit, connection, shower, view),
            "said": [shower.told(step, view.origin) for step in case.last_words(taken)] if view.state in OPEN else [],
            "history": [shower.told(step, view.origin) for step in taken],
            "written": [shower.written(*one) for one in commands.receipts_of(connection, number).items()],
            "done": done_of(visit, connection, shower, number if can_undo(visit, connection, taken[-1]) else done),
            **neighbours(visit, connection, shower, view, wanted),
        }
    return visit.page("case.html.j2", status, view=view, typed=typed or Typed(), query=query_of(wanted), **values)


def facts(connection: sa.Connection, source: str, shower: Shower, view: DisputeView) -> dict[str, Any]:
    """What the decision is made by."""
    editions = signed_editions(connection)
    judged_by = next((edition for edition in editions if edition.name == view.edition), None)
    opened_under = in_force(editions, view.opened_at.astimezone(shower.zone).date())
    kept = case_file.card_of(connection, source, view.subject_id)
    known = case_file.facts_of_lead(connection, source, view.lead_id)
    events = case_file.events_of_lead(connection, source, view.lead_id)
    return {
        "broken": case.broken(shower, view, judged_by),
        "silence": case.silence(shower, view, opened_under),
        "evidence": case.evidence(shower, view.evidence or {}),
        "comment": kept.get("comment"),
        "card": [*case.of_lead(shower, view, known), *case.card(shower, kept, view.currency)],
        "timeline": case.timeline(shower, events, view.subject_id),
        "stake_told": shower.stake_told(view),
        "others": [shower.line(v) for v in desk_queue.of_lead(connection, source, view.lead_id) if v.id != view.id],
        "rejudged": view.rejudged and view.rejudged[shower.words.language],
    }


def powers_of(visit: Visit, connection: sa.Connection, shower: Shower, view: DisputeView) -> Powers:
    actions, docket = TRANSITIONS[view.state], docket_of(visit)
    is_analyst = visit.is_any_of(Role.ANALYST) and view.state.is_waiting
    is_director = visit.is_any_of(Role.DIRECTOR) and view.state == DisputeState.APPEALED
    is_head = visit.is_any_of(Role.MARKETING, Role.SALES)
    until = appealable_until(docket, connection, view) if is_head else None
    found = obstacle_to_ruling(docket, connection, view, visit.now) if is_analyst or is_director else None
    return Powers(
        can_rule=is_analyst,
        can_request=is_analyst and DisputeAction.REQUEST_EVIDENCE in actions,
        can_assign=is_analyst and (visit.person is None or view.assigned_to != visit.person.name),
        can_decide=is_director,
        is_back=is_director and view.origin != DisputeOrigin.NEGLECT and is_return_begun(connection, view),
        appeal_until=until if until and visit.now <= until else None,
        obstacle=shower.words.say(OBSTACLES[found]) if found else None,
    )


def neighbours(
    visit: Visit, connection: sa.Connection, shower: Shower, view: DisputeView, wanted: Filter
) -> dict[str, Any]:
    """Where in the queue it stands: the one before, the one after; and how many cases are the same. Of one that waits
    no more: nowhere."""
    if not view.state.is_waiting:
        return {"place": None, "waiting_n": 0, "before": None, "after": None, "same_n": 1}
    backlog = desk_queue.backlog(connection, visit.desk.source, visit.now, shower.tonight)
    ids = backlog.of(wanted).ids
    place = ids.index(view.id) if view.id in ids else None
    return {
        "place": None if place is None else place + 1,
        "waiting_n": len(ids),
        "before": ids[place - 1] if place else None,
        "after": ids[place + 1] if place is not None and place + 1 < len(ids) else None,
        "same_n": len(desk_queue.ids_like_it(connection, visit.desk.source, view)),
    }
