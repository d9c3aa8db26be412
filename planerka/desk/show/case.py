"""A dispute with all that is decided by: what is broken, the evidence, the card, and what happened to the lead."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from planerka.desk.show.disputes import Shower
from planerka.desk.show.titles import BANK_DECISIONS, BUDGETS, CALLS, CARD, ENQUIRIES, EVENTS
from planerka.dispute_states import RULING
from planerka.disputes.opening import silent_since
from planerka.model import (
    ActorKind,
    BudgetKind,
    ClauseResult,
    Consequence,
    DisputeOrigin,
    Enquiry,
    Event,
    EventKind,
    ReferenceKind,
)
from planerka.regulation.fields import CATALOGUE, FieldKind
from planerka.regulation.findings import in_words, language_of
from planerka.rulebook.regulation import Edition
from planerka.store.case_file import LeadFacts
from planerka.store.dispute_steps import Step, not_undone
from planerka.store.disputes import DisputeView
from planerka.store.readings import ReadingView


@dataclass(frozen=True, kw_only=True)
class Broken:
    """A clause that the rejection does not satisfy: what it asks in the words of the edition, and what was found."""

    number: str
    asks: str
    found: str
    is_fault: bool
    is_unprovable: bool


@dataclass(frozen=True, kw_only=True)
class Happening:
    """A line of the timeline. `who` did it, None where that is not known. `is_subject`: it is the rejection that is
    disputed, or read again."""

    at: datetime
    what: str
    who: str | None
    more: str
    is_subject: bool


def broken(shower: Shower, view: DisputeView, edition: Edition | None) -> list[Broken]:
    """Those that make the rejection fall before those that only charge somebody."""
    clauses = {clause.number: clause for clause in edition.clauses} if edition else {}
    language = shower.words.language
    found = [
        Broken(
            number=finding["clause"],
            asks=getattr(clauses[finding["clause"]], language) if finding["clause"] in clauses else "",
            found=finding[language],
            is_fault=finding["consequence"] == Consequence.FAULT,
            is_unprovable=finding["result"] == ClauseResult.UNPROVABLE,
        )
        for finding in view.findings or []
    ]
    return sorted(found, key=lambda clause: clause.is_fault)


def silence(shower: Shower, view: DisputeView, edition: Edition | None) -> str | None:
    """Since when nobody has touched a neglected lead, and the norm of the edition in force when the dispute was opened;
    None of a rejection, and where that edition is altered."""
    if view.origin != DisputeOrigin.NEGLECT or edition is None:
        return None
    return shower.words.count(
        "The last touch or enquiry was on {at}; the norm is {n} day.",
        "The last touch or enquiry was on {at}; the norm is {n} days.",
        edition.norms.neglect_days,
        at=shower.words.instant(silent_since(view.subject_id), shower.zone),
    )


def last_words(taken: list[Step]) -> list[Step]:
    """What the next decision answers, in the order it was said: why the dispute was raised, and the last answer, ruling
    and appeal that were not undone."""
    last: dict[str, Step] = {}
    for step in not_undone(taken):
        if step.action in RULING:
            last["ruling"] = step
        elif step.comment:
            last[step.action] = step
    return sorted(last.values(), key=lambda step: step.number)


def evidence(shower: Shower, read: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Title and value of all that the clauses read, in the order of the catalogue."""
    at = language_of(shower.words)
    return [
        ((field.ru, field.en)[at], value_told(shower, name, read[name]))
        for name, field in CATALOGUE.items()
        if name in read
    ]


def value_told(shower: Shower, name: str, value: Any) -> str:
    field = CATALOGUE[name]
    if value is None:
        return shower.words.say("no data")
    if field.kind == FieldKind.TEXT:
        return (
            str(value)
            if isinstance(value, str)
            else shower.words.say("given")
            if value
            else shower.words.say("not given")
        )
    return in_words(field, value)[language_of(shower.words)]


def of_lead(shower: Shower, view: DisputeView | ReadingView, known: LeadFacts | None) -> list[tuple[str, str]]:
    """Who and what the lead belongs to: what of it is known."""
    say, name = shower.words.say, shower.name
    told = [
        (say("Person in charge"), name(ReferenceKind.MANAGER, view.manager_id)),
        (say("Channel"), name(ReferenceKind.CHANNEL, view.channel_id)),
        (say("Project"), name(ReferenceKind.PROJECT, view.project_id)),
    ]
    if known:
        enquiry = say(ENQUIRIES[Enquiry(known.enquiry)]) if known.enquiry else None
        at = shower.words.instant(known.created_at, shower.zone) if known.created_at else None
        told += [
            (say("Campaign"), name(ReferenceKind.CAMPAIGN, known.campaign_id)),
            (say("Agency"), name(ReferenceKind.AGENCY, known.agency_id)),
            (say("Enquiry"), ", ".join(filter(None, (at, enquiry))) or None),
        ]
    return [(title, value) for title, value in told if value is not None]


def card(shower: Shower, kept: dict[str, Any], currency: str | None) -> list[tuple[str, str]]:
    """Title and value of what stands on the card; what is not known is left out."""
    return [
        (shower.words.say(title), card_value(shower, name, kept[name], currency))
        for name, title in CARD.items()
        if kept.get(name) is not None
    ]


def card_value(shower: Shower, name: str, value: Any, currency: str | None) -> str:
    if name == "budget_kind":
        return shower.words.say(BUDGETS[BudgetKind(value)])
    if isinstance(value, bool):
        return shower.words.say("yes") if value else shower.words.say("no")
    if name == "mortgage_decision":
        return shower.words.say(BANK_DECISIONS[value]) if value in BANK_DECISIONS else str(value)
    if name == "budget_minor":
        return shower.money(value, currency) or shower.words.number(value / 100)
    return shower.words.number(value) if isinstance(value, int) else str(value)


def timeline(shower: Shower, events: Sequence[Event], subject_id: str) -> list[Happening]:
    return [
        Happening(
            at=event.at,
            what=shower.words.say(EVENTS[event.kind]),
            who=actor(shower, event),
            more=more(shower, event),
            is_subject=event.id == subject_id,
        )
        for event in events
    ]


def actor(shower: Shower, event: Event) -> str | None:
    if event.actor_kind == ActorKind.ROBOT:
        return shower.words.say("robot")
    return shower.name(ReferenceKind.MANAGER, event.actor_id)


def more(shower: Shower, event: Event) -> str:
    """What an event has besides its kind: whom it names, the length of a talk, a stage, a reason, a due time."""
    words, parts = shower.words, []
    if event.kind in (EventKind.ASSIGNED, EventKind.OWNER_CHANGED):
        parts.append(shower.name(ReferenceKind.MANAGER, event.manager_id) or "")
    if event.outcome:
        parts.append(words.say(CALLS[event.outcome]))
    if event.duration_s:
        parts.append(talk(shower, event.duration_s))
    if event.kind == EventKind.STAGE_CHANGED:
        stages = (shower.name(ReferenceKind.STAGE, id_) for id_ in (event.from_stage_id, event.to_stage_id))
        parts.append(" → ".join(filter(None, stages)))
    if event.reason_id:
        parts.append(shower.name(ReferenceKind.REASON, event.reason_id) or "")
    if event.due_at:
        parts.append(words.say("until {at}", at=words.instant(event.due_at, shower.zone)))
    return ", ".join(filter(None, parts))


def talk(shower: Shower, seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    if not minutes:
        return shower.words.say("{n} s", n=rest)
    return shower.words.say("{minutes} min {seconds} s", minutes=minutes, seconds=rest)
