"""What becomes of a lead: how far it gets, when, and why it is lost.

All of it is drawn at once, past and future; an as-of day only decides how much of it can be seen.
"""

from dataclasses import dataclass, replace

import numpy as np

from planerka.crm.sample import company, story
from planerka.crm.sample.company import (
    AGENT,
    BAD_NUMBER,
    BOUGHT_ELSEWHERE,
    DO_NOT_CALL,
    DUPLICATE,
    LOW_BUDGET,
    NO_ANSWER,
    NO_FIT,
    NOT_NOW,
    OUT_OF_AREA,
    SPAM,
    TOO_EXPENSIVE,
    WRONG_SERVICE,
)
from planerka.crm.sample.dice import Bools, Dice, Ints
from planerka.crm.sample.leads import Columns, Leads, World, drawn_leads
from planerka.crm.sample.timeline import DAY, FAR, HOUR, MINUTE, at_work

LOST, QUALIFIED, MET, BOOKED, SIGNED = range(5)
"""The furthest step that a lead reaches."""

LAWFUL, UNLAWFUL, UNPROVABLE = range(3)
"""How a rejection was meant to stand; what it is, only its evidence says."""

QUALIFY_CHANCE, MEET_CHANCE, BOOK_CHANCE, SIGN_CHANCE = 0.355, 0.45, 0.36, 0.71
UNLAWFUL_CHANCE, UNPROVABLE_CHANCE = 0.08, 0.05
DUPLICATE_CHANCE, FALSE_DUPLICATE_CHANCE = 0.75, 0.1
"""Chance that a repeat enquiry is rejected as a duplicate: of a lead in work or won, and of a lost one."""
SLOW_CHANCE = 0.6
TERMINATE_CHANCE = 0.04

QUICK = (DUPLICATE, SPAM, OUT_OF_AREA, AGENT, WRONG_SERVICE, BAD_NUMBER, DO_NOT_CALL)
UNTALKED = (NO_ANSWER, DUPLICATE, SPAM, BAD_NUMBER)
RETURNABLE = (NO_ANSWER, LOW_BUDGET, NO_FIT, TOO_EXPENSIVE, BOUGHT_ELSEWHERE, NOT_NOW)


@dataclass(frozen=True)
class Fates(Columns):
    """One row a lead; a time of `FAR` never comes.

    `ended_s` is the rejection or the contract. The talks and touches of a lead lie between `contact_s` and
    `quiet_s`; after that come `chase_n` calls in vain, from `chase_s` on. `tries_n` are the calls until the first talk.
    """

    depth: Ints
    reason: Ints
    proof: Ints
    is_reached: Bools
    is_neglected: Bools
    is_slow: Bools
    response_s: Ints
    contact_s: Ints
    qualified_s: Ints
    meeting_s: Ints
    booked_s: Ints
    fell_s: Ints
    tries_n: Ints
    chase_n: Ints
    chase_s: Ints
    quiet_s: Ints
    ended_s: Ints
    terminated_s: Ints
    returned_s: Ints

    @property
    def rejected_s(self) -> Ints:
        return np.where(self.depth == SIGNED, FAR, self.ended_s)

    @property
    def signed_s(self) -> Ints:
        return np.where(self.depth == SIGNED, self.ended_s, FAR)


def attempt_s(from_s: Ints, number: int | Ints, spread: Ints) -> Ints:
    """When a call in vain is made: the first at once, then two a day, before noon and towards evening.

    `spread` is anything from 0 on that differs between leads; it keeps them off the same minute.
    """
    day_s = from_s // DAY * DAY + (np.asarray(number) + 1) // 2 * DAY
    clock_s = np.where(np.asarray(number) % 2, 10 * HOUR, 16 * HOUR) + (spread + number) * 613 % (3 * HOUR)
    return np.where(np.asarray(number) == 0, from_s, day_s + clock_s)


