"""Section 13: definitions, every figure of the company, what the gates found, and figures that have changed since."""

from collections import Counter
from collections.abc import Iterator
from datetime import date

from planerka.intake.row_tests import BY_KEY
from planerka.kpis.kpi import UNSPENT, State
from planerka.pack.assembly.week import PackWeek, Stretch
from planerka.pack.facts import Appendix, Definition, Figure, PackFacts, QuarantineFact, Restated, Text, from_json
from planerka.rulebook.kpis import PLAN, Kpi
from planerka.store import gates, packs, quarantine

RECOUNTED = Text(ru="пересчитано по более новым данным", en="counted again from newer data")


def appendix(pack: PackWeek) -> Appendix:
    report = gates.latest(pack.connection, pack.source, "intake")
    figures = tuple(pack.figures({kpi: stretch_of(pack, kpi) for kpi in pack.reader.catalogue}).values())
    before = packs.latest_before(pack.connection, pack.source, str(pack.week))
    last = from_json(before) if before else None
    return Appendix(
        definitions=tuple(map(definition_of, pack.reader.catalogue.values())),
        figures=figures,
        gates=(report,) if report else (),
        quarantine=tuple(held(pack)),
        restated=tuple(restated(pack, last)) if last else (),
        lost=tuple(lost(figures, last.appendix.figures)) if last else (),
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
        begin=kpi.begin,
    )


def stretch_of(pack: PackWeek, kpi: str) -> Stretch:
    """A cohort is shown once it is mature, a fulfilment for the whole planned stretch, anything else for the week."""
    definition = pack.reader.kpi(kpi)
    if definition.denominator == PLAN and definition.numerator in pack.reader.catalogue:
        company = pack.reader.fulfilments(definition.numerator, pack.week.sunday)[0]
        return company.from_on, company.to_on
    return pack.mature_stretch(kpi) if definition.maturity_days else pack.now


def held(pack: PackWeek) -> Iterator[QuarantineFact]:
    """Rows that wait in quarantine, each once: by noun and by all that holds them back."""
    waiting = quarantine.listing(pack.connection, pack.source, quarantine.State.QUARANTINED)
    counted = Counter((row.noun, tuple(row.why)) for row in waiting)
    for (noun, keys), rows_n in sorted(counted.items(), key=lambda item: -item[1]):
        tests = [BY_KEY[key] for key in keys]
        why = Text(ru=named_once([test.ru for test in tests]), en=named_once([test.en for test in tests]))
        yield QuarantineFact(noun=noun, why=why, rows_n=rows_n)


def named_once(titles: list[str]) -> str:
    """Titles of tests of one noun, "Leads: dates can be read", as one: the noun, and what each asks."""
    return "; ".join([titles[0], *(title.partition(": ")[2] for title in titles[1:])])


def lost(figures: tuple[Figure, ...], before: tuple[Figure, ...]) -> Iterator[str]:
    """KPIs that had a value in the pack before, and none now for want of a field of the source.

    No data is no loss: a week without bookings has no share of bookings that fell, one without spend no costs.
    """
    had_value = {figure.kpi for figure in before if figure.value is not None}
    for figure in figures:
        is_lost = figure.state == State.NOT_COMPUTABLE and figure.missing != (UNSPENT,)
        if is_lost and figure.kpi in had_value:
            yield figure.kpi


def restated(pack: PackWeek, facts: PackFacts) -> Iterator[Restated]:
    """Figures of the last pack before this one that would be different today, of stretches that were over then."""
    shown = {figure.kpi: figure for figure in facts.appendix.figures if is_comparable(pack, figure, facts.header.to_on)}
    now = pack.figures({kpi: (was.from_on, was.to_on) for kpi, was in shown.items() if was.from_on and was.to_on})
    versions = {definition.kpi: definition.version for definition in facts.appendix.definitions}
    for kpi, is_ in now.items():
        was = shown[kpi]
        if counts(was) != counts(is_):
            why = why_restated(versions.get(kpi), pack.reader.kpi(kpi).version)
            yield Restated(kpi=kpi, scope_title=None, week=facts.header.week, was=was.value, value=is_.value, why=why)


def is_comparable(pack: PackWeek, figure: Figure, shown_until_on: date) -> bool:
    """Whether a figure was shown as final of a stretch that was over, and still is a KPI."""
    is_known = figure.kpi in pack.reader.catalogue and figure.state == State.OK
    return is_known and figure.to_on is not None and figure.to_on <= shown_until_on


def why_restated(was: str | None, now: str) -> Text:
    """Newer data may be late calls, a repaired mapping, a rejudge: which of them is not known here, and not guessed."""
    if was is None or was == now:
        return RECOUNTED
    return Text(
        ru=f"изменилось определение показателя: была версия {was}, теперь {now}",
        en=f"the definition of the KPI changed: it was version {was} and is {now}",
    )


def counts(figure: Figure) -> tuple[int | None, int | None]:
    return figure.numerator_n, figure.denominator_n
