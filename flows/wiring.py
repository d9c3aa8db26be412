"""Settings → engine, source, calendars, clock: the only place where they are built (sources in flows.sources), and the
only one that reads the clock. Imports no Prefect."""

import os
import socket
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from flows.masking import mask_what_is_written
from flows.sources import journal_of, source_of
from planerka.clock import Week, WorkCalendar, first_whole_day, refuse_a_far_day, start_of
from planerka.crm.sample.adapter import SampleCrm
from planerka.crm.sample.story import ANALYST_ID
from planerka.errors import SettingsError, UsageError
from planerka.pack.freeze import FrozenPack, find_pack
from planerka.regulation.editions import load_all
from planerka.regulation.signed import sign_within
from planerka.sections import HoursSettings
from planerka.settings import Settings, load_settings
from planerka.store import editions
from planerka.store.database import open_store, reading, shown
from planerka.store.intake_facts import created_between
from planerka.store.windows import all_sources, get_source
from tasks.company import Company

SAMPLE_HEADS = {"marketing": "Елена Громова", "sales": "Андрей Лапин"}
"""The heads of department of the sample company, who have signed its regulation."""


def wire(as_of: datetime | None = None) -> Company:
    """The company of the settings at `as_of` (None: now).

    Raises UsageError, SettingsError, StoreVersionError, StoreError, MappingError.
    """
    mask_what_is_written()
    settings = load_settings()
    now = past(as_of) if as_of else clock()
    engine = open_store(settings.store_url)
    refuse_an_unwritten_sample(engine, settings)
    refuse_a_second_world(engine, settings)
    crm = source_of(settings, now)
    keep_the_sample_apart(engine, crm.source)
    return Company(
        settings=settings,
        engine=engine,
        crm=crm,
        now=now,
        office=office_of(settings),
        review=calendar_of(settings.review, settings.zone),
        analyst_ids=frozenset(settings.analyst_ids or ([ANALYST_ID] if settings.source.kind == "sample" else [])),
    )


def wire_to_judge(as_of: datetime | None = None) -> Company:
    """As `wire`, for what judges rejections anew. The heads of the sample company have signed its rules by then;
    whatever else asks for the company signs nothing. RulebookError besides."""
    company = wire(as_of)
    if company.settings.source.kind == "sample":
        sign_for_sample(company.engine, company.settings.rulebook, company.now)
    return company


def office_of(settings: Settings) -> WorkCalendar:
    """The calendar of the sales office, with those of the projects that have an office of their own."""
    hours_of = {project_id: settings.office.of_project(project_id) for project_id in settings.office.projects}
    projects = {
        project_id: calendar_of(hours, ZoneInfo(hours.time_zone) if hours.time_zone else settings.zone)
        for project_id, hours in hours_of.items()
    }
    return replace(calendar_of(settings.office, settings.zone), projects=projects)


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


def past(as_of: datetime) -> datetime:
    """The instant in UTC; UsageError for one that has not come: no source can be asked what will be."""
    refuse_a_far_day(as_of.date(), f"--as-of {as_of}")
    # Of a moment without a zone the machine's would make another one on each machine.
    as_of, now = as_of.astimezone(UTC) if as_of.tzinfo else as_of.replace(tzinfo=UTC), clock()
    if as_of > now:
        raise UsageError(f"--as-of {as_of} lies in the future: give an instant up to now, {now:%Y-%m-%dT%H:%M} UTC")
    return as_of


def keep_the_sample_apart(engine: sa.Engine, source: str) -> None:
    """SettingsError where a store would hold a made-up company beside a real one: its heads would sign for both."""
    with reading(engine) as connection:
        others = [known for known in all_sources(connection) if known != source]
    if others and SampleCrm.source in (source, *others):
        raise SettingsError(
            f"this store holds {', '.join(others)}, and {source} may not join: one of them is the made-up sample "
            "company; name another folder by `data`, or another `store`"
        )


def refuse_an_unwritten_sample(engine: sa.Engine, settings: Settings) -> None:
    """SettingsError where nobody wrote that PostgreSQL, which a company sets up for its own leads, takes the sample."""
    if engine.dialect.name == "postgresql" and "kind" not in settings.source.model_fields_set:
        raise SettingsError(
            "source.kind is not written, and a company's database is not filled with the made-up sample by default: "
            'under [source] write kind = "table" and its mapping (docs/your-own-export.md), or kind = "sample" to look '
            "around"
        )


def refuse_a_second_world(engine: sa.Engine, settings: Settings) -> None:
    """SettingsError where a sample company is in the store and its journal is gone: another would mix with it."""
    journal = journal_of(settings)
    if settings.source.kind != "sample" or os.path.exists(journal):
        return
    with reading(engine) as connection:
        if SampleCrm.source in all_sources(connection):
            raise SettingsError(
                f"the store {shown(engine.url)} holds a sample company, and its journal {journal} is gone: put it "
                "back, or begin anew with another `data` folder and `store`"
            )


def sign_for_sample(engine: sa.Engine, rulebook: Path, now: datetime) -> None:
    """The sample company's heads have signed its rules; anybody else signs with `planerka regulation sign`.

    All in one transaction: a company that was killed with half of its signatures would never get the others.
    """
    with reading(engine) as connection:
        if editions.all_signatures(connection):
            return
    with engine.begin() as connection:
        for edition in load_all(rulebook / "regulation"):
            for role, name in SAMPLE_HEADS.items():
                sign_within(connection, edition, role, name, now)


def week_of(company: Company, week: str | None) -> Week:
    """The week asked for, or the last one that is over: whether the data hold it is for the gates to say.

    UsageError for a week that is not over, of which a frozen pack would lack days for ever, or before any data.
    """
    found = Week.parse(week) if week else Week.last_complete(company.now, company.settings.zone)
    if end_of(found, company) > company.now:
        raise UsageError(f"week {found} is not over until {found.sunday}: ask for an earlier one, or wait")
    with reading(company.engine) as connection:
        known = get_source(connection, company.crm.source)
        first_on, _ = created_between(connection, company.crm.source)
    if known and known.data_from:  # leads that are older are known by what happened to them later
        first_on = first_whole_day(known.data_from, company.settings.zone)
    if first_on and found.sunday < first_on:
        raise UsageError(f"week {found} lies before the data, which begin on {first_on}: ask for a later one by --week")
    return found


def within_the_data(company: Company, first_on: date, last_on: date) -> tuple[date, date]:
    """The part of a stretch of local days for which there are data; UsageError where there is none."""
    source = company.crm.source
    with reading(company.engine) as connection:
        known, (begins_on, _) = get_source(connection, source), created_between(connection, source)
    if known is None or begins_on is None:
        raise UsageError("nothing has been pulled yet: run `planerka pull`")
    ends_on = known.data_until.astimezone(company.settings.zone).date()
    if not max(first_on, begins_on) <= min(last_on, ends_on):
        raise UsageError(f"{first_on} to {last_on} holds no day of the data, which are of {begins_on} to {ends_on}")
    return max(first_on, begins_on), min(last_on, ends_on)


def frozen_pack(company: Company, week: Week) -> FrozenPack:
    """The pack that a week has; UsageError where it was never frozen."""
    found = find_pack(company.engine, company.crm.source, week)
    if found is None:
        raise UsageError(f"week {week} has no pack yet: run `planerka pack --week {week}`")
    return found


def end_of(week: Week, company: Company) -> datetime:
    """The instant at which the week is over, in the company's zone."""
    return start_of(week.sunday + timedelta(days=1), company.settings.zone)
