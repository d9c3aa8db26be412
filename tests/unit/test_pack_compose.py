"""From facts to worded pages: the story is there, states read well, nothing is guessed."""

from dataclasses import replace
from datetime import date

import pytest

from planerka.errors import PlanerkaError
from planerka.kpis.kpi import State
from planerka.pack.compose import compose, compose_letter
from planerka.pack.facts import NeglectFact, PackFacts, RefusedEdition, Result, StraySpend, Trend
from planerka.pack.model import Bullets, Cell, Chart, Page, Pair, Quiet, Row, Section, Table, Tiles, Tone
from planerka.rulebook.measures import Begin
from tests.builders_pack import (
    EARLY_REJECTER,
    JUNK_CHANNEL,
    NEGLECTER,
    PEOPLE,
    appendix,
    empty_facts,
    export_facts,
    figure,
    funnel,
    header,
    lost,
    no_rejections,
    pack_facts,
    plan_fact,
    rejections,
    result,
    share,
    trend,
)


def page(facts: PackFacts, language: str = "en") -> Page:
    return compose(facts, language)


def section(page: Page, key: str) -> Section:
    return next(section for section in page.sections if section.key == key)


def blocks(section: Section) -> list[object]:
    """All blocks of a section, those side by side one after the other."""
    return [
        inner
        for block in section.blocks
        for inner in ([b for column in block.columns for b in column] if isinstance(block, Pair) else [block])
    ]


def table(page: Page, key: str) -> Table:
    tables = (b for s in page.sections for b in blocks(s) if isinstance(b, Table))
    return next(table for table in tables if table.key == key)


def row(table: Table, head: str) -> Row:
    return next(row for row in table.rows if row.head.text == head)


def attention(facts: PackFacts) -> list[str]:
    return list(compose_letter(facts, "en").exceptions.lines)


def test_the_early_rejecter_is_named_with_his_clause():
    """A person whose whole interval lies above the company's share of wrong rejections."""
    expected = (
        f"{EARLY_REJECTER}: 45% of rejections are unlawful (26 Oct\u2009–\u200922 Nov 2026, n\u00a0=\u00a096, 35–55%), "
        "16% in the company. Broken most: “at least 6 outgoing attempts”."
    )
    assert expected == attention(pack_facts())[0]
    assert (
        "at least 6 outgoing attempts"
        == row(table(page(pack_facts()), "wrong-by-manager"), EARLY_REJECTER).cells[2].text
    )


def test_the_neglecter_heads_the_neglected_leads():
    """Forty-one of forty-five lie with one person."""
    assert f"{NEGLECTER}: 41 neglected leads of 45, the longest for 23 days." == attention(pack_facts())[1]
    assert NEGLECTER == table(page(pack_facts()), "neglect").rows[0].head.text


def test_the_junk_channel_stands_beside_the_wrong_rejections():
    """Both sides of the argument are drawn side by side."""
    assert f"Channel “{JUNK_CHANNEL}”" in attention(pack_facts())[2]
    pair = next(b for b in section(page(pack_facts()), "rejections").blocks if isinstance(b, Pair))
    assert ["junk", "wrong"] == [block.key for column in pair.columns for block in column if isinstance(block, Chart)]


def test_returned_leads_show_their_money_and_what_is_still_open():
    """Seven bought flats; those at work, met and booked are still open."""
    line = "7 leads returned to work bought flats, revenue: RUB\u00a081.3M; 25 are still in work."
    assert line == attention(pack_facts())[-1]


def test_revenue_that_cannot_be_added_is_not_named():
    """Amounts in two currencies make no sum: the tile and the line say that instead of a figure."""
    ledger = replace(rejections().ledger, revenue_minor=None, missing=("contract.currency",))
    facts = pack_facts(rejections=replace(rejections(), ledger=ledger))
    tiles = [tile for b in blocks(section(page(facts), "rejections")) if isinstance(b, Tiles) for tile in b.tiles]
    shown = next(tile for tile in tiles if tile.label == "Revenue of returned leads")
    notes = ("7 leads bought flats", "the source has no: a single currency of contracts")
    assert ("not computable", notes) == (shown.value, shown.notes)
    assert "revenue: not computable" in attention(facts)[-1]


NEGLECTED = """
    41 3 | Соловьёва Анна: 41 neglected leads of 44, the longest for 9 days.
    4 0  | 4 neglected leads, the longest for 9 days.
    5 0  | Соловьёва Анна: 5 neglected leads of 5, the longest for 9 days.
    6 6  | 12 neglected leads, the longest for 9 days.
    1 0  | 1 neglected lead, the longest for 9 days.
"""