def fates_of(world: World, leads: Leads) -> Fates:
    """The fate of each lead; that of a repeat depends on how the earlier lead of the client stands."""
    repeat = np.flatnonzero(leads.prior >= 0)
    earlier = drawn_fates(world, drawn_leads(world, leads.prior[repeat]))
    is_standing = earlier.rejected_s > leads.created_s[repeat] + 2 * DAY
    chance = np.where(is_standing, DUPLICATE_CHANCE, FALSE_DUPLICATE_CHANCE)
    is_duplicate = np.zeros(len(leads.number), dtype=bool)
    is_duplicate[repeat] = world.dice.hit("duplicate", leads.number[repeat], chance)
    return drawn_fates(world, leads, is_duplicate)


def drawn_fates(world: World, leads: Leads, is_duplicate: Bools | bool = False) -> Fates:
    """Fates by chance, but for the leads that will be taken for duplicates."""
    dice, number = world.dice, leads.number
    depth = furthest(dice, leads)
    reason = reasons(dice, leads, depth)
    proof = dice.pick("proof", number, [1 - UNLAWFUL_CHANCE - UNPROVABLE_CHANCE, UNLAWFUL_CHANCE, UNPROVABLE_CHANCE])
    is_duplicate = is_duplicate & (depth < SIGNED)
    depth, reason = np.where(is_duplicate, LOST, depth), np.where(is_duplicate, DUPLICATE, reason)
    is_early = early_rejections(world, leads, reason)
    proof = np.where(is_early, UNLAWFUL, np.where((reason == NO_ANSWER) & (proof == UNPROVABLE), UNLAWFUL, proof))
    fates = beginnings(dice, leads, depth, reason, proof)
    fates = steps(dice, leads, neglected(dice, leads, fates))
    return returned(world, leads, ended(dice, leads, chased(dice, leads, is_early, fates)))


def furthest(dice: Dice, leads: Leads) -> Ints:
    """The funnel: a lead goes on from each step by chance, better channels more often."""
    quality = np.array([channel.quality for channel in company.CHANNELS])[leads.channel]
    chances = np.outer((QUALIFY_CHANCE, MEET_CHANCE, BOOK_CHANCE, SIGN_CHANCE), np.ones(len(quality)))
    chances[:3] *= quality ** np.array([[1.0], [0.3], [0.2]])
    depth, goes_on = np.zeros(len(quality), dtype=np.int64), np.ones(len(quality), dtype=bool)
    for step, chance in enumerate(chances):
        goes_on &= dice.hit(f"step {step}", leads.number, chance)
        depth += goes_on
    return depth


def reasons(dice: Dice, leads: Leads, depth: Ints) -> Ints:
    """Why the lead will be lost, should it be lost."""
    is_junk = (leads.channel == company.CHANNEL_CODES[story.JUNK_CHANNEL_ID]) & (depth == LOST)
    weights = company.REASON_WEIGHTS[np.where(is_junk, company.JUNK_WEIGHTS_ROW, depth)]
    reason = dice.pick("reason", leads.number, weights)
    # Whoever was spoken to on arrival is neither a wrong number nor a test.
    was_heard = (leads.enquiry == company.ANSWERED_CALL) & np.isin(reason, (SPAM, BAD_NUMBER))
    return np.where(was_heard, WRONG_SERVICE, reason)


def early_rejections(world: World, leads: Leads, reason: Ints) -> Bools:
    """The story: rejected for no answer after a single call."""
    is_recent = leads.week > world.timeline.week_back(story.EARLY_REJECTION_WEEKS)
    chance = np.where(is_recent, story.EARLY_REJECTION_CHANCE_NOW, story.EARLY_REJECTION_CHANCE)
    is_theirs = leads.manager == company.MANAGER_CODES[story.EARLY_REJECTER_ID]
    return is_theirs & (reason == NO_ANSWER) & world.dice.hit("early", leads.number, chance)


