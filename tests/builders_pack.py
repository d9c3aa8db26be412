"""Facts of a made-up week, for the tests of the pack: one company with everything, one with a bare export."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from math import sqrt
from typing import Any

from planerka.kpis.kpi import Change, State
from planerka.model import Check, CheckSeverity, Consequence, GateReport
from planerka.pack.facts import (
    Appendix,
    Changed,
    ClauseFact,
    Correction,
    DayValue,
    Definition,
    DisputeFacts,
    EditionFact,
    ExpiringBooking,
    Figure,
    Funnel,
    Header,
    JunkFact,
    Ledger,
    Mover,
    NeglectFact,
    NotCheckable,
    OtherwiseMarked,
    PackFacts,
    PlanFact,
    QualifiedMarks,
    QuarantineFact,
    ReasonFact,
    Rejections,
    ResponseBin,
    Restated,
    Result,
    Scope,
    ScopeKind,
    SourceFact,
    Speed,
    StandingFact,
    StockFact,
    Text,
    Trend,
    VerdictCounts,
    WrongFact,
)
from planerka.rulebook.kpis import Basis, Direction, Unit

MONDAY, SUNDAY = date(2026, 11, 16), date(2026, 11, 22)
ROUBLES = 100
MILLION = 1_000_000 * ROUBLES

EARLY_REJECTER, NEGLECTER, JUNK_CHANNEL = "Кравцов Игорь", "Соловьёва Анна", "Тизерная сеть"
PEOPLE = (EARLY_REJECTER, "Белова Мария", NEGLECTER, "Титов Роман", "Жукова Ольга", "Ким Дмитрий")
PROJECTS = ("Речной квартал", "Парк Сосновый", "Дом на Садовой")
CHANNELS = ("Контекстная реклама", "Агентства", "Портал недвижимости", "Рекомендации", JUNK_CHANNEL)

CATALOGUE = """
    leads_n             | Лиды                              | Leads                  | count       | neither |
    qualified_n         | Квалифицировано                   | Qualified              | count       | up      |
    meetings_n          | Встречи                           | Meetings               | count       | up      |
    bookings_n          | Брони                             | Bookings               | count       | up      |
    contracts_n         | Договоры                          | Contracts              | count       | up      |
    revenue             | Выручка                           | Revenue                | money_minor | up      |
    qualified_share     | Доля квалифицированных            | Qualified share        | share       | up      | 7
    meeting_share       | Из квалифицированных во встречу   | Qualified to meeting   | share       | up      | 21
    booking_share       | Из встречи в бронь                | Meeting to booking     | share       | up      | 60
    contract_share      | Из брони в договор                | Booking to contract    | share       | up      | 365
    unlawful_share      | Доля неправомерных отказов        | Unlawful share         | share       | down    |
    unprovable_share    | Доля недоказуемых отказов         | Unprovable share       | share       | down    |
    valid_junk_share    | Доля нецелевых среди отказов      | Valid junk share       | share       | down    |
    in_sla_share        | Ответ в норматив                  | Answered in the norm   | share       | up      |
    response_median_min | Половина ответов быстрее, чем     | Half are answered in   | minutes     | down    |
    review_in_sla_share | Споры, рассмотренные в срок       | Reviewed in time       | share       | up      |
    cost_per_lead       | Стоимость лида                    | Cost per lead          | money_minor | down    |
