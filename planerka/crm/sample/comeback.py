"""The second life of a lead: returned to work by the analyst, in the story or by a command.

Every returned lead is called, and some buy. Whatever was drawn for the lead after the return is cut off.
"""

from dataclasses import dataclass

import numpy as np

from planerka.crm.sample import company
from planerka.crm.sample.dice import Bools, Dice, Ints
from planerka.crm.sample.fates import QUALIFIED, Fates
from planerka.crm.sample.leads import Columns, Leads, World
from planerka.crm.sample.script import stage_of
from planerka.crm.sample.tape import ANSWERED, CODE_OF_KIND, ROBOT, Events, Tape, owned
from planerka.crm.sample.timeline import DAY, FAR, HOUR, MINUTE, at_work
from planerka.model import EventKind

QUALIFY_CHANCE, MEET_CHANCE, BOOK_CHANCE, SIGN_CHANCE = 0.8, 0.62, 0.6, 0.8
FREE_BOOKING_S = 7 * DAY


@dataclass(frozen=True)
class Returns(Columns):
    """One row a returned lead: its position and number, when and to whom it returns, and the task's due time.

    `is_returned` False is a task alone: the analyst asks the manager for evidence and returns nothing. `was_open`: of
    neglect, nothing is reopened. `is_given`: to another manager. `is_shrugged_off`: nobody calls, and the lead is
    rejected for no answer once more.
    """

    lead: Ints
    number: Ints
    returned_s: Ints
    due_s: Ints
    manager: Ints
    stage: Ints
    was_qualified: Bools
    is_returned: Bools
    was_open: Bools
    is_given: Bools
    is_shrugged_off: Bools


@dataclass(frozen=True)
class Course(Columns):
    """What becomes of the returned leads; times count only where the step is made. `ended_s`: contract or loss."""

    called_s: Ints
    met_s: Ints
    booked_s: Ints
    ended_s: Ints
    is_good: Bools
    is_met: Bools
    is_booked: Bools
    is_signed: Bools


def story_returns(leads: Leads, fates: Fates) -> Returns:
    """The returns that belong to the story."""
    where = np.flatnonzero(fates.returned_s < FAR)
    every, no = np.ones(len(where), dtype=bool), np.zeros(len(where), dtype=bool)
    returned_s = fates.returned_s[where]
    return Returns(
        lead=where,
        number=leads.number[where],
        returned_s=returned_s,
        due_s=returned_s + DAY,
        manager=leads.manager[where],
        stage=stage_of(fates)[where],
        was_qualified=fates.depth[where] >= QUALIFIED,
        is_returned=every,
        was_open=no,
        is_given=no,
        is_shrugged_off=no,
    )


def next_life(world: World, returns: Returns, life: int, until_s: Ints) -> Events:
    """What happens to the returned leads, until `until_s`."""
    tape = Tape(returns.lead, returns.number, life, until_s)
    analyst, every = company.ANALYST, np.ones(len(returns.lead), dtype=bool)
    kind = np.where(returns.was_open, CODE_OF_KIND[EventKind.OWNER_CHANGED], CODE_OF_KIND[EventKind.REOPENED])
    is_seen = returns.is_returned & (returns.is_given | ~returns.was_open)
    tape.add(kind, is_seen, returns.returned_s, actor=analyst, to_stage=np.where(returns.was_open, -1, returns.stage))
    tape.add(EventKind.TASK_SET, every, returns.returned_s + MINUTE, actor=analyst, due_s=returns.due_s)
    course = drawn_course(world.dice, returns, life)
    work(tape, world.dice, returns, course)
    lose_again(tape, world.dice, returns, course)
    owner = dict(zip(returns.lead.tolist(), returns.manager.tolist(), strict=True))
    events = tape.events()
    return owned(events, np.array([owner[lead] for lead in events.lead.tolist()], dtype=np.int64))


