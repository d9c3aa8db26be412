"""A pack is frozen by week and version: what people talked over stays what it was, whatever is counted later."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from planerka.clock import Week
from planerka.intake.fitness import stop_at
from planerka.model import GateReport
from planerka.pack.assemble import assemble
from planerka.pack.facts import PackFacts, from_json, to_json
from planerka.settings import Settings
from planerka.store import gates, packs
from planerka.store.locks import locked


@dataclass(frozen=True, kw_only=True)
class FrozenPack:
    """A version of a week's pack. `is_new`: this run froze it."""

    source: str
    week: Week
    version: int
    facts: PackFacts
    is_new: bool


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
) -> FrozenPack:
    """The pack of a week: the one it has, or else a new one that its gate lets through.

    GateStoppedError names the checks that a new one broke; nothing is frozen then. BusyError while another run
    (`holder` names this one) freezes the same week: both would find none, and the people would have two.
    """
    if found := find_pack(engine, source, week):
        return found
    with locked(engine, f"pack of {source} {week}", holder, now):
        if found := find_pack(engine, source, week):
            return found
        facts = assemble(engine, source, week, settings, analyst_ids, now, run)
        pass_gate(engine, source, week, gate(facts), now)
        return put_pack(engine, source, week, facts, now)


def pass_gate(engine: sa.Engine, source: str, week: Week, report: GateReport, now: datetime) -> None:
    """What the gate found is kept whether it is open or not."""
    with engine.begin() as connection:
        gates.add(connection, source, report, now)
    stop_at(report, f"the pack of {week} is not fit to be shown")


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
