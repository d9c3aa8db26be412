"""A pack is frozen by week and version: what people talked over stays what it was, whatever is counted later."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from planerka.clock import Week
from planerka.errors import GateStoppedError
from planerka.model import GateReport
from planerka.pack.assemble import assemble
from planerka.pack.facts import PackFacts, from_json, to_json
from planerka.settings import Settings
from planerka.store import gates, packs


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
) -> FrozenPack:
    """The pack of a week: the one it has, or else a new one that its gate lets through.

    GateStoppedError names the checks that a new one broke; nothing is frozen then.
    """
    if found := find_pack(engine, source, week):
        return found
    facts = assemble(engine, source, week, settings, analyst_ids, now, run)
    report = gate(facts)
    with engine.begin() as connection:
        gates.add(connection, source, report, now)
    stop_at(report, f"the pack of {week} is not fit to be shown")
    with engine.begin() as connection:
        version, is_new = packs.put(connection, source, str(week), to_json(facts), now)
    return FrozenPack(source=source, week=week, version=version, facts=facts, is_new=is_new)


def find_pack(engine: sa.Engine, source: str, week: Week) -> FrozenPack | None:
    """The last version of a week's pack; None where it was never frozen."""
    with engine.begin() as connection:
        found = packs.latest(connection, source, str(week))
    if found is None:
        return None
    return FrozenPack(source=source, week=week, version=found[0], facts=from_json(found[1]), is_new=False)


def stop_at(report: GateReport, what: str) -> None:
    """GateStoppedError where a gate is closed, with every check that closed it."""
    if not report.is_open:
        lines = [f"  {c.en}: {c.error or f'{c.failed_n} of {c.rows_n} failed'}" for c in report.stopped_by]
        raise GateStoppedError("\n".join([f"{what}, and the gate stopped the run:", *lines]))
