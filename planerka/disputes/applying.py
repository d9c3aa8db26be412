"""Carrying commands out in the source, each once, and keeping the receipts."""

from dataclasses import dataclass, replace

import sqlalchemy as sa

from planerka.crm.base import Crm
from planerka.errors import CrmError
from planerka.model import Receipt
from planerka.store import commands
from planerka.store.review import seen_open
from planerka.store.windows import get_source


@dataclass(frozen=True, kw_only=True)
class ApplyReport:
    """`handed_over_n` commands went to the source now, `confirmed_n` are proved done; `refused` says what failed."""

    handed_over_n: int = 0
    confirmed_n: int = 0
    refused: tuple[str, ...] = ()


def apply_commands(engine: sa.Engine, crm: Crm) -> ApplyReport:
    """Hand over every command without a receipt; one that the source refuses stays pending and stops no other."""
    with engine.begin() as connection:
        pending = commands.pending(connection, crm.source)
    report = ApplyReport(confirmed_n=confirm_seen(engine, crm.source))
    for command in pending:
        try:
            receipt = crm.apply(command)
        except CrmError as refusal:
            report = replace(report, refused=(*report.refused, f"{command.marker}: {refusal}"))
            continue
        with engine.begin() as connection:
            commands.put_receipt(connection, receipt)
        confirmed_n = report.confirmed_n + (receipt.confirmed_at is not None)
        report = replace(report, handed_over_n=report.handed_over_n + 1, confirmed_n=confirmed_n)
    return report


def confirm_seen(engine: sa.Engine, source: str) -> int:
    """Where people carry commands out, the next export is the receipt: the lead is open in it. Returns how many."""
    with engine.begin() as connection:
        known = get_source(connection, source)
        if known is None:
            return 0
        seen = seen_open(connection, source, known.data_until)
        for marker, handed_over_at in seen:
            receipt = Receipt(marker=marker, handed_over_at=handed_over_at, confirmed_at=known.data_until)
            commands.put_receipt(connection, receipt)
    return len(seen)
