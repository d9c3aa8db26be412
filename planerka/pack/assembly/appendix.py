"""Section 13: definitions, every figure of the company, what the gates found, and figures that have changed since."""

from collections import Counter
from collections.abc import Iterator

from planerka.intake.row_tests import BY_KEY
from planerka.kpis.kpi import State
from planerka.pack.assembly.week import PackWeek, Stretch
from planerka.pack.facts import Appendix, Definition, Figure, QuarantineFact, Restated, Text, from_json
from planerka.rulebook.kpis import PLAN, Kpi
from planerka.store import gates, packs, quarantine

LATE = Text(
    ru="в систему поступили данные, которых при прошлом отчёте не было",
    en="data came in that were not there at the last report",
)


def appendix(pack: PackWeek) -> Appendix:
    report = gates.latest(pack.connection, pack.source, "intake")
    return Appendix(
        definitions=tuple(map(definition_of, pack.reader.catalogue.values())),
        figures=tuple(pack.figure(kpi, stretch_of(pack, kpi)) for kpi in pack.reader.catalogue),
        gates=(report,) if report else (),
        quarantine=tuple(held(pack)),
        restated=tuple(restated(pack)),
    )


def definition_of(kpi: Kpi) -> Definition:
    """What a pack says of a KPI of the catalogue."""
    return Definition(
        kpi=kpi.key,
        version=kpi.version,
        title=Text(ru=kpi.ru, en=kpi.en),
        definition=Text(ru=kpi.definition_ru, en=kpi.definition_en),
        unit=kpi.unit,
        basis=kpi.basis,
        direction=kpi.direction,
        maturity_days=kpi.maturity_days or None,
        smallest_n=kpi.smallest_n if kpi.smallest_n > 1 else None,
    )


def stretch_of(pack: PackWeek, kpi: str) -> Stretch:
    """A cohort is shown once it is mature, a fulfilment for the whole planned stretch, anything else for the week."""
    definition = pack.reader.kpi(kpi)
    if definition.denominator == PLAN and definition.numerator in pack.reader.catalogue:
        company = pack.reader.fulfilments(definition.numerator, pack.week.sunday)[0]
        return company.from_on, company.to_on
    return pack.mature_stretch(kpi) if definition.maturity_days else pack.now


def held(pack: PackWeek) -> Iterator[QuarantineFact]:
    """Rows that wait in quarantine, by noun and reason."""
    waiting = quarantine.listing(pack.connection, pack.source, quarantine.State.QUARANTINED)
    counted = Counter((row.noun, key) for row in waiting for key in row.why)
    for (noun, key), rows_n in sorted(counted.items(), key=lambda item: -item[1]):
        yield QuarantineFact(noun=noun, why=Text(ru=BY_KEY[key].ru, en=BY_KEY[key].en), rows_n=rows_n)


def restated(pack: PackWeek) -> Iterator[Restated]:
    """Figures of the last pack before this one that would be different today, of stretches that were over then."""
    last = packs.latest_before(pack.connection, pack.source, str(pack.week))
    if last is None:
        return
    facts = from_json(last)
    for was in facts.appendix.figures:
        is_known = was.kpi in pack.reader.catalogue and was.state == State.OK
        if not is_known or was.from_on is None or was.to_on is None or was.to_on > facts.header.to_on:
            continue
        now = pack.figure(was.kpi, (was.from_on, was.to_on))
        if counts(was) != counts(now):
            yield Restated(
                kpi=was.kpi, scope_title=None, week=facts.header.week, was=was.value, value=now.value, why=LATE
            )


def counts(figure: Figure) -> tuple[int | None, int | None]:
    return figure.numerator_n, figure.denominator_n
