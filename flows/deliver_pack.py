"""Monday morning, after the pack: one mail to each person."""

from datetime import datetime

from prefect import flow

from flows.wiring import frozen_pack, week_of, wire
from planerka.delivery.outbox import DeliveryReport
from tasks import pack


@flow
def deliver_pack(week: str | None = None, as_of: datetime | None = None) -> DeliveryReport:
    """Deliver the frozen pack of a week to everyone who has not got it.

    Args:
        week: ISO week, as 2026-W47; the last one that is over if not given.
        as_of: The instant the run is for; now if not given.
    """
    company = wire(as_of)
    return pack.deliver_pack(company, frozen_pack(company, week_of(company, week)))
