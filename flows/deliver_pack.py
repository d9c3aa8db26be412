"""Monday morning, after the pack: one mail to each person."""

from typing import Literal

from prefect import State, flow
from prefect.states import Completed

from flows.begin import begin
from flows.owner import tell_owner_again
from flows.parameters import IsoWeek, Moment
from flows.wiring import clock, frozen_pack, holder, week_of
from planerka.delivery.order import channel_of
from planerka.delivery.sending import DeliveryReport
from planerka.pack.freeze import FrozenPack
from planerka.store.deliveries import Channel
from tasks import pack
from tasks.artifacts import mails, pack_name, show_pack
from tasks.company import Company
from tasks.runs import name_run


@flow(on_failure=[tell_owner_again])
def deliver_pack(
    week: IsoWeek | None = None, as_of: Moment | None = None, deliver: Literal["outbox", "smtp"] | None = None
) -> State[DeliveryReport]:
    """Deliver the frozen pack of a week to everyone who has not got it.

    Args:
        week: Неделя, например 2026-W47; пусто — последняя законченная. ISO week; the last one that is over if empty.
        as_of: Момент, на который считать; пусто — сейчас. The instant the run is for; now if empty.
        deliver: Куда письма: файлами в папку или на почтовый сервер; пусто — как в настройках. Where the mails go:
            files in a folder, or a mail server; as the settings say if empty.
    """
    company = begin(as_of)
    channel = channel_of(company.settings.delivery, deliver)
    assert channel  # only "none" gives none
    name_run(company, week)
    meeting = week_of(company, week)
    name_run(company, meeting)
    frozen = frozen_pack(company, meeting)
    report = deliver_and_show(company, frozen, channel)
    return Completed(message=f"{pack_name(company, frozen)}: {', '.join(mails(company, frozen))}", data=report)


def deliver_and_show(company: Company, frozen: FrozenPack, channel: Channel) -> DeliveryReport:
    """Prefect's page says how many people have theirs, above all when some have not."""
    try:
        return pack.deliver_pack(company, frozen, channel, clock, holder())
    finally:
        show_pack(company, frozen)