@pytest.mark.parametrize("line", NEGLECTED.strip().splitlines())
def test_a_person_is_named_for_neglect_only_with_most_of_what_is_no_slip(line):
    """Whoever happens to have the most, with one lead or beside equals, is no matter for a meeting."""
    counts, expected = line.split("|")
    facts = tuple(
        NeglectFact(manager_title=name, neglected_n=int(n), open_n=90, longest_days=9)
        for name, n in zip((NEGLECTER, PEOPLE[3]), counts.split(), strict=True)
    )
    assert expected.strip() == attention(pack_facts(rejections=no_rejections(neglect=facts)))[0]


def test_what_stands_now_says_of_when_it_is():
    """The meeting reads a week: a table that is not of the week says the instant of its data."""
    shown = page(pack_facts())
    captions = {key: table(shown, key).caption for key in ("standing", "reasons", "neglect")}
    assert [] == [key for key, caption in captions.items() if "as of 23 November 2026" not in caption]


def test_a_stock_list_older_than_the_others_says_its_day():
    """Projects send their lists on different days; none of them is left out, and none passes for today's."""
    old = replace(funnel().stock[0], project_title=PEOPLE[0], stock_on=date(2026, 11, 9))
    shown = table(page(pack_facts(funnel=replace(funnel(), stock=(*funnel().stock, old)))), "stock")
    assert ["9 November"] == [row.head.note for row in shown.rows if row.head.note]


def test_a_person_with_few_rejections_is_not_ranked():
    """Under 30 the pack says "not enough data" and draws nothing."""
    cell = row(table(page(pack_facts()), "wrong-by-manager"), PEOPLE[-1]).cells[0]
    assert Cell(text="not enough data", note="n\u00a0=\u00a014", tone=Tone.MUTED) == cell


def test_a_cost_with_money_of_channels_without_leads_names_them_beside_the_figure():
    """Also where nothing is left to divide by: most likely all channels have other names in the spend."""
    stray = StraySpend(amount_minor=630_000_00, channel_titles=("Яндекс.Директ", None))
    for value, state in ((18_300_00, State.OK), (None, State.NO_DATA)):
        cost = figure("cost_per_lead", value, state=state, denominator_n=42, stray=stray)
        shown = page(pack_facts(appendix=replace(appendix(), figures=(cost,))))
        *_, cell = row(table(shown, "definitions"), "Cost per lead").cells
        said = "RUB\u00a0630K of the spend is on channels without a single lead: Яндекс.Директ, not stated"
        assert f"n\u00a0=\u00a042 · {said}" == cell.note


@pytest.mark.parametrize("n, of", [(6, 20), (30, 190), (0, 90)])
def test_a_high_share_that_may_be_chance_is_no_exception(n, of):
    """Of one person alone the interval always holds the common share; too few are never compared."""
    state = State.OK if of >= 30 else State.NOT_ENOUGH
    only = replace(rejections().wrong[0], unlawful=share("unlawful_share", n, of, state=state))
    facts = pack_facts(rejections=no_rejections(wrong=(only,)), speed=empty_facts().speed, funnel=empty_facts().funnel)
    assert [] == attention(facts)


PLANS = [
    (31, 48, "Behind the plan", "Contracts: 31 of 48, 35 were due by now"),
    (36, 48, "On pace", "Contracts: 36 of 48, 35 were due by now"),
    (48, 48, "The plan is met", "Contracts: 48 of 48"),
    (0, 48, "Behind the plan", "Contracts: 0 of 48, 35 were due by now"),
    (12, None, "Where we stand", ""),
]


@pytest.mark.parametrize("fact, plan, headline, detail", PLANS)
def test_the_headline_says_where_the_plan_stands(fact, plan, headline, detail):
    """Against what was due by the end of the week, not against the whole plan."""
    facts = pack_facts(result=replace(result(), plans=(plan_fact("contracts_n", fact, plan),)))
    hero = page(facts).hero
    assert (headline, detail) == (hero.headline, hero.detail)


