"""What the pages about disputes need of a visit: the docket, the words of the reader, the filter in an address."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Annotated
from urllib.parse import urlencode

import sqlalchemy as sa
from fastapi import Depends, Form
from pydantic import BeforeValidator, Field

from planerka.desk.show.disputes import Shower
from planerka.desk.visit import Visit
from planerka.dispute_states import RULING, DisputeAction, DisputeState
from planerka.disputes.answering import link_maker
from planerka.disputes.docket import Docket
from planerka.disputes.ruling import UNDO_TIME
from planerka.model import DisputeOrigin
from planerka.store.audit import Action
from planerka.store.commands import is_taken
from planerka.store.desk_queue import Filter
from planerka.store.dispute_steps import Step
from planerka.store.references import references
from planerka.words import words_for


def with_plain_ends(text: str) -> str:
    """A form sends two characters for each end of a line; whoever typed it, and the browser, counted one."""
    return text.replace("\r\n", "\n")


Comment = Annotated[str, BeforeValidator(with_plain_ends), Form(max_length=4000)]


def none_if_empty(text: str | None) -> str | None:
    """A form sends "" for each field that narrows to nothing."""
    return text or None


LeftOpen = BeforeValidator(none_if_empty)

Id = Annotated[Annotated[str, Field(max_length=200)] | None, LeftOpen]


def docket_of(visit: Visit) -> Docket:
    """The company's docket, whose every step leaves a row of the journal. Notes in the CRM are in its own language."""
    desk = visit.desk

    def witness(connection: sa.Connection, action: DisputeAction, dispute_id: int) -> None:
        visit.record(connection, Action(action), str(dispute_id))

    return Docket(
        engine=desk.engine,
        source=desk.source,
        office=desk.office,
        review=desk.review,
        words=words_for(desk.settings.language),
        witness=witness,
        answer_link=link_maker(desk.settings.desk.address, visit.now),
    )


def shower_of(visit: Visit, connection: sa.Connection) -> Shower:
    names = references(connection, visit.desk.source)
    return Shower(words=visit.words, zone=visit.desk.settings.zone, now=visit.now, names=names)


def asked_filter(
    mine: Id = None,
    origin: Annotated[DisputeOrigin | None, LeftOpen] = None,
    state: Annotated[DisputeState | None, LeftOpen] = None,
    reason_id: Id = None,
    manager_id: Id = None,
    channel_id: Id = None,
    project_id: Id = None,
) -> Filter:
    """What the address narrows a list to."""
    return Filter(
        origin=origin,
        state=state,
        reason_id=reason_id,
        manager_id=manager_id,
        channel_id=channel_id,
        project_id=project_id,
        assigned_to=mine,
    )


Asked = Annotated[Filter, Depends(asked_filter)]


def query_of(wanted: Filter, **more: object) -> str:
    """A filter as the query of an address, with its question mark; "" where it narrows nothing."""
    named = {"mine" if f.name == "assigned_to" else f.name: getattr(wanted, f.name) for f in fields(wanted)}
    told = {name: str(value) for name, value in {**named, **more}.items() if value is not None}
    return f"?{urlencode(told)}" if told else ""


def can_undo(visit: Visit, connection: sa.Connection, step: Step) -> bool:
    """Whether this step is the reader's own ruling, young enough, and its command has not left."""
    is_own = visit.person is not None and step.author == visit.person.name
    is_young = step.action in RULING and visit.now - step.at <= UNDO_TIME
    return is_own and is_young and not is_taken(connection, step.id)


def option_list(found: Mapping[str, int], titles: Mapping[str, str], chosen: str | None) -> list[tuple[str, str, bool]]:
    """Value, text with its count, and whether it is chosen, by text."""
    told = [(value, f"{titles.get(value, value)} ({n})", value == chosen) for value, n in found.items()]
    if chosen is not None and chosen not in found:
        told.append((chosen, titles.get(chosen, chosen), True))
    return sorted(told, key=lambda option: option[1])