def drawn_course(dice: Dice, returns: Returns, life: int) -> Course:
    """A talk within the day, then the funnel with better chances than before: these leads were never bad."""
    number, salt = returns.number, f"life {life} "
    called_s = at_work(returns.returned_s + dice.between(salt + "call", number, HOUR, DAY // 2))
    met_s = at_work(called_s + dice.between(salt + "meet", number, 2 * DAY, 9 * DAY))
    booked_s = at_work(met_s + dice.between(salt + "book", number, HOUR, 12 * DAY))
    signed_s = at_work(booked_s + dice.between(salt + "sign", number, 7 * DAY, 25 * DAY))
    is_worked = returns.is_returned & ~returns.is_shrugged_off
    is_good = is_worked & (returns.was_qualified | dice.hit(salt + "good", number, QUALIFY_CHANCE))
    is_met = is_good & dice.hit(salt + "met", number, MEET_CHANCE)
    is_booked = is_met & dice.hit(salt + "booked", number, BOOK_CHANCE)
    is_signed = is_booked & dice.hit(salt + "signed", number, SIGN_CHANCE)
    last_s = np.select([is_booked, is_met], [booked_s + FREE_BOOKING_S, met_s], called_s)
    lost_s = at_work(last_s + dice.between(salt + "lost", number, 2 * DAY, 14 * DAY))
    ended_s = np.where(is_signed, signed_s, lost_s)
    return Course(called_s, met_s, booked_s, ended_s, is_good, is_met, is_booked, is_signed)


def work(tape: Tape, dice: Dice, returns: Returns, course: Course) -> None:
    """The talk and the steps that follow from it."""
    is_worked, is_good, is_signed = returns.is_returned & ~returns.is_shrugged_off, course.is_good, course.is_signed
    next_s = np.where(course.is_met, course.met_s, course.ended_s)
    talk_s, qualified_s = dice.between("talk again", returns.number, 90, 600), course.called_s + 20 * MINUTE
    tape.add(EventKind.CALL_OUT, is_worked, course.called_s, duration_s=talk_s, outcome=ANSWERED)
    tape.add(EventKind.TASK_SET, is_worked, course.called_s + 12 * MINUTE, due_s=next_s + HOUR)
    tape.add(EventKind.QUALIFIED, is_good & ~returns.was_qualified, qualified_s)
    step(tape, is_good & (returns.stage < company.QUALIFIED), qualified_s, company.QUALIFIED)
    tape.add(EventKind.MEETING_HELD, course.is_met, course.met_s)
    step(tape, course.is_met, course.met_s, company.MEETING)
    tape.add(EventKind.TASK_SET, course.is_met, course.met_s + 12 * MINUTE, due_s=course.ended_s + HOUR)
    expires_s = np.where(is_signed, course.ended_s + 3 * DAY, course.booked_s + FREE_BOOKING_S)
    tape.add(EventKind.BOOKED, course.is_booked, course.booked_s, due_s=expires_s)
    step(tape, course.is_booked, course.booked_s, company.BOOKING)
    tape.add(EventKind.BOOKING_EXPIRED, course.is_booked & ~is_signed, expires_s, actor=-1, actor_kind=ROBOT)
    tape.add(EventKind.CONTRACT_SIGNED, is_signed, course.ended_s)
    step(tape, is_signed, course.ended_s, company.CONTRACT)


def lose_again(tape: Tape, dice: Dice, returns: Returns, course: Course) -> None:
    """Those who did not buy after all are rejected, and this time lawfully; but for those whom nobody called."""
    is_lost = returns.is_returned & ~course.is_signed
    why = dice.hit("why again", returns.number, 0.5)
    reason = np.where(why, company.TOO_EXPENSIVE, company.BOUGHT_ELSEWHERE)
    reason = np.where(returns.is_shrugged_off, company.NO_ANSWER, reason)
    reached = [course.is_booked, course.is_met, course.is_good]
    stage = np.select(reached, [company.BOOKING, company.MEETING, company.QUALIFIED], returns.stage)
    tape.add(EventKind.REJECTED, is_lost, course.ended_s, reason=reason, from_stage=stage)


def step(tape: Tape, happens: Bools, at_s: Ints, to_stage: int) -> None:
    """A change of stage, just after its cause."""
    tape.add(EventKind.STAGE_CHANGED, happens, at_s + 5, from_stage=to_stage - 1, to_stage=to_stage)
