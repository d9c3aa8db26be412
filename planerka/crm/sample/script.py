"""The first life of a lead, told as events: from the enquiry to the rejection or the contract.

Each paragraph of the script is one scene. The order of the calls gives the events their ids: add new ones at the
end of `first_life`.
"""

import numpy as np

from planerka.crm.sample import company, story
from planerka.crm.sample.company import AGENT, BAD_NUMBER, DO_NOT_CALL, MORTGAGE_DECLINED, SPAM, TOO_EXPENSIVE
from planerka.crm.sample.dice import Bools, Dice, Ints
from planerka.crm.sample.fates import BOOKED, LAWFUL, LOST, SIGNED, UNLAWFUL, Fates, attempt_s
from planerka.crm.sample.leads import Leads, World
from planerka.crm.sample.story import BadRow
from planerka.crm.sample.tape import ANSWERED, CODE_OF_KIND, MISSED, NOT_IN_SERVICE, ROBOT, UNKNOWN, Events, Tape, owned
from planerka.crm.sample.timeline import DAY, FAR, HOUR, MINUTE, at_work
from planerka.model import EventKind

TRIES_MOST, CHASE_MOST, TOUCHES_MOST = 3, 8, 5
TOUCH_EVERY_S = 6 * DAY
TOUCH_WEIGHTS = (45, 25, 30)
TOUCH_KINDS = np.array([CODE_OF_KIND[kind] for kind in (EventKind.CALL_OUT, EventKind.CALL_OUT, EventKind.MESSAGE_OUT)])
TOUCH_OUTCOMES = np.array([ANSWERED, MISSED, -1])
MOVED_CHANCE = 0.03
FAR_FUTURE_S = 80 * 365 * DAY

TALK_S = np.array(
    [
        [20, 90],
        [10, 40],
        [5, 20],
        [60, 200],
        [75, 400],
        [75, 400],
        [75, 400],
        [75, 480],
        [70, 300],
        [70, 300],
        [40, 120],
        [18, 60],
        [0, 10],
        [18, 70],
    ]
)
"""Shortest and longest first talk by reason, for leads that were lost before they qualified."""


def first_life(world: World, leads: Leads, fates: Fates, until_s: Ints) -> Events:
    """All events of the leads before any return to work; `until_s` is when another life begins, or `FAR`."""
    tape = Tape(np.arange(len(leads.number)), leads.number, 0, until_s)
    arrive(tape, world.dice, leads)
    respond(tape, world.dice, leads, fates)
    qualify(tape, fates)
    buy(tape, world.dice, leads, fates)
    touch(tape, world.dice, leads, fates)
    chase(tape, leads, fates)
    lose(tape, world.dice, leads, fates)
    spoil(tape, world, leads)
    return move(tape, world.dice, leads, fates)


def arrive(tape: Tape, dice: Dice, leads: Leads) -> None:
    """The enquiry itself, the robot that files it, and its first task."""
    every, enquiry, created_s = np.ones(len(leads.number), dtype=bool), leads.enquiry, leads.created_s
    is_written = (enquiry == company.FORM) | (enquiry == company.CHAT)
    tape.add(EventKind.CREATED, every, created_s, actor=-1, actor_kind=ROBOT, to_stage=company.NEW)
    tape.add(
        EventKind.CALL_IN,
        enquiry == company.MISSED_CALL,
        created_s,
        actor=-1,
        actor_kind=UNKNOWN,
        duration_s=0,
        outcome=MISSED,
    )
    tape.add(EventKind.MESSAGE_IN, enquiry == company.CHAT, created_s, actor=-1, actor_kind=UNKNOWN)
    is_greeted = is_written & dice.hit("greeted", leads.number, 0.6)
    tape.add(EventKind.MESSAGE_OUT, is_greeted, created_s + 20, actor=-1, actor_kind=ROBOT)
    tape.add(EventKind.ASSIGNED, every, created_s + 40, actor=-1, actor_kind=ROBOT)
    tape.add(
        EventKind.TASK_SET,
        ~is_answered(leads),
        created_s + 41,
        actor=-1,
        actor_kind=ROBOT,
        due_s=created_s + 15 * MINUTE,
    )


