"""Settings → engine, source, calendars, clock: the only place where they are built, and the only one that reads
the clock. Imports no Prefect."""

import os
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from planerka.clock import Week, WorkCalendar, start_of
from planerka.crm.base import Crm
from planerka.crm.sample.adapter import SampleCrm
from planerka.crm.sample.story import ANALYST_ID
from planerka.crm.table import TableCrm
from planerka.errors import SettingsError, UsageError
from planerka.pack.freeze import FrozenPack, find_pack
from planerka.regulation.editions import load_all
from planerka.regulation.signed import sign_edition
from planerka.settings import HoursSettings, Settings, load_settings
from planerka.store import editions
from planerka.store.database import open_store, reading
from planerka.store.intake_facts import created_between
from planerka.store.windows import all_sources, get_source
from tasks.company import Company

SAMPLE_HEADS = {"marketing": "Елена Громова", "sales": "Андрей Лапин"}
"""The heads of department of the sample company, who have signed its regulation."""


def wire(as_of: datetime | None = None) -> Company:
    """The company of the settings at `as_of` (None: now). Raises SettingsError, StoreVersionError, MappingError."""
    settings = load_settings()
    now = as_of.astimezone(UTC) if as_of else clock()
    engine = open_store(settings.store_url)
    crm = source_of(settings, now)
    keep_the_sample_apart(engine, crm.source)
    if settings.source.kind == "sample":
        sign_for_sample(engine, settings.rulebook, now)
    return Company(
        settings=settings,
        engine=engine,
        crm=crm,
        now=now,
        office=calendar_of(settings.office, settings.zone),
        review=calendar_of(settings.review, settings.zone),
        analyst_ids=frozenset(settings.analyst_ids or ([ANALYST_ID] if settings.source.kind == "sample" else [])),
    )


def calendar_of(hours: HoursSettings, zone: ZoneInfo) -> WorkCalendar:
    return WorkCalendar(
        zone=zone,
        opens=hours.opens,
        closes=hours.closes,
        weekdays=hours.weekdays,
        closed_on=frozenset(hours.closed_on),
        open_on=frozenset(hours.open_on),
    )


def clock() -> datetime:
    return datetime.now(UTC)


def holder() -> str:
    """Who holds a lock: this process, in words that lead an operator to it."""
    return f"{socket.gethostname()}, process {os.getpid()}"


def source_of(settings: Settings, now: datetime) -> Crm:
    source = settings.source
    if source.kind == "sample":
        return SampleCrm(
            journal=settings.data / "sample-journal.json",
            as_of_on=now.astimezone(settings.zone).date(),
            leads_n=source.leads_n,
            seed=source.seed,
            zone=settings.time_zone,
        )
    assert source.mapping is not None  # the settings refuse a table without one
    return TableCrm(
        source.mapping,
        worklist=settings.out / "worklist.csv",
        now=lambda: now,
        folder=source.folder,
        phone_key=settings.phone_key.get_secret_value().encode() if settings.phone_key else None,
    )


def keep_the_sample_apart(engine: sa.Engine, source: str) -> None:
    """SettingsError where a store would hold a made-up company beside a real one: its heads would sign for both."""
    with reading(engine) as connection:
        others = [known for known in all_sources(connection) if known != source]
    if others and SampleCrm.source in (source, *others):
        raise SettingsError(
            f"this store holds {', '.join(others)}, and {source} may not join: one of them is the made-up sample "
            "company; name another folder by `data`, or another `store`"
        )


def sign_for_sample(engine: sa.Engine, rulebook: Path, now: datetime) -> None:
    """The sample company's heads have signed its rules; anybody else signs with `planerka regulation sign`."""
    with engine.begin() as connection:
        if editions.all_signatures(connection):
            return
    for edition in load_all(rulebook / "regulation"):
        for role, name in SAMPLE_HEADS.items():
            sign_edition(engine, edition, role, name, now)


def week_of(company: Company, week: str | None) -> Week:
    """The week asked for, or the last one that is over in the data.

    UsageError for a week that is not over, of which a frozen pack would lack days for ever, or before any data.
    """
    if week:
        asked = Week.parse(week)
        refuse_a_week_without_data(company, asked)
        return asked
    return Week.last_complete(min(company.now, data_end(company)), company.settings.zone)


def refuse_a_week_without_data(company: Company, week: Week) -> None:
    if end_of(week, company) > company.now:
        raise UsageError(f"week {week} is not over until {week.sunday}: ask for an earlier one, or wait")
    with reading(company.engine) as connection:
        first_on, _ = created_between(connection, company.crm.source)
    if first_on and week.sunday < first_on:
        raise UsageError(f"week {week} lies before the data, which begin on {first_on}: ask for a later one")


def data_end(company: Company) -> datetime:
    """How far the data reach; those of an export to its last lead: it may know of deals made weeks later."""
    source = company.crm.source
    with reading(company.engine) as connection:
        known, (_, last_on) = get_source(connection, source), created_between(connection, source)
    until = known.data_until if known else company.now
    if company.settings.source.kind == "table" and last_on:
        return min(until, start_of(last_on + timedelta(days=1), company.settings.zone))
    return until


def frozen_pack(company: Company, week: Week) -> FrozenPack:
    """The pack that a week has; UsageError where it was never frozen."""
    found = find_pack(company.engine, company.crm.source, week)
    if found is None:
        raise UsageError(f"week {week} has no pack yet: run `planerka pack --week {week}`")
    return found


def end_of(week: Week, company: Company) -> datetime:
    """The instant at which the week is over, in the company's zone."""
    return start_of(week.sunday + timedelta(days=1), company.settings.zone)
