"""Facts into a page: every number worded, every section in the order of the meeting."""

from collections.abc import Callable

from planerka.pack.facts import Correction, EditionFact, PackFacts, RefusedEdition
from planerka.pack.model import Block, Bullets, Chart, Item, Letter, Page, Section, Tone
from planerka.pack.sections import appendix, funnel, rejections, result, speed
from planerka.pack.sections.exceptions import exceptions
from planerka.pack.wording import Wording
from planerka.words import _, words_for

HEADS = {"marketing": _("the head of marketing"), "sales": _("the head of sales")}


def compose(facts: PackFacts, language: str, data_report: str | None = None) -> Page:
    """The whole pack in `ru` or `en`. PlanerkaError where it shows a KPI that it does not define.

    `data_report`: the address of what the gates found; None for a pack that travels alone.
    """
    wording = Wording.of(facts, words_for(language))
    say = wording.words.say
    return Page(
        language=language,
        title=f"{facts.header.company} — {week_title(wording, facts)}",
        company=facts.header.company,
        subtitle=week_title(wording, facts),
        skip=say("Skip to the figures"),
        contents=say("Contents"),
        warnings=warnings(wording, facts),
        changed=changed(wording, facts.correction),
        items=items(wording, facts),
        hero=result.hero(wording, facts),
        sections=sections(wording, facts, data_report),
        footer=footer(wording, facts),
    )


def week_title(wording: Wording, facts: PackFacts) -> str:
    header = facts.header
    number = header.week.partition("-W")[2].lstrip("0")
    return wording.words.say(
        "Joint meeting, week {number}: {days}", number=number, days=wording.words.days(header.from_on, header.to_on)
    )


def sections(wording: Wording, facts: PackFacts, data_report: str | None) -> tuple[Section, ...]:
    """Those of the meeting that exist; numbered as they stand."""
    standing = exceptions(wording, facts)
    parts: tuple[tuple[str, str, str, Callable[[], tuple[Block, ...]]], ...] = (
        ("result", _("The common result"), "", lambda: result.blocks(wording, facts, standing)),
        ("funnel", _("Funnel"), funnel.lead(wording, facts), lambda: funnel.blocks(wording, facts)),
        ("rejections", _("Rejections, neglect and disputes"), rejections.lead(wording, facts),
         lambda: rejections.blocks(wording, facts)),
        ("speed", _("Speed of response"), speed.lead(wording, facts), lambda: speed.blocks(wording, facts)),
        ("appendix", _("Appendix"), appendix.lead(wording, facts),
         lambda: appendix.blocks(wording, facts, data_report)),
    )  # fmt: skip
    return tuple(
        Section(key=key, number=str(number), title=wording.words.say(title), lead=lead, blocks=blocks())
        for number, (key, title, lead, blocks) in enumerate(parts, start=1)
    )


def items(wording: Wording, facts: PackFacts) -> tuple[Item, ...]:
    """The header: how fresh the data are, which rules were in force, what the gates said."""
    header, say = facts.header, wording.words.say
    fresh = tuple(
        Item(
            name=say("Data until"),
            text=f"{wording.words.instant(source.data_until, wording.zone)} · {source.source}",
            tone=Tone.BAD if source.is_stale else Tone.PLAIN,
        )
        for source in header.sources
    )
    return (
        *fresh,
        Item(name=say("Regulation"), text=edition(wording, header.edition)),
        Item(name=say("Data gate"), text=gate(wording, facts)),
    )


def edition(wording: Wording, edition: EditionFact | None) -> str:
    if edition is None:
        return wording.words.say("no edition in force")
    since = wording.words.say("edition {edition}", edition=edition.edition)
    signed = wording.words.say("signed by {names}", names=", ".join(edition.signed_by)) if edition.signed_by else ""
    return ", ".join(filter(None, (since, signed)))


def gate(wording: Wording, facts: PackFacts) -> str:
    reports, words = facts.appendix.gates, wording.words
    if not reports:
        return words.say("not run")
    if not all(report.is_open for report in reports):
        return words.say("closed")
    warnings_n = sum(len(report.warnings) for report in reports)
    return words.count("passed, {n} warning", "passed, {n} warnings", warnings_n) if warnings_n else words.say("passed")