def is_answered(leads: Leads) -> Bools:
    """Whether the client was spoken to on arrival."""
    return leads.enquiry == company.ANSWERED_CALL


def respond(tape: Tape, dice: Dice, leads: Leads, fates: Fates) -> None:
    """The calls until the first talk, the talk, and what is agreed in it."""
    talk_s, contact_s = first_talk_s(dice, leads, fates), fates.contact_s
    tape.add(EventKind.CALL_IN, is_answered(leads), leads.created_s, duration_s=talk_s, outcome=ANSWERED)
    for number in range(TRIES_MOST):
        is_last = fates.tries_n == number + 1
        tape.add(
            EventKind.CALL_OUT,
            fates.tries_n > number,
            attempt_s(fates.response_s, number, leads.number),
            duration_s=np.where(is_last, talk_s, 0),
            outcome=np.where(is_last, ANSWERED, MISSED),
        )
    after_s = contact_s + talk_s + 30
    tape.add(EventKind.STAGE_CHANGED, fates.is_reached, after_s, from_stage=company.NEW, to_stage=company.CONTACT)
    is_written_to = fates.is_reached & dice.hit("offer sent", leads.number, 0.5)
    tape.add(EventKind.MESSAGE_OUT, is_written_to, after_s + 5 * MINUTE)


def first_talk_s(dice: Dice, leads: Leads, fates: Fates) -> Ints:
    """How long the first talk takes: as long as the reason needs, or too short for it."""
    low, high = TALK_S[fates.reason].T
    is_short = (fates.proof == UNLAWFUL) & np.isin(fates.reason, (TOO_EXPENSIVE, company.BOUGHT_ELSEWHERE))
    is_long = (fates.proof == UNLAWFUL) & (fates.reason == SPAM)
    low = np.select([fates.depth > LOST, is_short, is_long], [90, 15, 35], low)
    high = np.select([fates.depth > LOST, is_short, is_long], [600, 50, 150], high)
    return dice.between("talk", leads.number, low, high)


def qualify(tape: Tape, fates: Fates) -> None:
    """The steps from a talk to a meeting."""
    is_qualified, is_met = fates.qualified_s < FAR, fates.meeting_s < FAR
    tape.add(EventKind.QUALIFIED, is_qualified, fates.qualified_s)
    tape.add(
        EventKind.STAGE_CHANGED,
        is_qualified,
        fates.qualified_s + 5,
        from_stage=company.CONTACT,
        to_stage=company.QUALIFIED,
    )
    tape.add(EventKind.MEETING_HELD, is_met, fates.meeting_s)
    tape.add(
        EventKind.STAGE_CHANGED, is_met, fates.meeting_s + 5, from_stage=company.QUALIFIED, to_stage=company.MEETING
    )


