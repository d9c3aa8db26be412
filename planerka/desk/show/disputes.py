"""A dispute as a line of a list, and what every page says of one: when it is due, what is at stake, where it stands."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from planerka.clock import start_of
from planerka.desk.show.titles import ACTIONS, ACTIONS_OF_NEGLECT, STATES, STATES_OF_NEGLECT, WRITTEN
from planerka.dispute_states import DisputeState
from planerka.disputes.waiting import ORIGINS, Disputed
from planerka.model import Decision, DisputeOrigin, Receipt, Reference, ReferenceKind
from planerka.store.dispute_steps import Step
from planerka.store.disputes import DisputeView
from planerka.store.readings import Unread
from planerka.words import Words, _

TONES = {
    DisputeState.EVIDENCE_REQUESTED: "due",
    DisputeState.APPEALED: "due",
    DisputeState.RETURN_RULED: "good",
    DisputeState.FINAL_RETURN: "good",
}
STEP_TITLES = {0: _("enquiry"), 1: _("qualified"), 2: _("meeting"), 3: _("booking")}


@dataclass(frozen=True, kw_only=True)
class Due:
    """`tone` is bad for what is overdue, due for today, empty for later."""

    text: str
    tone: str


@dataclass(frozen=True, kw_only=True)
class Line:
    """One dispute of a list. `findings` say what is wrong, a sentence each; `stake` None: the history cannot tell."""

    id: int
    steps_n: int
    title: str
    origin: str
    people: str
    findings: tuple[str, ...]
    due: Due
    stake: str | None
    state: str
    tone: str
    assigned_to: str | None
    decided: str | None


@dataclass(frozen=True, kw_only=True)
class StepLine:
    """A step of a dispute; `comment` None where nobody wrote one."""

    at: datetime
    what: str
    who: str
    comment: str | None


@dataclass(frozen=True, kw_only=True)
class Shower:
    """Speaks of disputes to one reader at one moment."""

    words: Words
    zone: ZoneInfo
    now: datetime
    names: Mapping[ReferenceKind, Mapping[str, Reference]]

    @property
    def tonight(self) -> datetime:
        """The end of the local day."""
        return start_of(self.now.astimezone(self.zone).date() + timedelta(days=1), self.zone)

    def name(self, kind: ReferenceKind, id_: str | None) -> str | None:
        """What an id is called; the id itself where nobody named it."""
        found = self.names[kind].get(id_) if id_ else None
        return found.title if found else id_

    def money(self, amount_minor: int | None, currency: str | None) -> str | None:
        return None if amount_minor is None or currency is None else self.words.money(amount_minor, currency)

    def stake_in(self, rows: Iterable[Disputed]) -> str | None:
        """What is at stake in all of them; None where that is not known, or of several currencies."""
        amounts = [(row.at_stake_minor or 0, row.currency) for row in rows]
        currencies = {currency for _amount, currency in amounts if currency}
        return self.money(sum(amount for amount, _ in amounts), currencies.pop()) if len(currencies) == 1 else None

    def title(self, view: DisputeView | Unread) -> str:
        """The reason of the rejection, or that nobody gave one, or that the lead was neglected."""
        if view.happened_at is None:
            return self.words.say("Neglected lead")
        return self.name(ReferenceKind.REASON, view.reason_id) or self.words.say("Rejected without a reason")

    def findings(self, view: DisputeView) -> tuple[str, ...]:
        if view.happened_at is None:
            return (self.words.say("No next task and no touch for longer than the norm"),)
        return tuple(f"{found['clause']} {found[self.words.language]}" for found in view.findings or [])

    def due(self, at: datetime) -> Due:
        local = at.astimezone(self.zone)
        hour = f"{local:%H:%M}"
        day = f"{self.words.short_day(local.date())}, {hour}"
        if at < self.now:
            return Due(text=self.words.say("overdue since {at}", at=day), tone="bad")
        if at < self.tonight:
            return Due(text=self.words.say("today until {hour}", hour=hour), tone="due")
        if at < self.tonight + timedelta(days=1):
            return Due(text=self.words.say("tomorrow until {hour}", hour=hour), tone="")
        return Due(text=self.words.say("until {at}", at=day), tone="")

    def stake(self, view: DisputeView) -> str | None:
        return self.money(view.at_stake_minor, view.currency)

    def stake_told(self, view: DisputeView) -> str | None:
        """How the money at stake is counted."""
        if view.stake is None:
            return None
        told, words, step = view.stake, self.words, STEP_TITLES[view.stake["step"]]
        channel = self.name(ReferenceKind.CHANNEL, view.channel_id) if told["is_by_channel"] else None
        of_channel = (
            words.say("of the channel “{channel}”", channel=channel) if channel else words.say("of all channels")
        )
        return words.say(
            "{contracts} of {leads} leads {of_channel} that had come as far as “{step}” bought ({share}); "
            "a flat sells for {price}",
            contracts=words.number(told["contracts_n"]),
            leads=words.number(told["leads_n"]),
            of_channel=of_channel,
            step=words.say(step),
            share=words.percent(told["contracts_n"] / told["leads_n"]),
            price=words.money(told["price_minor"], told["currency"]),
        )

    def people(self, view: DisputeView | Unread) -> str:
        """Who and what it concerns: the manager, the channel, the project."""
        asked = (
            (ReferenceKind.MANAGER, view.manager_id),
            (ReferenceKind.CHANNEL, view.channel_id),
            (ReferenceKind.PROJECT, view.project_id),
        )
        return " · ".join(filter(None, (self.name(kind, id_) for kind, id_ in asked)))

    def line(self, view: DisputeView) -> Line:
        return Line(
            id=view.id,
            steps_n=view.steps_n,
            title=self.title(view),
            origin=self.words.say(ORIGINS[view.origin]),
            people=self.people(view),
            findings=self.findings(view),
            due=self.due(view.due_at),
            stake=self.stake(view),
            state=self.state(view),
            tone="due" if view.is_answered else TONES.get(view.state, ""),
            assigned_to=view.assigned_to,
            decided=self.decided(view),
        )

    def state(self, view: DisputeView) -> str:
        titles = STATES_OF_NEGLECT if view.origin == DisputeOrigin.NEGLECT else STATES
        return self.words.say(_("answer came") if view.is_answered else titles[view.state])

    def decided(self, view: DisputeView) -> str | None:
        """Who decided and when; None where nobody has."""
        if view.ruled_at is None or not (view.state.is_ruled or view.state == DisputeState.APPEALED):
            return None
        return f"{self.author(view.author)}, {self.words.instant(view.ruled_at, self.zone)}"

    def written(self, decision: Decision, proof: Receipt) -> str:
        """What of a decision is in the CRM, by its receipt."""
        seen, handed_over = WRITTEN[decision]
        if proof.confirmed_at:
            return self.words.say(seen, at=self.words.instant(proof.confirmed_at, self.zone))
        return self.words.say(handed_over, at=self.words.instant(proof.handed_over_at, self.zone))

    def author(self, author: str | None) -> str:
        return author or self.words.say("planerka, by the regulation")

    def told(self, step: Step, origin: DisputeOrigin) -> StepLine:
        titles = ACTIONS_OF_NEGLECT if origin == DisputeOrigin.NEGLECT else ACTIONS
        return StepLine(
            at=step.at, what=self.words.say(titles[step.action]), who=self.author(step.author), comment=step.comment
        )
