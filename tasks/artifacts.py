"""What Prefect's page shows of a run: gate, regulation, the week's figures, queue, pack. Counts, and nobody's name."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from prefect.artifacts import create_markdown_artifact, create_table_artifact

from planerka.disputes.expiry import ExpiryReport
from planerka.disputes.waiting import ORIGINS, AtStake, Waiting, queue_at
from planerka.errors import GateStoppedError
from planerka.model import Check, CheckSeverity
from planerka.pack.compose import HEADS
from planerka.pack.facts import Trend
from planerka.pack.freeze import FrozenPack
from planerka.pack.wording import Wording
from planerka.pack.write import folder_of
from planerka.regulation.standing import EditionState, Standing, standings
from planerka.store import deliveries, gates
from planerka.store.database import reading
from planerka.store.deliveries import Channel, State
from planerka.words import LOCALES, Words, _
from tasks.company import Company

GATES = {"intake": _("Check of what was pulled"), "pack": _("Check of the pack")}
STATES = {
    EditionState.IN_FORCE: _("in force"),
    EditionState.TO_COME: _("to come"),
    EditionState.SUPERSEDED: _("superseded"),
    EditionState.AWAITING: _("awaiting signatures"),
    EditionState.ALTERED: _("altered"),
    EditionState.UNREADABLE: _("unreadable"),
}
CHANNELS = {
    Channel.OUTBOX: _("mails written to a folder"),
    Channel.SMTP: _("mails sent"),
    Channel.TEST: _("mails sent to the test address"),
}


@contextmanager
def shown_gate(company: Company, suite: str) -> Iterator[None]:
    """Show what the gate that is asked inside has found: the closed one is what people look for."""
    try:
        yield
    except GateStoppedError:
        show_gate(company, suite)
        raise
    show_gate(company, suite)


def show_gate(company: Company, suite: str) -> None:
    with reading(company.engine) as connection:
        report = gates.latest(connection, company.crm.source, suite)
    if report:
        words = company.words
        what = f"{words.say(GATES[suite])}: {words.say('passed') if report.is_open else words.say('closed')}"
        worst_first = sorted(report.checks, key=lambda check: check.is_passed)
        show_table(company, f"gate-{suite}", what, [gate_row(check, words) for check in worst_first])


def gate_row(check: Check, words: Words) -> dict[str, Any]:
    return {
        words.say("Check"): check.ru if words.language == "ru" else check.en,
        words.say("Outcome"): outcome(check, words),
        words.say("Failed"): check.failed_n,
        words.say("Of"): check.rows_n,
    }


def outcome(check: Check, words: Words) -> str:
    if check.error:
        return words.say("could not run")
    if check.is_passed:
        return words.say("passed")
    return words.say("stops the run") if check.severity == CheckSeverity.BLOCK else words.say("warning")


def show_kpis(company: Company, frozen: FrozenPack) -> None:
    """The week's figures for the company, in the words of the pack."""
    wording, facts = Wording.of(frozen.facts, company.words), frozen.facts
    rows = [kpi_row(wording, trend) for trend in (*facts.result.week, *facts.rejections.shares, *facts.speed.company)]
    show_table(company, "headline-kpis", pack_name(company, frozen), rows)


def kpi_row(wording: Wording, trend: Trend) -> dict[str, str]:
    say, change = wording.words.say, wording.change(trend)
    before = trend.before.value if trend.before and trend.before.is_shown else None
    return {
        say("KPI"): wording.title(trend.now.kpi),
        say("This week"): wording.figure(trend.now, digits_n=1),
        say("Notes"): " · ".join(wording.notes(trend.now)),
        say("A week before, on average"): wording.value(trend.now.kpi, before, digits_n=1),
        say("Change"): ", ".join(filter(None, (change.text, change.note))),
    }


def show_regulation(company: Company) -> None:
    """How every edition stands now: one that is refused is said before anything else."""
    folder, on = company.settings.rulebook / "regulation", company.now.astimezone(company.settings.zone).date()
    with reading(company.engine) as connection:
        found = standings(connection, folder, on)
    say = company.words.say
    rows: list[dict[str, Any]] = [
        {
            say("Edition"): one.edition,
            say("State"): say(STATES[one.state]),
            say("In force from"): str(one.effective_on or "—"),
            say("Not signed by"): ", ".join(say(HEADS[role]) for role in one.awaits) or "—",
        }
        for one in sorted(found, key=lambda one: not one.is_refused)
    ]
    show_table(company, "regulation", regulation_line(company.words, found), rows)