def buy(tape: Tape, dice: Dice, leads: Leads, fates: Fates) -> None:
    """Booking, mortgage, contract, and what may undo them."""
    is_booked, is_signed, is_fallen = fates.booked_s < FAR, fates.depth == SIGNED, fates.depth == BOOKED
    has_expired = is_fallen & dice.hit("expired", leads.number, 0.55) & (fates.reason != MORTGAGE_DECLINED)
    expires_s = np.where(
        is_signed, fates.ended_s + 3 * DAY, np.where(has_expired, fates.fell_s, fates.fell_s + 4 * DAY)
    )
    tape.add(EventKind.BOOKED, is_booked, fates.booked_s, due_s=expires_s)
    tape.add(
        EventKind.STAGE_CHANGED, is_booked, fates.booked_s + 5, from_stage=company.MEETING, to_stage=company.BOOKING
    )
    is_paid = is_signed | (is_fallen & dice.hit("paid", leads.number, 0.3))
    tape.add(EventKind.BOOKING_PAID, is_paid, fates.booked_s + dice.between("pay", leads.number, HOUR, 2 * DAY))
    has_mortgage = is_signed & dice.hit("mortgage", leads.number, 0.7)
    tape.add(EventKind.MORTGAGE_SUBMITTED, has_mortgage, at_work(fates.booked_s + DAY))
    tape.add(EventKind.MORTGAGE_APPROVED, has_mortgage, at_work(fates.booked_s + 4 * DAY))
    tape.add(EventKind.BOOKING_EXPIRED, has_expired, fates.fell_s, actor=-1, actor_kind=ROBOT)
    tape.add(EventKind.BOOKING_CANCELLED, is_fallen & ~has_expired, fates.fell_s)
    tape.add(EventKind.CONTRACT_SIGNED, is_signed, fates.signed_s)
    tape.add(
        EventKind.STAGE_CHANGED, is_signed, fates.signed_s + 5, from_stage=company.BOOKING, to_stage=company.CONTRACT
    )
    tape.add(EventKind.CONTRACT_TERMINATED, fates.terminated_s < FAR, fates.terminated_s)


def touch(tape: Tape, dice: Dice, leads: Leads, fates: Fates) -> None:
    """Calls and messages between the first talk and the end, each with a task for the next."""
    touches_n = touches(fates)
    is_cared_for = fates.is_reached & ~fates.is_neglected
    touched_s = [touch_s(fates, touches_n, number) for number in range(TOUCHES_MOST + 1)]
    tape.add(EventKind.TASK_SET, is_cared_for, fates.contact_s + 11 * MINUTE, due_s=touched_s[0] + HOUR)
    for number in range(TOUCHES_MOST):
        way = dice.pick(f"touch {number}", leads.number, TOUCH_WEIGHTS)
        happens, at_s = touches_n > number, touched_s[number]
        talk_s = dice.between(f"talk {number}", leads.number, 60, 420)
        tape.add(
            TOUCH_KINDS[way],
            happens,
            at_s,
            duration_s=np.select([way == 0, way == 1], [talk_s, 0], -1),
            outcome=TOUCH_OUTCOMES[way],
        )
        tape.add(EventKind.TASK_SET, happens & is_cared_for, at_s + 10 * MINUTE, due_s=touched_s[number + 1] + HOUR)
        is_answer = happens & (way == 2) & (at_s + 2 * HOUR < fates.quiet_s)
        tape.add(EventKind.MESSAGE_IN, is_answer, at_s + 2 * HOUR, actor=-1, actor_kind=UNKNOWN)