def test_without_a_plan_the_fact_stands_alone():
    """No bar, no pace, no fulfilment: nothing is made up."""
    facts = pack_facts(result=replace(result(), plans=(plan_fact("contracts_n", 12, None),)))
    goal = page(facts).hero.goals[0]
    assert "Contracts, 1–22 Nov 2026" == goal.label.replace("\u2009", "").replace("\xa0", " ")
    assert ("12", "no plan for November 2026", None, "", ()) == (
        goal.value,
        goal.of,
        goal.reached,
        goal.summary,
        goal.notes,
    )


def test_a_plan_of_nothing_draws_no_bar():
    """A plan of 0 divides nothing."""
    plan = replace(plan_fact("contracts_n", 3, None), plan=0, plan_to_date=0)
    goal = page(pack_facts(result=replace(result(), plans=(plan,)))).hero.goals[0]
    assert (None, None) == (goal.reached, goal.due)


def test_noise_has_no_colour_and_says_so():
    """Good and bad are only beyond noise."""
    rows = {r.head.text: r.cells[2] for r in table(page(pack_facts()), "cohorts").rows}
    assert Cell(text="−4.4\u00a0pp", note="beyond noise", tone=Tone.BAD) == rows["Qualified share"]
    assert Cell(text="+1.3\u00a0pp", note="within noise", tone=Tone.MUTED) == rows["Qualified to meeting"]


@pytest.mark.parametrize(
    "kpi, now, before, expected",
    [
        ("leads_n", 12, 12, "0"),
        ("leads_n", 12, 11.99, "0"),
        ("leads_n", 10, 12.5, "−2.5"),
        ("response_median_min", 7.3, 7, "+0.3\u00a0min"),
        ("revenue", 100, 300, "−RUB\u00a02"),
    ],
)
def test_a_difference_that_rounds_to_nothing_has_no_sign(kpi, now, before, expected):
    """A "+0" would be a rise of nothing."""
    changed = trend(figure(kpi, now), figure(kpi, before))
    tile = next(
        b.tiles[0]
        for b in section(page(pack_facts(result=replace(result(), week=(changed,)))), "result").blocks
        if isinstance(b, Tiles) and b.title == "This week"
    )
    assert f"{expected}, within noise" == tile.notes[-1]


def test_an_immature_cohort_is_shown_as_such():
    """Its value is muted, with the day on which it is ripe, and it is compared with nothing."""
    cells = row(table(page(pack_facts()), "cohorts"), "Booking to contract").cells
    assert (Tone.MUTED, "—") == (cells[1].tone, cells[2].text)
    assert cells[1].note.endswith("not mature until 10 Aug 2027")


def test_what_the_source_lacks_is_said_once_by_name():
    """Steps, columns and sections without data shrink to a line that names the field."""
    shown = page(export_facts())
    assert ["Leads", "Contracts"] == [r.head.text for r in table(shown, "funnel-steps").rows]
    assert "Bookings — not computable, the source has no: bookings" in table(shown, "funnel-steps").note
    assert ["Channel", "Leads"] == [column.title for column in table(shown, "funnel-by-channel").columns]
    assert "not stated" == table(shown, "funnel-by-channel").rows[1].head.text
    assert "" == table(shown, "funnel-by-channel").note
    assert () == section(shown, "speed").blocks


def test_data_that_only_the_days_of_a_figure_lack_are_named_with_those_days():
    """A KPI that follows its leads for a year is of days a year ago, and the reader would look in last week's file."""
    a_year_ago = {"from_on": date(2025, 10, 27), "to_on": date(2025, 11, 23)}
    unspent = replace(lost("cost_per_lead", "spend.spent_on"), **a_year_ago)
    figures = (unspent, figure("contract_share", None, state=State.NO_DATA, denominator_n=0, **a_year_ago))
    shown = page(pack_facts(appendix=replace(appendix(), figures=figures)))
    notes = {r.head.text: r.cells[-1].note for r in table(shown, "definitions").rows if r.cells[-1].note}
    said = "the source has no: marketing spend of these days (27 Oct – 23 Nov 2025)"
    assert {"Cost per lead": said, "Booking to contract": "27 Oct – 23 Nov 2025 · n = 0"} == {
        kpi: " ".join(note.split()) for kpi, note in notes.items()
    }
    bullets = next(b for b in section(shown, "appendix").blocks if isinstance(b, Bullets))
    assert [f"Cost per lead — {said}"] == [" ".join(line.split()) for line in bullets.lines]