"""


def definitions() -> tuple[Definition, ...]:
    return tuple(definition(*map(str.strip, line.split("|"))) for line in CATALOGUE.strip().splitlines())


def definition(kpi: str, ru: str, en: str, unit: str, direction: str, maturity_days: str) -> Definition:
    return Definition(
        kpi=kpi,
        version="2026-01",
        title=Text(ru=ru, en=en),
        definition=Text(ru=f"Что входит в показатель «{ru}».", en=f"What “{en}” counts."),
        unit=Unit(unit),
        basis=Basis.COHORT if maturity_days else Basis.PERIOD,
        direction=Direction(direction),
        maturity_days=int(maturity_days) if maturity_days else None,
        smallest_n=30 if unit == Unit.SHARE else None,
    )


def figure(kpi: str, value: float | None, **fields: Any) -> Figure:
    return Figure(**{"kpi": kpi, "value": value, "from_on": MONDAY, "to_on": SUNDAY, **fields})


def share(kpi: str, numerator_n: int, denominator_n: int, **fields: Any) -> Figure:
    """A share with the Wilson interval, written out here so that the tests need nothing else of ours."""
    if not denominator_n:
        return figure(kpi, None, state=State.NO_DATA, numerator_n=0, denominator_n=0, **fields)
    p, n, z = numerator_n / denominator_n, denominator_n, 1.959964
    middle, spread = p + z * z / (2 * n), z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    low, high = (max(0.0, (middle - spread) / (1 + z * z / n)), min(1.0, (middle + spread) / (1 + z * z / n)))
    counts = {"numerator_n": numerator_n, "denominator_n": denominator_n, "low": low, "high": high}
    return figure(kpi, p, **{**counts, **fields})


def lost(kpi: str, *missing: str) -> Figure:
    return figure(kpi, None, state=State.NOT_COMPUTABLE, missing=missing)


def trend(now: Figure, before: Figure | None = None, is_noise: bool | None = True) -> Trend:
    """A figure beside its reference."""
    if before is None or now.value is None or before.value is None:
        return Trend(now=now, before=before)
    difference = now.value - before.value
    return Trend(now=now, before=before, change=Change(difference=difference, low=None, high=None, is_noise=is_noise))


def counts(kpi: str, now_n: float, before_n: float, is_noise: bool | None = True) -> Trend:
    return trend(figure(kpi, now_n), figure(kpi, before_n), is_noise)


def header(**fields: Any) -> Header:
    defaults: dict[str, Any] = {
        "company": "Девелопер «Берег»",
        "week": "2026-W47",
        "from_on": MONDAY,
        "to_on": SUNDAY,
        "version": 1,
        "assembled_at": datetime(2026, 11, 23, 5, 0, tzinfo=UTC),
        "time_zone": "Europe/Moscow",
        "sources": (SourceFact(source="sample", data_until=datetime(2026, 11, 22, 21, tzinfo=UTC), is_stale=False),),
        "edition": EditionFact(
            edition="2024-01-01",
            effective_on=date(2024, 1, 1),
            signed_by=("Марина Орлова", "Павел Громов"),
        ),
        "run": "gentle-otter",
        "is_sample": True,
    }
    return Header(**{**defaults, **fields})


def plan_fact(kpi: str, fact: float, plan: float | None, project: str | None = None, **fields: Any) -> PlanFact:
    """November as of the 22nd."""
    left_weeks = 8 / 7
    return PlanFact(
        kpi=kpi,
        scope_title=project,
        from_on=date(2026, 11, 1),
        to_on=date(2026, 11, 30),
        fact=figure(kpi, fact, from_on=date(2026, 11, 1)),
        plan=plan,
        plan_to_date=None if plan is None else plan * 22 / 30,
        fulfilment=None if plan is None else fact / plan,
        needed_per_week=None if plan is None else max(plan - fact, 0) / left_weeks,
        pace_per_week=fact / 22 * 7,
        **fields,
    )


def days() -> tuple[DayValue, ...]:
    values = (0, 1, 2, 1, 2, 1, 1, 2, 0, 1, 3, 2, 1, 1, 0, 2, 1, 2, 1, 3, 2, 2)
    return tuple(DayValue(day_on=date(2026, 11, 1) + timedelta(days=i), value=v) for i, v in enumerate(values))


def result() -> Result:
    fall = trend(share("qualified_share", 142, 402), share("qualified_share", 640, 1610), is_noise=False)
    slower = trend(share("in_sla_share", 168, 291), share("in_sla_share", 801, 1160), is_noise=False)
    return Result(
        week=(
            counts("contracts_n", 11, 9.3),
            counts("revenue", 128 * MILLION, 112 * MILLION),
            counts("leads_n", 402, 402.5),
            counts("bookings_n", 18, 16.5),
        ),
        plans=(
            plan_fact("contracts_n", 31, 48, days=days()),
            plan_fact("revenue", 362.4 * MILLION, 540 * MILLION),
        ),
        by_project=tuple(
            plan_fact(kpi, fact, plan, project)
            for project, n, planned_n, revenue, planned in zip(
                PROJECTS, (16, 9, 6), (20, 16, 12), (171, 104, 87.4), (220, 176, 144), strict=True
            )
            for kpi, fact, plan in (
                ("contracts_n", n, planned_n),
                ("revenue", revenue * MILLION, planned * MILLION),
            )
        ),
        movers=(
            Mover(kind=ScopeKind.COMPANY, scope_title=None, trend=slower),
            Mover(kind=ScopeKind.CHANNEL, scope_title=JUNK_CHANNEL, trend=fall),
            Mover(
                kind=ScopeKind.PROJECT,
                scope_title=PROJECTS[0],
                trend=counts("meetings_n", 38, 24.5, is_noise=False),
            ),
        ),
    )


STEPS = ("leads_n", "qualified_n", "meetings_n", "bookings_n", "contracts_n")


def steps(now: Sequence[int], before: Sequence[float]) -> tuple[Trend, ...]:
    return tuple(counts(kpi, n, b) for kpi, n, b in zip(STEPS, now, before, strict=True))


def funnel() -> Funnel:
    by_project = ((180, 64, 38, 9, 6), (132, 46, 21, 6, 3), (90, 32, 15, 3, 2))
    by_channel = ((150, 60, 32, 9, 5), (70, 38, 22, 6, 4), (88, 31, 14, 2, 1), (24, 11, 5, 1, 1), (70, 2, 1, 0, 0))
    return Funnel(
        steps=steps((402, 142, 74, 18, 11), (402.5, 160, 69.5, 16.5, 9.3)),
        by_project=tuple(
            Scope(kind=ScopeKind.PROJECT, id=str(i), title=title, trends=steps(now, [n * 0.95 for n in now]))
            for i, (title, now) in enumerate(zip(PROJECTS, by_project, strict=True))
        ),
        by_channel=tuple(
            Scope(kind=ScopeKind.CHANNEL, id=str(i), title=title, trends=steps(now, [n * 1.02 for n in now]))
            for i, (title, now) in enumerate(zip(CHANNELS, by_channel, strict=True))
        ),
        cohorts=(
            trend(share("qualified_share", 142, 402), share("qualified_share", 640, 1610), is_noise=False),
            trend(share("meeting_share", 70, 151), share("meeting_share", 271, 602)),
            trend(share("booking_share", 24, 71), share("booking_share", 92, 288)),
            Trend(
                now=share(
                    "contract_share", 9, 64, state=State.IMMATURE, from_on=date(2026, 8, 3), mature_on=date(2027, 8, 10)
                )
            ),
        ),
        cohorts_by_channel=tuple(
            Scope(
                kind=ScopeKind.CHANNEL,
                id=str(i),
                title=title,
                trends=(
                    trend(share("qualified_share", q, n, state=State.OK if n >= 30 else State.NOT_ENOUGH)),
                    trend(share("meeting_share", m, q, state=State.OK if q >= 30 else State.NOT_ENOUGH)),
                ),
            )
            for i, (title, (n, q, m, _b, _c)) in enumerate(zip(CHANNELS, by_channel, strict=True))
        ),
        bookings_n=5,
        bookings=tuple(
            ExpiringBooking(
                lead_id=f"L00{29_880 + i}",
                url=f"https://crm.example/leads/{29_880 + i}",
                project_title=PROJECTS[i % 3],
                manager_title=PEOPLE[i],
                expires_on=MONDAY + timedelta(days=7 + i),
            )
            for i in range(4)
        ),
        stock=tuple(
            StockFact(
                project_title=PROJECTS[0],
                flat_type=flat,
                stock_on=SUNDAY,
                available_n=n,
                contracts_n=sold,
                min_price_minor=low * MILLION,
                median_price_minor=median * MILLION,
            )
            for flat, n, sold, low, median in (
                ("studio", 22, 31, 6, 7),
                ("1", 64, 28, 8, 10),
                ("2", 71, 19, 11, 14),
                ("3", 40, 6, 16, 19),
            )
        ),
        standing=standing(),
    )


def standing() -> tuple[StandingFact, ...]:
    """All leads that ever came, by channel: leads, open, rejected, won."""
    rows = (
        (6100, 340, 5530, 230),
        (2900, 170, 2520, 210),
        (3300, 210, 3000, 90),
        (980, 75, 820, 85),
        (2700, 60, 2632, 8),
    )
    return tuple(
        StandingFact(
            channel_title=title,
            leads_n=leads_n,
            open_n=open_n,
            rejected_n=rejected_n,
            won=share("won_share", won_n, leads_n, from_on=None, to_on=None),
        )
        for title, (leads_n, open_n, rejected_n, won_n) in zip(CHANNELS, rows, strict=True)
    )


def reasons() -> tuple[ReasonFact, ...]:
    return (
        ReasonFact(title="Недозвон", leads_n=9100),
        ReasonFact(title="Дорого", leads_n=3400),
        ReasonFact(title=None, leads_n=12),
    )


def rejections() -> Rejections:
    attempts = Text(ru="не менее 6 исходящих попыток", en="at least 6 outgoing attempts")
    days_tried = Text(ru="попытки не менее чем в 3 разных дня", en="attempts on at least 3 different days")
    four_weeks = {"from_on": date(2026, 10, 26)}
    wrong = ((43, 96, 4), (7, 88, 5), (6, 71, 6), (5, 92, 2), (3, 64, 4), (2, 14, 1))
    junk = ((9, 610), (4, 281), (19, 356), (1, 96), (178, 279))
    return Rejections(
        verdicts=VerdictCounts(lawful_n=158, unlawful_n=27, unprovable_n=14, not_judged_n=0),
        before=VerdictCounts(lawful_n=640, unlawful_n=72, unprovable_n=48, not_judged_n=0),
        shares=(
            trend(share("unlawful_share", 27, 199), share("unlawful_share", 72, 760), is_noise=False),
            trend(share("unprovable_share", 14, 199), share("unprovable_share", 48, 760)),
        ),
        clauses=(
            ClauseFact(
                clause="1.1",
                reason=Text(ru="Недозвон", en="No answer"),
                words=attempts,
                consequence=Consequence.VOID,
                broken_n=19,
                unprovable_n=0,
                checked_n=64,
            ),
            ClauseFact(
                clause="1.2",
                reason=Text(ru="Недозвон", en="No answer"),
                words=days_tried,
                consequence=Consequence.VOID,
                broken_n=17,
                unprovable_n=0,
                checked_n=64,
            ),
            ClauseFact(
                clause="1.5",
                reason=Text(ru="Недозвон", en="No answer"),
                words=Text(
                    ru="первая попытка в течение 15 рабочих минут", en="first attempt within 15 working minutes"
                ),
                consequence=Consequence.FAULT,
                broken_n=12,
                unprovable_n=0,
                checked_n=64,
            ),
            ClauseFact(
                clause="5.1",
                reason=Text(ru="Бюджет ниже минимального", en="Budget too low"),
                words=Text(ru="записаны бюджет и его вид", en="the budget and its kind are recorded"),
                consequence=Consequence.VOID,
                broken_n=3,
                unprovable_n=9,
                checked_n=22,
            ),
        ),
        not_checkable=(
            NotCheckable(
                clause="9.2",
                words=Text(ru="назван конкурент", en="the competitor is named"),
                missing=("rejection.competitor",),
            ),
        ),
        junk=tuple(
            JunkFact(
                channel_title=title,
                share=share("valid_junk_share", n, of, **four_weeks),
                reason=Text(ru="Спам, тест", en="Spam, test")
                if i % 2 == 0
                else Text(ru="Ошибка номера", en="Bad number"),
            )
            for i, (title, (n, of)) in sorted(
                enumerate(zip(CHANNELS, junk, strict=True)), key=lambda row: -row[1][1][0] / row[1][1][1]
            )
        ),
        wrong=tuple(
            WrongFact(
                manager_title=name,
                unlawful=share("unlawful_share", n, of, state=State.OK if of >= 30 else State.NOT_ENOUGH, **four_weeks),
                unprovable=share(
                    "unprovable_share", m, of, state=State.OK if of >= 30 else State.NOT_ENOUGH, **four_weeks
                ),
                clause="1.1" if i == 0 else "1.2",
                words=attempts if i == 0 else days_tried,
            )
            for i, (name, (n, of, m)) in enumerate(zip(PEOPLE, wrong, strict=True))
        ),
        neglect_norm_days=5,
        neglect=tuple(
            NeglectFact(manager_title=name, neglected_n=n, open_n=open_n, longest_days=longest)
            for name, n, open_n, longest in ((NEGLECTER, 41, 88, 23), (PEOPLE[3], 3, 61, 7), (PEOPLE[1], 1, 70, 6))
        ),
        disputes=DisputeFacts(
            open_n=37,
            overdue_n=4,
            opened_n=41,
            upheld_n=9,
            returned_n=16,
            evidence_requested_n=3,
            fallen_n=2,
        ),
        rejudged_n=5,
        qualified=QualifiedMarks(
            compared_n=180,
            only_marked_n=1,
            only_qualified_n=1,
            leads=(
                OtherwiseMarked(
                    lead_id="L100021", url="https://crm.example/21", manager_title=NEGLECTER, is_qualified=False
                ),
                OtherwiseMarked(lead_id="L100022", url=None, manager_title=None, is_qualified=True),
            ),
        ),
        ledger=Ledger(
            since_on=date(2026, 4, 27),
            returned_n=46,
            at_work_n=14,
            meeting_n=8,
            booking_n=3,
            contract_n=7,
            lost_n=14,
            revenue_minor=round(81.3 * MILLION),
        ),
        reasons=reasons(),
    )


def speed() -> Speed:
    answered = ((28, 60), (40, 52), (21, 58), (38, 51), (31, 49), (10, 21))
    return Speed(
        norms_min=dict.fromkeys(("missed_call", "form", "chat", "other"), 15),
        company=(
            trend(share("in_sla_share", 168, 291), share("in_sla_share", 801, 1160), is_noise=False),
            counts("response_median_min", 13, 9, is_noise=None),
        ),
        by_manager=tuple(
            Scope(
                kind=ScopeKind.MANAGER,
                id=str(i),
                title=name,
                trends=(
                    trend(share("in_sla_share", n, of, state=State.OK if of >= 30 else State.NOT_ENOUGH)),
                    trend(figure("response_median_min", 6 + 3 * i)),
                ),
            )
            for i, (name, (n, of)) in enumerate(zip(PEOPLE, answered, strict=True))
        ),
        by_channel=(),
        bins=tuple(
            ResponseBin(up_to_min=edge, leads_n=n)
            for edge, n in ((5, 74), (15, 94), (30, 48), (60, 33), (240, 24), (None, 18))
        ),
    )


def appendix() -> Appendix:
    return Appendix(
        definitions=definitions(),
        figures=(
            figure("leads_n", 402),
            figure("contracts_n", 11),
            share("unlawful_share", 27, 199),
            lost("cost_per_lead", "spend"),
        ),
        gates=(
            GateReport(
                suite="intake",
                checks=(
                    Check(
                        key="instants_not_in_future",
                        ru="Событие не из будущего",
                        en="No event lies in the future",
                        severity=CheckSeverity.WARN,
                        rows_n=4812,
                        failed_n=2,
                        unknown_n=0,
                        is_passed=False,
                    ),
                    Check(
                        key="ids_present",
                        ru="У каждой записи есть номер",
                        en="Every record has an id",
                        severity=CheckSeverity.BLOCK,
                        rows_n=4812,
                        failed_n=0,
                        unknown_n=0,
                        is_passed=True,
                    ),
                ),
            ),
        ),
        quarantine=(
            QuarantineFact(noun="event", why=Text(ru="Событие из будущего", en="An event in the future"), rows_n=2),
            QuarantineFact(noun="rejection", why=Text(ru="Причина не из списка", en="Reason not mapped"), rows_n=1),
        ),
        restated=(
            Restated(
                kpi="qualified_n",
                scope_title=None,
                week="2026-W46",
                was=158,
                value=161,
                why=Text(ru="звонки пришли с опозданием", en="calls arrived late"),
            ),
        ),
    )


def pack_facts(**parts: Any) -> PackFacts:
    """The company that has everything: each part may be replaced."""
    defaults: dict[str, Any] = {
        "currency": "RUB",
        "header": header(),
        "result": result(),
        "funnel": funnel(),
        "rejections": rejections(),
        "speed": speed(),
        "appendix": appendix(),
    }
    return PackFacts(**{**defaults, **parts})


def corrected_facts() -> PackFacts:
    """A second version, shown although a check failed."""
    facts = pack_facts()
    despite = (Text(ru="Данные каждого источника не старше допустимого", en="No source is staler than is allowed"),)
    return replace(
        facts,
        header=replace(facts.header, version=2, despite=despite),
        correction=Correction(
            replaces=1,
            why="Телефония передала звонки за пятницу с опозданием.",
            changed=(
                Changed(kpi="leads_n", was=410, value=412),
                Changed(kpi="in_sla_share", was=0.612, value=0.671),
                Changed(kpi="cost_per_lead", was=None, value=3_150 * ROUBLES),
            ),
        ),
    )


def export_facts() -> PackFacts:
    """A company with leads and their statuses and nothing else: no calls, no spend, no plan, no regulation."""
    return pack_facts(
        currency="USD",
        header=header(company="Marketstar", edition=None, is_sample=False),
        result=Result(
            week=(counts("leads_n", 64, 71.5), counts("contracts_n", 12, 9.8)),
            plans=(plan_fact("contracts_n", 12, None),),
            by_project=(),
            movers=(),
        ),
        funnel=Funnel(
            steps=(
                counts("leads_n", 64, 71.5),
                Trend(now=lost("qualified_n", "event.qualified")),
                Trend(now=lost("meetings_n", "event.meeting_held")),
                Trend(now=lost("bookings_n", "event.booked")),
                counts("contracts_n", 12, 9.8),
            ),
            by_project=(),
            by_channel=(
                Scope(
                    kind=ScopeKind.CHANNEL,
                    id="organic",
                    title="organic_search",
                    trends=(counts("leads_n", 40, 44), Trend(now=lost("meetings_n", "event.meeting_held"))),
                ),
                Scope(kind=ScopeKind.CHANNEL, id="", title=None, trends=(counts("leads_n", 24, 27.5),)),
            ),
            cohorts=(Trend(now=lost("meeting_share", "event.meeting_held")),),
            cohorts_by_channel=(),
            bookings_n=None,
            bookings=(),
            stock=(),
            standing=(
                StandingFact(
                    channel_title="organic_search",
                    leads_n=2296,
                    open_n=None,
                    rejected_n=None,
                    won=share("won_share", 271, 2296, from_on=None, to_on=None),
                ),
            ),
        ),
        rejections=no_rejections(missing=("event.rejected",), reasons=reasons()),
        speed=Speed(
            norms_min={},
            company=(Trend(now=lost("in_sla_share", "event.call_out", "event.message_out")),),
            by_manager=(),
            by_channel=(),
            bins=(),
        ),
        appendix=replace(
            appendix(),
            figures=(
                figure("leads_n", 64),
                lost("meeting_share", "event.meeting_held"),
                lost("cost_per_lead", "spend"),
            ),
            restated=(),
            quarantine=(),
        ),
    )


def no_rejections(**fields: Any) -> Rejections:
    nothing = VerdictCounts(lawful_n=0, unlawful_n=0, unprovable_n=0, not_judged_n=0)
    defaults: dict[str, Any] = {
        "verdicts": nothing,
        "before": nothing,
        "shares": (),
        "clauses": (),
        "not_checkable": (),
        "junk": (),
        "wrong": (),
        "neglect_norm_days": None,
        "neglect": (),
        "disputes": None,
        "ledger": None,
    }
    return Rejections(**{**defaults, **fields})


def empty_facts() -> PackFacts:
    """A week in which nothing happened, and nothing is planned."""
    zero = tuple(counts(kpi, 0, 0) for kpi in STEPS)
    return pack_facts(
        result=Result(week=zero, plans=(), by_project=(), movers=()),
        funnel=Funnel(
            steps=zero,
            by_project=(),
            by_channel=(),
            cohorts=(Trend(now=share("qualified_share", 0, 0)),),
            cohorts_by_channel=(),
            bookings_n=0,
            bookings=(),
            stock=(),
        ),
        rejections=no_rejections(neglect_norm_days=5),
        speed=Speed(
            norms_min={"form": 15},
            company=(Trend(now=share("in_sla_share", 0, 0)),),
            by_manager=(),
            by_channel=(),
            bins=(),
        ),
        appendix=replace(appendix(), quarantine=(), restated=(), gates=(), figures=()),
    )


FACTS = {"full": pack_facts, "corrected": corrected_facts, "export": export_facts, "empty": empty_facts}
"""The packs that everything made of facts is tried on."""