def regulation_line(words: Words, found: Sequence[Standing]) -> str:
    current = next((one.edition for one in found if one.state == EditionState.IN_FORCE), None)
    refused_n = sum(one.is_refused for one in found)
    line = (
        words.say("The regulation: edition {edition} is in force", edition=current)
        if current
        else words.say("The regulation: no edition is in force")
    )
    refused = words.count("{n} edition refused", "{n} editions refused", refused_n)
    return f"{refused}. {line}" if refused_n else line


def show_disputes(company: Company, expired: ExpiryReport) -> None:
    """What waits for the analyst now, and how much of it was decided just now because nobody ruled in time."""
    words, queue = company.words, queue_at(company.engine, company.crm.source, company.now)
    what = [words.count("{n} dispute waits for a ruling", "{n} disputes wait for a ruling", len(queue.views))]
    if queue.overdue_n:
        what.append(words.count("{n} is overdue", "{n} are overdue", queue.overdue_n))
    if queue.at_stake:
        what.append(words.say("At stake: {money}", money=money(words, queue.at_stake)))
    what += not_in_time(words, expired)
    if company.settings.desk.people:
        name = words.say("Open the desk")
        what.append(f"[{name}]({company.settings.desk.address})")
    show_table(company, "open-disputes", " · ".join(what), [waiting_row(group, words) for group in queue.groups])


def waiting_row(group: Waiting, words: Words) -> dict[str, Any]:
    return {
        words.say("Origin"): words.say(ORIGINS[group.origin]),
        words.say("Reason"): group.reason or "—",
        words.say("Waiting"): group.waiting_n,
        words.say("Somebody's"): group.assigned_n,
        words.say("Evidence requested"): group.evidence_n,
        words.say("Overdue"): group.overdue_n,
        words.say("Days, the oldest"): group.oldest_days,
        words.say("At stake"): money(words, group.at_stake),
    }


def money(words: Words, stake: AtStake | None) -> str:
    return words.money(stake.amount_minor, stake.currency) if stake else "—"


def not_in_time(words: Words, expired: ExpiryReport) -> list[str]:
    """How many disputes the edition decided; nothing to say of none."""
    expired_n = expired.counts[0]
    return [words.count("{n} not ruled on in time", "{n} not ruled on in time", expired_n)] if expired_n else []


def show_pack(company: Company, frozen: FrozenPack) -> None:
    """Where the pages of the pack are, and to how many people it went."""
    say = company.words.say
    state = say("frozen by this run") if frozen.is_new else say("was there, and stays as it was")
    folder = folder_of(frozen, company.settings.out).resolve()
    lines = [*(f"`{folder / f'pack.{language}.html'}`" for language in LOCALES), *mails(company, frozen)]
    text = "\n- ".join([f"**{pack_name(company, frozen)}**: {state}\n", *lines])
    create_markdown_artifact(text, key="pack", description=described(company, pack_name(company, frozen)))


def mails(company: Company, frozen: FrozenPack) -> list[str]:
    """To how many people a version of the pack went, a line a channel that was used; no address."""
    with reading(company.engine) as connection:
        known = deliveries.of_week(connection, frozen.source, str(frozen.week))
    states: dict[Channel, list[State]] = defaultdict(list)
    for delivery in known:
        if delivery.version == frozen.version:
            states[delivery.channel].append(delivery.state)
    say = company.words.say
    return [
        say("{channel}: {n} of {all_n}", channel=say(CHANNELS[channel]), n=of.count(State.SENT), all_n=len(of))
        for channel, of in states.items()
    ]


def pack_name(company: Company, frozen: FrozenPack) -> str:
    """As `Week 2026-W47, version 1`: a pack's name in a line."""
    return company.words.say("Week {week}, version {version}", week=frozen.week, version=frozen.version)


def show_table(company: Company, key: str, what: str, rows: list[dict[str, Any]]) -> None:
    """A table under a key, the newest of which Prefect's page shows first; an empty one says so."""
    create_table_artifact(rows, key=key, description=described(company, what))


def described(company: Company, what: str) -> str:
    return f"{what} · {company.crm.source}"