def test_without_days_of_rejection_the_reasons_still_stand():
    """An export of leads and their states judges nothing, and still says why leads were lost."""
    shown = section(page(export_facts()), "rejections")
    assert "Rejections cannot be judged: the source has no: day of rejection." == shown.lead
    assert ["reasons"] == [block.key for block in shown.blocks]
    cells = {r.head.text: [cell.text for cell in r.cells] for r in shown.blocks[0].rows}
    assert {"Недозвон": ["9,100", "73%"], "Дорого": ["3,400", "27%"], "not stated": ["12", "0.1%"]} == cells


def test_what_became_of_all_leads_is_said_by_channel():
    """Counts with their shares; a state that the source cannot tell is a dash with its name, not a zero."""
    known, lost = (table(page(facts), "standing") for facts in (pack_facts(), export_facts()))
    assert [("340", ""), ("5,530", "91%"), ("230", "3.8% · 3.3–4.3%")] == [
        (c.text, c.note) for c in known.rows[0].cells[1:]
    ]
    assert ["2,296", "—", "—", "271"] == [cell.text for cell in lost.rows[0].cells]
    assert "the source has no: which leads are rejected" == lost.note


def test_a_share_of_too_few_leads_everywhere_is_a_line_and_no_column():
    """A column that says "not enough data" in each row says it once."""
    scopes = tuple(
        replace(scope, trends=(*scope.trends, trend(share("booking_share", 3, 9, state=State.NOT_ENOUGH))))
        for scope in funnel().cohorts_by_channel
    )
    shown = table(page(pack_facts(funnel=replace(funnel(), cohorts_by_channel=scopes))), "cohorts-by-channel")
    assert ["Channel", "Qualified share", "Qualified to meeting"] == [column.title for column in shown.columns]
    assert "Meeting to booking — not enough data" == shown.note


def test_a_source_that_names_no_project_has_no_table_of_projects():
    """One row "not stated" would repeat the company."""
    nameless = replace(funnel().by_project[0], title=None)
    keys = [
        getattr(b, "key", "")
        for b in blocks(section(page(pack_facts(funnel=replace(funnel(), by_project=(nameless,)))), "funnel"))
    ]
    assert "funnel-by-project" not in keys


def test_a_week_of_nothing_draws_no_funnel():
    """Bars of no length tell nothing that the table does not."""
    assert [] == [b for b in blocks(section(page(empty_facts()), "funnel")) if isinstance(b, Chart)]


def test_the_headline_speaks_of_the_first_figure_that_has_a_plan():
    """Contracts may have none."""
    plans = (plan_fact("contracts_n", 12, None), plan_fact("qualified_n", 100, 300))
    hero = page(pack_facts(result=replace(result(), plans=plans))).hero
    assert ("Behind the plan", "Qualified: 100 of 300, 220 were due by now") == (hero.headline, hero.detail)


def test_an_empty_week_is_a_whole_page():
    """Nothing happened: every section still says so."""
    shown = page(empty_facts())
    assert "Nobody rejected a lead this week." == section(shown, "rejections").lead
    quiet = [b.text for s in shown.sections for b in blocks(s) if isinstance(b, Quiet)]
    assert "No booking expires in the coming week." in quiet
    assert "Nothing changed this week beyond the usual noise." in quiet
    assert "no data" == table(shown, "cohorts").rows[0].cells[1].text


def test_rejections_without_an_edition_are_counted_and_not_judged():
    """The header says that no edition was in force, the section how many rejections that leaves."""
    counts = replace(no_rejections().verdicts, not_judged_n=12)
    shown = page(pack_facts(header=header(edition=None), rejections=no_rejections(verdicts=counts)))
    assert (
        "12 rejections are not judged: no edition of the regulation was in force." == section(shown, "rejections").lead
    )
    assert "no edition in force" in [item.text for item in shown.items]
    tiles = next(b for b in section(shown, "rejections").blocks if isinstance(b, Tiles))
    assert [("Not judged", "12")] == [(tile.label, tile.value) for tile in tiles.tiles]


def test_rejections_that_nothing_was_asked_of_are_said_to_be_unchecked_and_nowhere_lawful():
    """In the section, in its tiles, and among what needs attention, which the mail has too."""
    counts = replace(no_rejections().verdicts, unchecked_n=45)
    facts = pack_facts(rejections=no_rejections(verdicts=counts, unchecked_for=("event.call_out",)))
    said = "45 rejections were checked against no clause of their reasons — the source has no: outgoing calls."
    shown = section(page(facts), "rejections")
    assert said == shown.lead == attention(facts)[0]
    tiles = next(b for b in shown.blocks if isinstance(b, Tiles))
    assert [("Not checked", "45")] == [(tile.label, tile.value) for tile in tiles.tiles]