def touches(fates: Fates) -> Ints:
    """How many touches fit between the talk and the end; none where a talk would mend an unlawful rejection."""
    length_s = np.where(fates.is_reached, fates.quiet_s - fates.contact_s, 0)
    fitting_n = np.clip(length_s // TOUCH_EVERY_S, 0, TOUCHES_MOST)
    is_unlawful_talk = (fates.depth == LOST) & (fates.proof == UNLAWFUL) & ~fates.is_slow
    return np.where(is_unlawful_talk | fates.is_neglected, 0, fitting_n)


def touch_s(fates: Fates, touches_n: Ints, number: int) -> Ints:
    """When the touch of this number comes: evenly spread; past the last one, the end."""
    length_s = np.where(fates.is_reached, fates.quiet_s - fates.contact_s, 0)
    passed_s: Ints = length_s * (number + 1) // (touches_n + 1)
    return np.where(number < touches_n, at_work(fates.contact_s + passed_s), fates.quiet_s)


def chase(tape: Tape, leads: Leads, fates: Fates) -> None:
    """Calls in vain, with one message, before a lead is given up."""
    outcome = np.where(fates.reason == BAD_NUMBER, NOT_IN_SERVICE, MISSED)
    for number in range(CHASE_MOST):
        at_s = attempt_s(fates.chase_s, number, leads.number)
        tape.add(EventKind.CALL_OUT, fates.chase_n > number, at_s, duration_s=0, outcome=outcome)
    first_s = attempt_s(fates.chase_s, 1, leads.number)
    tape.add(EventKind.MESSAGE_OUT, fates.chase_n > 2, first_s + 3 * MINUTE)
    tape.add(EventKind.TASK_SET, fates.chase_n > 1, fates.chase_s + 2 * MINUTE, due_s=first_s)


def lose(tape: Tape, dice: Dice, leads: Leads, fates: Fates) -> None:
    """The rejection, and what belongs to its reason."""
    reason, rejected_s = fates.reason, fates.rejected_s
    is_lost = rejected_s < FAR
    is_declined = is_lost & (reason == MORTGAGE_DECLINED)
    asked_s = np.maximum(rejected_s - 3 * DAY, np.where(fates.is_reached, fates.contact_s + HOUR // 4, 0))
    tape.add(EventKind.MORTGAGE_SUBMITTED, is_declined, asked_s)
    tape.add(EventKind.MORTGAGE_DECLINED, is_declined, np.maximum(rejected_s - HOUR, asked_s + 5 * MINUTE))
    is_passed = is_lost & (reason == AGENT) & (fates.proof == LAWFUL)
    tape.add(EventKind.TASK_SET, is_passed, rejected_s - MINUTE, due_s=rejected_s + DAY)
    is_withdrawn = is_lost & (reason == DO_NOT_CALL) & dice.hit("withdrawn", leads.number, 0.4)
    tape.add(EventKind.CONSENT_WITHDRAWN, is_withdrawn, rejected_s - 2 * MINUTE, actor=-1, actor_kind=UNKNOWN)
    tape.add(EventKind.REJECTED, is_lost, rejected_s, reason=reason, from_stage=stage_of(fates))


def stage_of(fates: Fates) -> Ints:
    """The stage in which a lead is lost."""
    return np.where(fates.depth > LOST, fates.depth + 1, np.where(fates.is_reached, company.CONTACT, company.NEW))


def spoil(tape: Tape, world: World, leads: Leads) -> None:
    """The bad rows of the story; `frames` puts the unknown ids in place of the codes past the end."""
    for bad in story.BAD_ROWS:
        is_here = leads.number == world.timeline.starts[world.timeline.week_back(bad.weeks_back)]
        at_s = leads.created_s + 5 * MINUTE
        match bad.row:
            case BadRow.UNKNOWN_REASON:
                tape.add(EventKind.REJECTED, is_here, at_s, reason=len(company.REASONS), from_stage=company.NEW)
            case BadRow.UNKNOWN_STAGE:
                tape.add(EventKind.STAGE_CHANGED, is_here, at_s, from_stage=company.NEW, to_stage=len(company.STAGES))
            case BadRow.FAR_FUTURE:
                tape.add(EventKind.MESSAGE_OUT, is_here, at_s + FAR_FUTURE_S, recorded_s=at_s)


def move(tape: Tape, dice: Dice, leads: Leads, fates: Fates) -> Events:
    """Some leads pass to another manager soon after the first talk; every event names the owner of its time."""
    settled = [company.MANAGER_CODES[story.EARLY_REJECTER_ID], company.MANAGER_CODES[story.NEGLECTER_ID]]
    heir = (leads.manager + dice.between("heir", leads.number, 1, 7)) % len(company.MANAGERS)
    moved_s = np.where(fates.is_reached, fates.contact_s + dice.between("moved", leads.number, DAY, 3 * DAY), FAR)
    could_move = ~np.isin(leads.manager, settled) & ~np.isin(heir, settled) & (moved_s < fates.quiet_s)
    moved_s = np.where(could_move & dice.hit("moves", leads.number, MOVED_CHANCE), moved_s, FAR)
    tape.add(EventKind.OWNER_CHANGED, moved_s < FAR, moved_s, actor=-1, actor_kind=UNKNOWN)
    events = tape.events()
    owner = np.where(events.at_s < moved_s[events.lead], leads.manager[events.lead], heir[events.lead])
    return owned(events, owner)
