"""All of it, from the source to the mail: the main job."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from prefect import flow

from flows.wiring import clock, end_of, holder, week_of, wire
from planerka.delivery.outbox import DeliveryReport
from planerka.disputes.applying import ApplyReport
from planerka.disputes.opening import OpenReport
from planerka.intake.pull import PullReport
from planerka.model import GateReport
from planerka.pack.freeze import FrozenPack
from planerka.regulation.judging import JudgeReport
from planerka.store.locks import locked
from tasks import dispute, judge, kpis, pack, pull
from tasks.company import Company


@dataclass(frozen=True, kw_only=True)
class CycleReport:
    """What each station did. `delivered` None: delivery was not asked for."""

    pulled: PullReport
    gate: GateReport
    judged: JudgeReport
    neglected_n: int
    opened: OpenReport
    applied: ApplyReport
    measured_days_n: int
    pack: FrozenPack
    files: dict[str, Path]
    delivered: DeliveryReport | None


@flow
def weekly_cycle(
    week: str | None = None, as_of: datetime | None = None, deliver: Literal["outbox", "none"] = "outbox"
) -> CycleReport:
    """Pull, judge, dispute, apply, measure, freeze the pack of a week and deliver it.

    Args:
        week: ISO week, as 2026-W47; the last one that is over in the source's data if not given.
        as_of: The instant the run is for; now if not given.
        deliver: Where the mails go: files in a folder, or nowhere.
    """
    company = wire(as_of)
    with locked(company.engine, f"cycle of {company.crm.source}", holder(), clock()):
        return run_stations(company, week, deliver)


def run_stations(company: Company, week: str | None, deliver: str) -> CycleReport:
    pulled = pull.pull_leads(company)
    meeting = week_of(company, week)
    gate = pull.check_pull(company, min(company.now, end_of(meeting, company)))
    judged = judge.judge_rejections(company)
    neglected_n = judge.find_neglected(company)
    opened = dispute.send_disputes(company)
    applied = dispute.apply_rulings(company)
    measured_days_n = kpis.compute_kpis(company)
    frozen = pack.freeze_pack(company, meeting)
    files = pack.render_pack(company, frozen)
    delivered = pack.deliver_pack(company, frozen) if deliver == "outbox" else None
    return CycleReport(
        pulled=pulled,
        gate=gate,
        judged=judged,
        neglected_n=neglected_n,
        opened=opened,
        applied=applied,
        measured_days_n=measured_days_n,
        pack=frozen,
        files=files,
        delivered=delivered,
    )
