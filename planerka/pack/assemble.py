"""The facts of a week's pack, from the store: every section in one reading transaction."""

from collections.abc import Iterator
from datetime import date, datetime

import sqlalchemy as sa

from planerka.clock import Week, first_whole_day
from planerka.errors import GateStoppedError
from planerka.kpis.reader import KpiReader
from planerka.pack.assembly.appendix import appendix, restated
from planerka.pack.assembly.funnel import funnel
from planerka.pack.assembly.rejections import rejections
from planerka.pack.assembly.result import result
from planerka.pack.assembly.speed import speed
from planerka.pack.assembly.week import PackWeek
from planerka.pack.facts import EditionFact, Header, PackFacts, RefusedEdition, SourceFact
from planerka.regulation.signed import signed_editions
from planerka.regulation.standing import EditionState, standings
from planerka.rulebook.kpis import load_catalogue
from planerka.rulebook.regulation import Edition
from planerka.settings import Settings
from planerka.store import editions
from planerka.store.database import reading
from planerka.store.intake_facts import created_between, last_exports
from planerka.store.references import references
from planerka.store.windows import Source, get_source

NO_CURRENCY = "XXX"
"""ISO 4217 for "no currency": of a source without amounts, or with amounts that cannot be added."""


def assemble(
    engine: sa.Engine,
    source: str,
    week: Week,
    settings: Settings,
    analyst_ids: frozenset[str],
    now: datetime,
    run: str,
) -> PackFacts:
    """Everything the meeting of a week talks over. GateStoppedError where nothing has been pulled yet."""
    with reading(engine) as connection:
        known = get_source(connection, source)
        if known is None:
            raise GateStoppedError(f"nothing of {source} has been pulled yet: run `planerka pull`")
        pack = open_week(connection, known, week, settings, analyst_ids, now)
        return PackFacts(
            currency=currency_of(pack.reader),
            header=header(pack, known, settings, run),
            result=result(pack),
            funnel=funnel(pack),
            rejections=rejections(pack),
            speed=speed(pack),
            appendix=appendix(pack),
        )


def restated_n(
    engine: sa.Engine,
    source: str,
    week: Week,
    settings: Settings,
    analyst_ids: frozenset[str],
    now: datetime,
    facts: PackFacts,
) -> int:
    """How many figures of the company the week's pack shows that are others by now."""
    with reading(engine) as connection:
        known = get_source(connection, source)
        pack = open_week(connection, known, week, settings, analyst_ids, now) if known else None
        return sum(1 for _ in restated(pack, facts)) if pack else 0


def open_week(
    connection: sa.Connection,
    known: Source,
    week: Week,
    settings: Settings,
    analyst_ids: frozenset[str],
    now: datetime,
) -> PackWeek:
    zone = settings.zone
    return PackWeek(
        connection=connection,
        source=known.source,
        week=week,
        at=now,
        data_until=known.data_until,
        zone=zone,
        reader=open_reader(connection, known, settings),
        references=references(connection, known.source),
        editions=signed_editions(connection),
        lacks=known.lacks,
        first_on=created_between(connection, known.source)[0],
        analyst_ids=analyst_ids,
    )


def open_reader(connection: sa.Connection, known: Source, settings: Settings) -> KpiReader:
    return KpiReader(
        connection=connection,
        source=known.source,
        catalogue=load_catalogue(settings.rulebook / "kpis.yaml"),
        lacks=known.lacks,
        data_until_on=known.data_until.astimezone(settings.zone).date(),
        data_from_on=known.data_from and first_whole_day(known.data_from, settings.zone),
    )


def header(pack: PackWeek, known: Source, settings: Settings, run: str) -> Header:
    return Header(
        company=settings.company_title or known.source,
        week=str(pack.week),
        from_on=pack.week.monday,
        to_on=pack.week.sunday,
        version=1,
        assembled_at=pack.at,
        time_zone=settings.time_zone,
        sources=(
            SourceFact(
                source=known.source,
                data_until=known.data_until,
                is_stale=pack.until - known.data_until > settings.max_age,
                leads_end_on=leads_end_on(pack),
            ),
        ),
        edition=edition_fact(pack.connection, pack.edition) if pack.edition else None,
        run=run,
        is_sample=settings.source.kind == "sample",
        refused=tuple(refused(pack, settings)),
    )


def refused(pack: PackWeek, settings: Settings) -> Iterator[RefusedEdition]:
    """Of the store and of the files, as they stand now: the meeting must not take them for what it is judged by."""
    found = standings(pack.connection, settings.rulebook / "regulation", pack.at.astimezone(pack.zone).date())
    for one in found:
        if one.is_refused:
            awaits = one.awaits if one.state == EditionState.AWAITING else ()
            yield RefusedEdition(edition=one.edition, awaits=awaits)


def leads_end_on(pack: PackWeek) -> date | None:
    """An export may know of deals later than its last lead: a week of them alone would show a source run dry."""
    _, last_on = created_between(pack.connection, pack.source)
    is_after = last_on is not None and last_on < pack.week.monday
    return last_on if is_after and last_exports(pack.connection, pack.source) else None


def edition_fact(connection: sa.Connection, edition: Edition) -> EditionFact:
    signed = editions.all_signatures(connection)
    return EditionFact(
        edition=edition.name,
        effective_on=edition.effective_on,
        signed_by=tuple(signature.name for signature in signed if signature.edition == edition.name),
    )


def currency_of(reader: KpiReader) -> str:
    found = {currency for known in reader.currencies.values() for currency in known}
    return found.pop() if len(found) == 1 else NO_CURRENCY
