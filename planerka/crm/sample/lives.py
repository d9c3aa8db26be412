"""Whole lives of a piece of the leads: what was drawn, what the analyst changed, and how each lead stands."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from planerka.crm.sample import company, story
from planerka.crm.sample.comeback import Returns, next_life, story_returns
from planerka.crm.sample.dice import Bools, Ints
from planerka.crm.sample.fates import Fates, fates_of
from planerka.crm.sample.journal import Entry
from planerka.crm.sample.leads import Columns, Leads, World, drawn_leads
from planerka.crm.sample.script import first_life
from planerka.crm.sample.tape import CODE_OF_KIND, Events, joined
from planerka.crm.sample.text import number_of
from planerka.crm.sample.timeline import DAY, FAR, HOUR
from planerka.model import Decision, EventKind

OPEN, REJECTED, WON = range(3)
STATUS_OF_KIND = {
    EventKind.CREATED: OPEN,
    EventKind.REOPENED: OPEN,
    EventKind.REJECTED: REJECTED,
    EventKind.CONTRACT_SIGNED: WON,
}
STATUS_OF_CODE = np.array([STATUS_OF_KIND.get(kind, -1) for kind in CODE_OF_KIND])
MOVES_OWNER = np.array(
    [kind in (EventKind.CREATED, EventKind.OWNER_CHANGED, EventKind.REOPENED) for kind in CODE_OF_KIND]
)

FIRST_COMMANDED_LIFE = 2
LATEST_CALL_S = 20 * HOUR
USUAL_DELAY_S = 3 * HOUR
LATE_CHANCE = 0.006
STAGE_CODES = {id_: code for code, (id_, _, _) in enumerate(company.STAGES)}
LEAD_SHIFT = 40
"""Room for the seconds of an event beside the position of its lead in one sorting key."""
DELAYED = np.array(
    [
        kind in (EventKind.CALL_IN, EventKind.CALL_OUT, EventKind.MESSAGE_IN, EventKind.MESSAGE_OUT)
        for kind in CODE_OF_KIND
    ]
)


@dataclass(frozen=True)
class Lives:
    """Leads, their fates, and all their events, sorted by lead and time, with both times known."""

    leads: Leads
    fates: Fates
    events: Events


@dataclass(frozen=True)
class Standing(Columns):
    """How each lead stands: codes of stage, status, reason (-1 none) and manager."""

    stage: Ints
    status: Ints
    reason: Ints
    manager: Ints


def lives_of(world: World, leads: Leads, fates: Fates, entries: Sequence[Entry]) -> Lives:
    """Everything that ever happens to these leads, given the commands carried out so far."""
    rounds = rounds_of(entries, leads.number)
    until_s = [cuts(world, leads, entries_) for entries_ in rounds]
    ahead_s = [np.minimum.reduce([*until_s[k:], np.full(len(leads.number), FAR)]) for k in range(len(rounds) + 1)]
    told = story_returns(leads, fates)
    first = first_life(world, leads, fates, np.minimum(fates.returned_s, ahead_s[0]))
    events = joined([first, next_life(world, told, 1, ahead_s[0][told.lead])])
    for k, entries_ in enumerate(rounds):
        returns = commanded(world, leads, fates, events, entries_)
        life = next_life(world, returns, FIRST_COMMANDED_LIFE + k, ahead_s[k + 1][returns.lead])
        events = joined([events, life])
    return Lives(leads, fates, in_order(recorded(world, events)))


def rounds_of(entries: Sequence[Entry], numbers: Ints) -> list[dict[int, Entry]]:
    """The commands by position of their lead: first commands, second commands, and so on."""
    position_of = {int(number): position for position, number in enumerate(numbers)} if entries else {}
    rounds: list[dict[int, Entry]] = []
    seen_n: defaultdict[int, int] = defaultdict(int)
    for entry in entries:
        position = position_of.get(number_of(entry.command.lead_id))
        if position is None:
            continue
        if seen_n[position] == len(rounds):
            rounds.append({})
        rounds[seen_n[position]][position] = entry
        seen_n[position] += 1
    return rounds


def cuts(world: World, leads: Leads, entries: dict[int, Entry]) -> Ints:
    """When a command ends the life before it; a request for evidence ends none."""
    until_s = np.full(len(leads.number), FAR)
    for position, entry in entries.items():
        if entry.command.kind == Decision.RETURN_TO_WORK:
            until_s[position] = world.timeline.wall_s(entry.applied_at)
    return until_s


def commanded(world: World, leads: Leads, fates: Fates, events: Events, entries: dict[int, Entry]) -> Returns:
    """The returns that commands ask for; what a command leaves open stays as it was."""
    lead = np.array(list(entries))
    wall_s, commands = world.timeline.wall_s, [entry.command for entry in entries.values()]
    returned_s = np.array([wall_s(entry.applied_at) for entry in entries.values()])
    at_s = np.full(len(leads.number), FAR)
    at_s[lead] = returned_s
    events = in_order(events)
    before = standing(events, events.at_s < at_s[events.lead], len(leads.number)).where(lead)
    stage = np.array([STAGE_CODES.get(command.stage_id or "", -1) for command in commands])
    manager = np.array([company.MANAGER_CODES.get(command.manager_id or "", -1) for command in commands])
    was_open = before.status == OPEN
    stage = np.where((stage < 0) | was_open, before.stage, stage)
    manager = np.where(manager < 0, before.manager, manager)
    is_theirs = (manager == company.MANAGER_CODES[story.EARLY_REJECTER_ID]) & (before.reason == company.NO_ANSWER)
    is_shrugged_off = is_theirs & ~was_open & world.dice.hit("shrugged off", leads.number[lead], story.SHRUG_CHANCE)
    return Returns(
        lead=lead,
        number=leads.number[lead],
        returned_s=returned_s,
        due_s=np.array([wall_s(command.due_at) for command in commands]),
        manager=manager,
        stage=stage,
        was_qualified=stage >= company.QUALIFIED,
        is_returned=np.array([command.kind == Decision.RETURN_TO_WORK for command in commands]),
        was_open=was_open,
        is_given=manager != before.manager,
        is_shrugged_off=is_shrugged_off,
    )


def recorded(world: World, events: Events) -> Events:
    """When the CRM learns of each event: at once, but of calls and messages late, and of a few very late."""
    drawn = world.dice.share("recorded", events.number)
    very_late = drawn < LATE_CHANCE
    late_s = np.where(very_late, LATEST_CALL_S * drawn / LATE_CHANCE, USUAL_DELAY_S * drawn**4).astype(np.int64)
    delay_s = 2 + np.where(DELAYED[events.kind], late_s, 0)
    return replace(events, recorded_s=np.where(events.recorded_s < 0, events.at_s + delay_s, events.recorded_s))


def in_order(events: Events) -> Events:
    """Sorted by lead, then by time, then by the script."""
    return events.where(np.argsort((events.lead << LEAD_SHIFT) | events.at_s, kind="stable"))


def standing(events: Events, seen: Bools, leads_n: int) -> Standing:
    """How each lead stands after the events, in order, of the mask. Rows that no CRM would accept change nothing."""
    is_sound = (events.reason < len(company.REASONS)) & (events.to_stage < len(company.STAGES)) & seen
    status = STATUS_OF_CODE[events.kind]
    decides = last_of(events, is_sound & (status >= 0), leads_n)
    return Standing(
        stage=events.to_stage[last_of(events, is_sound & (events.to_stage >= 0), leads_n)],
        status=status[decides],
        reason=events.reason[decides],
        manager=events.manager[last_of(events, is_sound & MOVES_OWNER[events.kind], leads_n)],
    )


def last_of(events: Events, mask: Bools, leads_n: int) -> Ints:
    """Position of the latest event of the mask for each lead; 0 for a lead without one. The events are in order."""
    where = np.flatnonzero(mask)
    last = np.zeros(leads_n, dtype=np.int64)
    last[events.lead[where]] = where
    return last


def active(world: World, numbers: Ints, since_s: int, kept: Ints) -> tuple[Leads, Fates]:
    """The leads of these numbers that may still do something after `since_s`, and those to be kept in any case."""
    leads = drawn_leads(world, numbers)
    fates = fates_of(world, leads)
    last_s = np.where(fates.terminated_s < FAR, fates.terminated_s, fates.ended_s)
    is_active = (last_s + 2 * DAY >= since_s) | (fates.returned_s < FAR) | np.isin(numbers, kept)
    return leads.where(is_active), fates.where(is_active)