def beginnings(dice: Dice, leads: Leads, depth: Ints, reason: Ints, proof: Ints) -> Fates:
    """First response and first talk; everything later is still to come."""
    number, never = leads.number, np.full(len(leads.number), FAR)
    answered = leads.enquiry == company.ANSWERED_CALL
    was_silent = np.isin(reason, UNTALKED) | ((reason == WRONG_SERVICE) & (proof != LAWFUL))
    has_talked = (depth > LOST) | ~was_silent | ((reason == SPAM) & (proof == UNLAWFUL)) | answered
    delay_s = dice.waited("response", number, company.RESPONSE_MEAN_MIN[leads.manager] * MINUTE, 20 * HOUR)
    response_s = np.where(answered, leads.created_s, at_work(leads.created_s + 30 + delay_s))
    tries_n = np.where(answered | ~has_talked, 0, dice.pick("tries", number, [55, 30, 15]) + 1)
    talked_s = attempt_s(response_s, np.maximum(tries_n, 1) - 1, number)
    contact_s = np.where(has_talked, talked_s, FAR)
    no = np.zeros(len(number), dtype=bool)
    return Fates(
        depth=depth, reason=reason, proof=proof, is_reached=has_talked, is_neglected=no, is_slow=no,
        response_s=response_s, contact_s=contact_s, qualified_s=never, meeting_s=never, booked_s=never, fell_s=never,
        tries_n=tries_n, chase_n=np.zeros_like(never), chase_s=never, quiet_s=never, ended_s=never,
        terminated_s=never, returned_s=never,
    )  # fmt: skip


def neglected(dice: Dice, leads: Leads, fates: Fates) -> Fates:
    """The story: leads left lying after a talk, and written off weeks later with a reason that does not hold."""
    is_theirs = leads.manager == company.MANAGER_CODES[story.NEGLECTER_ID]
    chance = np.where(is_theirs, story.NEGLECT_CHANCE, story.NEGLECT_CHANCE_OF_OTHERS)
    could_be = fates.is_reached & (fates.depth <= QUALIFIED) & ~np.isin(fates.reason, (*QUICK, NO_ANSWER))
    is_neglected = could_be & dice.hit("neglect", leads.number, chance)
    is_slow = could_be & ~is_neglected & dice.hit("slow", leads.number, SLOW_CHANCE)
    return replace(
        fates,
        is_neglected=is_neglected,
        is_slow=is_slow,
        reason=np.where(is_neglected, NOT_NOW, fates.reason),
        proof=np.where(is_neglected, np.where(leads.number % 3, UNLAWFUL, UNPROVABLE), fates.proof),
    )


def steps(dice: Dice, leads: Leads, fates: Fates) -> Fates:
    """Qualification, meeting and booking, each some days after the one before."""
    number, depth = leads.number, fates.depth
    at_once = dice.hit("qualified at once", number, 0.6)
    thought_s = np.where(at_once, 10 * MINUTE, dice.waited("qualified", number, 1.5 * DAY, 6 * DAY) + HOUR)
    qualified_s = at_work(fates.contact_s + thought_s)
    meeting_s = at_work(qualified_s + dice.waited("meeting", number, 5 * DAY, 16 * DAY) + DAY)
    booked_s = at_work(meeting_s + dice.waited("booked", number, 8 * DAY, 28 * DAY) + HOUR)
    return replace(
        fates,
        qualified_s=np.where(depth >= QUALIFIED, qualified_s, FAR),
        meeting_s=np.where(depth >= MET, meeting_s, FAR),
        booked_s=np.where(depth >= BOOKED, booked_s, FAR),
        fell_s=np.where(depth == BOOKED, booked_s + dice.between("fell", number, 3 * DAY, 14 * DAY), FAR),
    )


def last_step_s(fates: Fates) -> Ints:
    """The last good thing that happened: a talk, the qualification, the meeting, the fall of the booking."""
    times = (fates.contact_s, fates.qualified_s, fates.meeting_s, fates.fell_s, fates.booked_s)
    return np.choose(fates.depth, times)


