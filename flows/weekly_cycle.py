"""All of it, from the source to the mail: the main job."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from prefect import State, flow
from prefect.states import Completed

from flows.begin import begin_to_judge
from flows.deliver_pack import deliver_and_show
from flows.owner import tell_owner
from flows.parameters import IsoWeek, Moment
from flows.wiring import clock, end_of, holder, week_of
from planerka.delivery.order import channel_of
from planerka.delivery.sending import DeliveryReport
from planerka.disputes.applying import ApplyReport
from planerka.disputes.opening import OpenReport
from planerka.intake.pull import PullReport
from planerka.model import GateReport
from planerka.pack.freeze import FrozenPack
from planerka.regulation.judging import JudgeReport
from planerka.store.deliveries import Channel
from planerka.store.locks import locked
from tasks import dispute, judge, kpis, pack, pull
from tasks.artifacts import mails, pack_name
from tasks.company import Company
from tasks.runs import name_run


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


@flow(on_failure=[tell_owner])
def weekly_cycle(
    week: IsoWeek | None = None,
    as_of: Moment | None = None,
    deliver: Literal["outbox", "smtp", "none"] | None = None,
) -> State[CycleReport]:
    """Pull, judge, dispute, apply, measure, freeze the pack of a week and deliver it.

    Args:
        week: Неделя, например 2026-W47; пусто — последняя законченная. ISO week; the last one that is over if empty.
        as_of: Момент, на который считать; пусто — сейчас. The instant the run is for; now if empty.
        deliver: Куда письма: файлами в папку, на почтовый сервер или никуда; пусто — как в настройках. Where the
            mails go: files in a folder, a mail server, or nowhere; as the settings say if empty.
    """
    company = begin_to_judge(as_of)
    channel = channel_of(company.settings.delivery, deliver)
    with locked(company.engine, f"cycle of {company.crm.source}", holder(), clock()):
        report = run_stations(company, week, channel)
    return Completed(message=summary(report, company), data=report)


def run_stations(company: Company, week: str | None, channel: Channel | None) -> CycleReport:
    name_run(company, week)
    pulled = pull.pull_leads(company, lambda: False)  # a meeting waits for the pack
    meeting = week_of(company, week)
    name_run(company, meeting)
    gate = pull.check_pull(company, min(company.now, end_of(meeting, company)))
    judged = judge.judge_rejections(company)
    neglected_n = judge.find_neglected(company)
    opened = dispute.send_disputes(company).opened
    applied = dispute.apply_rulings(company, clock, holder())
    measured_days_n = kpis.compute_kpis(company)
    frozen = pack.freeze_pack(company, meeting)
    files = pack.render_pack(company, frozen)
    delivered = deliver_and_show(company, frozen, channel) if channel else None
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


def summary(report: CycleReport, company: Company) -> str:
    """As `Week 2026-W47, version 1: 1,234 rows pulled, 31 disputes opened`."""
    words = company.words
    rows = words.count("{n} row pulled", "{n} rows pulled", report.pulled.rows_n)
    opened = words.count("{n} dispute opened", "{n} disputes opened", report.opened.opened_n)
    return f"{pack_name(company, report.pack)}: {', '.join([rows, opened, *mails(company, report.pack)])}"