def test_rejections_that_nothing_was_asked_of_are_not_among_the_judged():
    counts = replace(rejections().verdicts, unchecked_n=45)
    facts = pack_facts(rejections=replace(rejections(), verdicts=counts, unchecked_for=("event.call_out",)))
    judged, unchecked = "199 rejections judged: ", " 45 rejections were checked against no clause of their reasons"
    told = section(page(facts), "rejections").lead
    assert (True, True) == (told.startswith(judged), unchecked in told)


def test_rejections_too_new_to_judge_are_neither_judged_nor_forgotten():
    """Those of Sunday evening wait for late calls; those without a mapped reason wait for a person."""
    verdicts = replace(rejections().verdicts, not_judged_n=1, unsettled_n=6)
    shown = page(pack_facts(rejections=replace(rejections(), verdicts=verdicts)))
    assert (
        "199 rejections judged: 27 unlawful, 14 unprovable. "
        "6 rejections are too new: they are judged once late calls are in. "
        "1 rejection is not judged: its reason is not mapped, or no edition was in force on its day. "
        "Judged again, 5 rejections have other verdicts than before."
    ) == section(shown, "rejections").lead


def test_clauses_of_two_editions_are_told_apart():
    """In the week of a new edition the same number may say two things; in any other the edition is in the header."""
    first, second, *_ = rejections().clauses
    general = replace(second, clause="0.1", reason=None, edition="2026-11-20")
    told = table(
        page(pack_facts(rejections=replace(rejections(), clauses=(replace(first, edition="2024"), general)))), "clauses"
    )
    assert ["clause 1.1, edition 2024", "clause 0.1, edition 2026-11-20"] == [row.head.note for row in told.rows]
    assert "any" == told.rows[1].cells[0].text
    assert "clause 1.1" == table(page(pack_facts()), "clauses").rows[0].head.note


def test_a_closed_gate_and_stale_data_are_said_before_any_figure():
    """A reader must not find it out in the appendix."""
    report = replace(appendix().gates[0], checks=(replace(appendix().gates[0].checks[0], error="it broke"),))
    source = replace(header().sources[0], is_stale=True)
    shown = page(pack_facts(header=header(sources=(source,)), appendix=replace(appendix(), gates=(report,))))
    assert "A data gate is closed: see the appendix." in shown.warnings
    assert "The data are older than the settings allow: sample." in shown.warnings


def test_an_edition_that_somebody_signed_and_that_is_not_in_force_is_said_before_any_figure():
    """Half-signed or altered: the meeting must not argue by rules that nobody is judged by."""
    refused = (
        RefusedEdition(edition="2026-12-01", awaits=("sales",)),
        RefusedEdition(edition="2024-01-01", awaits=()),
    )
    facts = pack_facts(header=header(refused=refused, is_sample=False))
    assert (
        "Edition 2026-12-01 of the regulation is not in force: the head of sales has not signed it. The last one that "
        "both signed stays.",
        "Edition 2024-01-01 of the regulation was altered after it was signed, and is refused. What both signed stays.",
    ) == page(facts).warnings


def test_norms_of_response_that_differ_are_told_by_kind_of_enquiry():
    """One number for all of them is told once."""
    same = pack_facts().speed
    differ = replace(same, norms_min={"missed_call": 5, "form": 15, "chat": 3, "other": 60})
    said = [
        next(part.lead for part in page(pack_facts(speed=speed)).sections if part.key == "speed")
        for speed in (same, differ)
    ]
    assert said[0].endswith(". The norm is 15 working minutes.")
    assert said[1].endswith(
        ". The norm in working minutes: missed call 5, form on the site 15, chat 3, other enquiry 60."
    )


def test_a_figure_without_a_definition_is_refused():
    """A number nobody can look up does not get into a pack."""
    strange = Trend(now=figure("luck_n", 7))
    with pytest.raises(PlanerkaError, match="luck_n and does not define it"):
        page(pack_facts(result=Result(week=(strange,), plans=(), by_project=(), movers=())))


def test_a_fall_in_what_should_fall_is_good():
    """Direction belongs to the KPI: fewer wrong rejections are better."""
    fewer = trend(share("unlawful_share", 5, 200), share("unlawful_share", 90, 800), is_noise=False)
    tiles = next(
        b
        for b in section(page(pack_facts(rejections=replace(rejections(), shares=(fewer,)))), "rejections").blocks
        if isinstance(b, Tiles)
    )
    assert Tone.GOOD == tiles.tiles[-1].tone


