"""Carrying commands out in the source, each once, and keeping the receipts."""

from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from planerka.crm.base import Crm
from planerka.disputes.returning import Obstacle, obstacle, refuse
from planerka.errors import CrmClosedError, CrmError, CrmLoginError, CrmMovedError, CrmRefusalError, UsageError
from planerka.model import Command, Decision, Receipt
from planerka.phones import masked
from planerka.store import commands, disputes
from planerka.store.database import reading
from planerka.store.locks import locked
from planerka.store.review import seen_open
from planerka.store.windows import get_source

NO_ENTRY = (CrmClosedError, CrmLoginError, CrmMovedError)
"""Refusals of us, not of a command: every other one would meet the same, and who keeps asking is blocked for longer."""


@dataclass(frozen=True, kw_only=True)
class ApplyReport:
    """`handed_over_n` commands went to the source now, `confirmed_n` are proved done; `refused` says what failed."""

    handed_over_n: int = 0
    confirmed_n: int = 0
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """What would become of a command: the `writes` that the source would get, a line each, or its `refusal`."""

    marker: str
    writes: tuple[str, ...] = ()
    refusal: str | None = None


def apply_commands(engine: sa.Engine, crm: Crm, holder: str, now: datetime) -> ApplyReport:
    """Hand over every command without a receipt; a refused one stays pending, its dispute says why, and stops no other.

    The source refuses some, and planerka those that have lost their sense since the ruling. BusyError while another run
    (`holder` names this one) hands them over: both would look for a receipt, find none, and write it twice. A source
    that lets planerka in no more ends the run by its CrmError: the receipts so far are kept, no other command is tried.
    """
    with locked(engine, f"commands for {crm.source}", holder, now):
        return hand_over_pending(engine, crm, now)


def hand_over_pending(engine: sa.Engine, crm: Crm, now: datetime) -> ApplyReport:
    with engine.begin() as connection:
        pending = commands.pending(connection, crm.source, now)
    report = ApplyReport(confirmed_n=confirm_seen(engine, crm.source))
    for command in pending:
        try:
            receipt = hand_over(engine, crm, command, now)
        except NO_ENTRY:
            raise
        except (CrmError, UsageError) as refusal:
            report = replace(report, refused=(*report.refused, f"{command.marker}: {refusal}"))
            with engine.begin() as connection:
                commands.put_refusal(connection, command.marker, masked(str(refusal)), now)
            continue
        if receipt:
            confirmed_n = report.confirmed_n + (receipt.confirmed_at is not None)
            report = replace(report, handed_over_n=report.handed_over_n + 1, confirmed_n=confirmed_n)
    return report


def hand_over(engine: sa.Engine, crm: Crm, command: Command, now: datetime) -> Receipt | None:
    """The receipt, which is kept; None where the command is not wanted any more.

    Once it is taken its ruling cannot be undone, and no appeal calls it back: so planerka's own refusal, UsageError,
    takes nothing, and that of the source, CrmRefusalError, lets go of what was never tried before. Any other CrmError
    leaves it open what was done.
    """
    with engine.begin() as connection:
        was_tried = commands.is_tried(connection, command.marker)
        if not commands.take(connection, command.marker, now):
            return None
        refuse_a_senseless(connection, crm.source, command, was_tried)
    try:
        receipt = crm.apply(command)
    except CrmRefusalError:
        if not was_tried:
            with engine.begin() as connection:
                commands.let_go(connection, command.marker)
        raise
    with engine.begin() as connection:
        commands.put_receipt(connection, receipt)
    return receipt


def rehearse_commands(engine: sa.Engine, crm: Crm) -> list[Rehearsal]:
    """What `apply_commands` would do, command by command, with those that may still be undone.

    Nothing is written, here or in the source.

    CrmError where the source lets planerka in no more.
    """
    with reading(engine) as connection:
        pending = commands.pending(connection, crm.source)
    return [rehearsal_of(engine, crm, command) for command in pending]


def rehearsal_of(engine: sa.Engine, crm: Crm, command: Command) -> Rehearsal:
    try:
        with reading(engine) as connection:
            refuse_a_senseless(connection, crm.source, command, commands.is_tried(connection, command.marker))
        return Rehearsal(marker=command.marker, writes=tuple(crm.rehearse(command)))
    except NO_ENTRY:
        raise
    except (CrmError, UsageError) as refusal:
        return Rehearsal(marker=command.marker, refusal=str(refusal))


def refuse_a_senseless(connection: sa.Connection, source: str, command: Command, was_tried: bool) -> None:
    """UsageError for a return that would not be ruled today: between ruling and source the client may have bought.

    What is open now after an earlier try may be so by that one: the marker in the source tells, and `apply` looks.
    """
    if command.kind != Decision.RETURN_TO_WORK:
        return
    dispute = disputes.behind(connection, source, command.marker)
    found = obstacle(connection, source, dispute)
    if found != Obstacle.OPEN or not was_tried:
        refuse(dispute, found)


def confirm_seen(engine: sa.Engine, source: str) -> int:
    """Where people carry returns out, the next export is the receipt: the lead is open in it. Returns how many."""
    with engine.begin() as connection:
        known = get_source(connection, source)
        if known is None:
            return 0
        seen = seen_open(connection, source, known.data_until)
        for marker, handed_over_at in seen:
            receipt = Receipt(marker=marker, handed_over_at=handed_over_at, confirmed_at=known.data_until)
            commands.put_receipt(connection, receipt)
    return len(seen)