def warnings(wording: Wording, facts: PackFacts) -> tuple[str, ...]:
    """What a reader must know before any figure."""
    header, say = facts.header, wording.words.say
    stale = [source.source for source in header.sources if source.is_stale]
    lines = (
        *correction(wording, facts),
        say("A made-up company: these figures show how planerka works.") if header.is_sample else "",
        say("The data are older than the settings allow: {sources}.", sources=", ".join(stale)) if stale else "",
        ""
        if all(report.is_open for report in facts.appendix.gates)
        else say("A data gate is closed: see the appendix."),
        *(refused(wording, edition) for edition in header.refused),
        *(say("Shown although a check failed: {check}.", check=wording.text(check)) for check in header.despite),
    )
    return tuple(filter(None, lines))


def refused(wording: Wording, refused: RefusedEdition) -> str:
    """That an edition is not in force, though it was signed, and why."""
    say = wording.words.say
    if not refused.awaits:
        return say(
            "Edition {edition} of the regulation was altered after it was signed, and is refused. What both signed "
            "stays.",
            edition=refused.edition,
        )
    return say(
        "Edition {edition} of the regulation is not in force: {roles} has not signed it. The last one that both signed "
        "stays.",
        edition=refused.edition,
        roles=", ".join(say(HEADS[role]) for role in refused.awaits),
    )


def correction(wording: Wording, facts: PackFacts) -> tuple[str, ...]:
    """That the pack replaces an earlier version, and why."""
    if facts.correction is None:
        return ()
    versions = {"version": facts.header.version, "replaced": facts.correction.replaces}
    said = wording.words.say("Corrected: version {version} replaces version {replaced}.", **versions)
    return (f"{said} {facts.correction.why}",)


def changed(wording: Wording, correction: Correction | None) -> Bullets | None:
    """Every figure of the company that the correction changes by more than is rounded away, as it was and as it is."""
    if correction is None:
        return None
    say = wording.words.say
    shown = [(f.kpi, wording.value(f.kpi, f.was), wording.value(f.kpi, f.value)) for f in correction.changed]
    lines = tuple(
        say("{title}: was {was}, is {value}", title=wording.title(kpi), was=was, value=value)
        for kpi, was, value in shown
        if was != value
    )
    none = say("No figure of the whole company: only the tables below.")
    return Bullets(title=say("What changed in this version"), lines=lines or (none,))


def footer(wording: Wording, facts: PackFacts) -> str:
    return wording.words.say(
        "Pack {week}, version {version}. The same figures for both departments.",
        week=facts.header.week,
        version=facts.header.version,
    )


def compose_letter(facts: PackFacts, language: str) -> Letter:
    """The short form for the e-mail."""
    wording = Wording.of(facts, words_for(language))
    say = wording.words.say
    hero, standing = result.hero(wording, facts), exceptions(wording, facts)
    return Letter(
        language=language,
        subject=subject(wording, facts),
        preheader=" — ".join(filter(None, (hero.headline, hero.detail))),
        company=facts.header.company,
        subtitle=week_title(wording, facts),
        warnings=warnings(wording, facts),
        changed=changed(wording, facts.correction),
        hero=hero,
        week=result.this_week(wording, facts),
        chart=letter_chart(wording, facts),
        movers=result.movers(wording, facts.result.movers),
        exceptions=standing,
        agenda=agenda(wording, facts, standing),
        attached=say("The whole pack is attached: it opens in any browser, also without a network."),
        items=items(wording, facts),
        footer=footer(wording, facts),
    )


def subject(wording: Wording, facts: PackFacts) -> str:
    line = f"{facts.header.company}: {week_title(wording, facts)}"
    return wording.words.say("Corrected: {subject}", subject=line) if facts.correction else line


def letter_chart(wording: Wording, facts: PackFacts) -> Chart | None:
    return result.track(wording, facts) or funnel.chart(wording, facts.funnel)


def agenda(wording: Wording, facts: PackFacts, standing: Bullets) -> str:
    titles = [section.title for section in sections(wording, facts, None)[:-1]]
    line = wording.words.say("Agenda: {titles}.", titles=", ".join(title[:1].lower() + title[1:] for title in titles))
    if not standing.lines:
        return line
    return f"{line} " + wording.words.count("{n} matter to decide.", "{n} matters to decide.", len(standing.lines))