def test_both_languages_show_the_same_numbers():
    """The same tables with the same rows; only words differ."""
    ru, en = page(pack_facts(), "ru"), page(pack_facts(), "en")
    shape = [[(type(b).__name__, len(getattr(b, "rows", ()))) for b in blocks(s)] for s in ru.sections]
    assert shape == [[(type(b).__name__, len(getattr(b, "rows", ()))) for b in blocks(s)] for s in en.sections]
    assert "Отстаём от плана" == ru.hero.headline


def test_keys_of_tables_and_charts_are_unique_on_the_page():
    """They become ids."""
    keys = [b.key for s in page(pack_facts()).sections for b in blocks(s) if isinstance(b, Table | Chart)]
    assert sorted(set(keys)) == sorted(keys)


def test_every_row_is_as_wide_as_its_table():
    """A cell too few would shift a number under another's name."""
    shown = [b for s in page(pack_facts()).sections for b in blocks(s) if isinstance(b, Table)]
    assert [] == [(t.key, r.head.text) for t in shown for r in t.rows if len(r.cells) + 1 != len(t.columns)]


def test_links_appear_only_where_there_is_a_place():
    """A pack that travels alone has no dead link to what lies beside it."""
    there = compose(pack_facts(), "en", "gates.en.html")
    assert "Links" == section(there, "appendix").blocks[-1].title
    assert not any(getattr(b, "kind", "") == "links" for b in section(page(pack_facts()), "appendix").blocks)


def test_a_bookings_table_says_how_many_it_does_not_show():
    """The caption counts all, the rows are the first."""
    shown = table(page(pack_facts(funnel=replace(funnel(), bookings_n=12))), "bookings")
    assert ("12 bookings expire in the coming week", "The first 4 are shown.") == (shown.caption, shown.note)


@pytest.mark.parametrize(
    "url, expected",
    [
        ("https://crm.example/1", "https://crm.example/1"),
        ("javascript:alert(1)", None),
        ("file:///etc", None),
        (None, None),
    ],
)
def test_only_web_addresses_become_links(url, expected):
    """A column of an export may hold anything."""
    booking = replace(funnel().bookings[0], url=url)
    shown = table(page(pack_facts(funnel=replace(funnel(), bookings=(booking,)))), "bookings")
    assert expected == shown.rows[0].cells[0].url


def test_the_letter_holds_the_short_form():
    """Header, result, exceptions and an agenda line."""
    letter = compose_letter(pack_facts(), "ru")
    assert "Отстаём от плана — Договоры: 31 из 48, к этому дню нужно 35" == letter.preheader
    assert letter.agenda.startswith(
        "Повестка: общий результат, воронка, отказы, брошенные лиды и споры, скорость ответа."
    )
    assert isinstance(letter.exceptions, Bullets)
    assert 7 == len(letter.exceptions.lines)


@pytest.mark.parametrize("facts", [pack_facts(), pack_facts(result=replace(result(), movers=()))])
def test_what_noise_means_is_said_once_where_the_word_first_stands(facts):
    """In the pack and in the letter: nobody is expected to know."""
    blocks = [block for section in page(facts).sections for block in section.blocks if isinstance(block, Tiles)]
    letter = compose_letter(facts, "en")
    said = [
        [tiles.note.partition(":")[0] for tiles in shown]
        for shown in (blocks, filter(None, (letter.movers, letter.week)))
    ]
    assert [["Beyond noise", *[""] * (len(notes) - 1)] for notes in said] == said


@pytest.mark.parametrize(
    "begin, expected", [(Begin.ENQUIRY, "by the day of the enquiry"), (Begin.BOOKING, "by the day of the booking")]
)
def test_a_cohort_is_said_to_be_counted_by_the_day_that_it_begins_with(begin, expected):
    facts = pack_facts()
    definitions = tuple(replace(one, begin=begin) for one in facts.appendix.definitions)
    found = page(replace(facts, appendix=replace(facts.appendix, definitions=definitions)))
    (table,) = [block for block in found.sections[-1].blocks if isinstance(block, Table) and block.key == "definitions"]
    assert {"by the day of the event", f"{expected}, mature after 7 days"} <= {row.cells[1].text for row in table.rows}
