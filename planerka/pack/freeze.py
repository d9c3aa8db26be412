"""A pack is frozen by week and version: what people talked over stays what it was, whatever is counted later.

A correction is the next version. It says what it replaces, why, and what has changed.
"""

import shlex
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from planerka.clock import Week
from planerka.errors import UsageError
from planerka.intake.fitness import stop_at
from planerka.model import GateReport
from planerka.pack.assemble import assemble, restated_n
from planerka.pack.facts import Changed, Correction, PackFacts, Text, from_json, to_json
from planerka.phones import masked
from planerka.settings import Settings
from planerka.store import gates, packs
from planerka.store.locks import locked

REASON_LENGTH = 500


@dataclass(frozen=True, kw_only=True)
class FrozenPack:
    """A version of a week's pack. `is_new`: this run froze it. `restated_n`: its figures of the company that are others
    by now, where a run took it instead of freezing one.
    """

    source: str
    week: Week
    version: int
    facts: PackFacts
    is_new: bool
    restated_n: int = 0


def freeze(
    engine: sa.Engine,
    source: str,
    week: Week,
    settings: Settings,
    analyst_ids: frozenset[str],
    now: datetime,
    run: str,
    gate: Callable[[PackFacts], GateReport],
    holder: str,
    despite: Collection[str] = (),
    correct: str | None = None,
) -> FrozenPack:
    """The pack of a week: the one it has, or else a new one that its gate lets through.

    `despite`: keys of blocking checks that a person lets pass; the pack says so. `correct`: why the pack that the
    week has is to be assembled again, masked; it stays where nothing has changed. UsageError for no reason at all.
    GateStoppedError names the checks that a new one broke; nothing is frozen then. BusyError while another run
    (`holder` names this one) freezes the same week: both would find none, and the people would have two.
    """
    if correct is None and (found := find_pack(engine, source, week)):
        n = restated_n(engine, source, week, settings, analyst_ids, now, found.facts)
        return replace(found, restated_n=n)
    why = None if correct is None else reason_of(correct)
    with locked(engine, f"pack of {source} {week}", holder, now):
        found = find_pack(engine, source, week)
        if found and why is None:
            return found
        facts = assemble(engine, source, week, settings, analyst_ids, now, run)
        if found and is_same(found.facts, facts):
            return found
        passed = pass_gate(engine, source, week, gate(facts), now, despite, why if found else None, remedies(facts))
        facts = replace(facts, header=replace(facts.header, despite=passed))
        return put_pack(engine, source, week, corrected(found, facts, why) if found and why else facts, now)


def reason_of(text: str) -> str:
    """A reason as the pack may show it: something, on one line, not too much, and no phone or address of a client."""
    said = masked(" ".join(text.split()))
    if not said or len(said) > REASON_LENGTH:
        raise UsageError(f"a correction says why, in 1 to {REASON_LENGTH} signs: {len(said)} were given")
    return said


def is_same(facts: PackFacts, others: PackFacts) -> bool:
    """Whether two packs tell the same, whoever assembled them and when."""
    header = replace(facts.header, company=others.header.company)
    return replace(others, header=header, correction=facts.correction) == facts


def corrected(found: FrozenPack, facts: PackFacts, why: str) -> PackFacts:
    """The facts with what they change of the version that was found."""
    was, now = ({f.kpi: f.value for f in pack.appendix.figures} for pack in (found.facts, facts))
    changed = tuple(
        Changed(kpi=kpi, was=was.get(kpi), value=now.get(kpi))
        for kpi in (definition.kpi for definition in facts.appendix.definitions)
        if was.get(kpi) != now.get(kpi)
    )
    return replace(facts, correction=Correction(replaces=found.version, why=why, changed=changed))


def remedies(facts: PackFacts) -> Iterator[str]:
    """How to go on where the week has no lead."""
    for source in facts.header.sources:
        if ends_on := source.leads_end_on:
            yield f"the last lead of {source.source} is of {ends_on}: ask for its week by --week {Week.of(ends_on)}"


def pass_gate(
    engine: sa.Engine,
    source: str,
    week: Week,
    report: GateReport,
    now: datetime,
    despite: Collection[str],
    correct: str | None,
    remedies: Iterable[str],
) -> tuple[Text, ...]:
    """What the gate found is kept whether it is open or not; returns the checks that were let pass, in words.

    UsageError for a check that there is none of; `correct` is part of the command that goes on.
    """
    if strangers := set(despite) - {check.key for check in report.checks}:
        known = ", ".join(check.key for check in report.checks)
        raise UsageError(f"there is no check {', '.join(sorted(strangers))} of a pack: they are {known}")
    with engine.begin() as connection:
        gates.add(connection, source, report, now)
    let_pass = [check for check in report.stopped_by if check.key in despite]
    closed_by = [check for check in report.stopped_by if check.key not in despite]
    flags = " ".join(f"--despite {key}" for key in (*despite, *(check.key for check in closed_by)))
    flags += f" --correct {shlex.quote(correct)}" if correct else ""
    stop_at(
        replace(report, checks=tuple(check for check in report.checks if check not in let_pass)),
        f"the pack of {week} is not fit to be shown",
        *remedies,
        f"to show it all the same, and have it say so: planerka pack --week {week} {flags}",
    )
    return tuple(Text(ru=check.ru, en=check.en) for check in let_pass)


def put_pack(engine: sa.Engine, source: str, week: Week, facts: PackFacts, now: datetime) -> FrozenPack:
    """The facts as the next version of the week: the header that people read says the version of the row."""
    with engine.begin() as connection:
        last = packs.latest(connection, source, str(week))
        numbered = replace(facts, header=replace(facts.header, version=last[0] + 1 if last else 1))
        version, is_new = packs.put(connection, source, str(week), to_json(numbered), now)
    return FrozenPack(source=source, week=week, version=version, facts=numbered, is_new=is_new)


def find_pack(engine: sa.Engine, source: str, week: Week) -> FrozenPack | None:
    """The last version of a week's pack; None where it was never frozen."""
    with engine.begin() as connection:
        found = packs.latest(connection, source, str(week))
    if found is None:
        return None
    return FrozenPack(source=source, week=week, version=found[0], facts=from_json(found[1]), is_new=False)