def chased(dice: Dice, leads: Leads, is_early: Bools, fates: Fates) -> Fates:
    """How often and from when a lead was called in vain before it was given up."""
    number, is_lawful = leads.number, fates.proof == LAWFUL
    missed_n = np.where(is_lawful, dice.between("chase", number, 6, 8), dice.between("chase", number, 2, 4))
    wrong_n = np.where(is_lawful, dice.between("wrong", number, 2, 3), 1)
    glance_n = dice.between("glance", number, 0, 1)
    silent = ~fates.is_reached
    chase_n = np.select(
        [
            is_early,
            fates.reason == NO_ANSWER,
            fates.reason == BAD_NUMBER,
            silent & (fates.reason == WRONG_SERVICE),
            silent,
        ],
        [1, missed_n, wrong_n, 1, glance_n],
        0,
    )
    pause_s = dice.between("pause", number, 1 * DAY, 5 * DAY)
    chase_s = np.where(silent, fates.response_s, at_work(last_step_s(fates) + pause_s))
    return replace(fates, chase_n=np.where(fates.depth < SIGNED, chase_n, 0), chase_s=chase_s)


def ended(dice: Dice, leads: Leads, fates: Fates) -> Fates:
    """When it ends: after the last call in vain, soon, in good time, very late, or with a contract."""
    number = leads.number
    given_up_s = attempt_s(fates.chase_s, np.maximum(fates.chase_n, 1) - 1, number) + dice.between(
        "up", number, 600, 5 * HOUR
    )
    soon_s = dice.waited("soon", number, 4 * HOUR, 2 * DAY) + 5 * MINUTE
    mean_s = np.array([13, 36, 20, 2, 0])[fates.depth] * DAY
    wait_s = np.select(
        [fates.depth == SIGNED, fates.is_neglected, fates.is_slow, np.isin(fates.reason, QUICK)],
        [
            dice.between("sign", number, 7 * DAY, 38 * DAY),
            dice.between("written off", number, 35 * DAY, 55 * DAY),
            dice.between("slow end", number, 42 * DAY, 84 * DAY),
            soon_s,
        ],
        np.minimum((-mean_s * np.log1p(-dice.share("end", number))).astype(np.int64), 60 * DAY) + 2 * HOUR,
    )
    is_chased = fates.chase_n > 0
    ended_s = at_work(
        np.where(is_chased, given_up_s, np.where(fates.is_reached, last_step_s(fates), fates.response_s) + wait_s)
    )
    is_terminated = (fates.depth == SIGNED) & dice.hit("terminated", number, TERMINATE_CHANCE)
    return replace(
        fates,
        ended_s=ended_s,
        quiet_s=np.where(is_chased & fates.is_reached, fates.chase_s, ended_s),
        terminated_s=np.where(is_terminated, ended_s + dice.between("terminate", number, 10 * DAY, 80 * DAY), FAR),
    )


def returned(world: World, leads: Leads, fates: Fates) -> Fates:
    """The story: unlawful rejections that the analyst returned to work."""
    dice, timeline = world.dice, world.timeline
    from_s = timeline.back_s(story.RETURNS_FROM_WEEKS_BACK)
    to_s = timeline.back_s(story.RETURNS_TO_WEEKS_BACK)
    could_be = (fates.proof == UNLAWFUL) & np.isin(fates.reason, RETURNABLE) & (fates.depth < SIGNED)
    is_in_time = (fates.rejected_s >= from_s) & (fates.rejected_s < to_s)
    is_returned = could_be & is_in_time & dice.hit("returned", leads.number, story.RETURN_CHANCE)
    review_s = dice.between("review", leads.number, 2 * DAY, 6 * DAY)
    return replace(fates, returned_s=np.where(is_returned, at_work(fates.ended_s + review_s), FAR))
