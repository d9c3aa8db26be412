"""What the gates found, as a page for people: one HTML file, no script, nothing from outside.

Great Expectations' own pages load their styles from seven hosts, and say nothing of reasons or of what cannot be
proved. Importing this module does not import it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from expectations import page_words
from expectations.page_words import HEADLINES, SUITE_WORDS, VERDICTS, SuiteWords
from planerka.intake.kinds import TITLES
from planerka.model import Check, CheckSeverity, Consequence, GateReport, noun_name
from planerka.pack.charts import svg
from planerka.pack.facts import Text
from planerka.pack.render import environment, style
from planerka.rulebook.regulation import Edition
from planerka.words import Words, words_for

WORST_N = 5
"""Clauses that a head of sales should see first."""

NOUN_TITLES = {
    "pull": page_words.PULL,
    "pack": page_words.PACK,
    **{noun_name(noun): Text(**title._asdict()) for noun, title in TITLES.items()},
}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One check. `broken_x` and `unknown_x`: where these parts of its bar begin, in per cent of the rows.

    `counts` says on a phone what `rows`, `broken` and `unknown` say in columns of their own. `note`: the error of a
    check that did not run, or what else must be known of a clause.
    """

    text: str
    tone: str
    verdict: str
    rows: str
    broken: str
    unknown: str
    broken_x: float
    unknown_x: float
    counts: str
    note: str


@dataclass(frozen=True, kw_only=True)
class Note:
    """An exception. `examples` are rows of it, as the check has them."""

    text: str
    tone: str
    examples: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Group:
    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, kw_only=True)
class Section:
    """One suite. `notes`: what stopped the run, then the warnings; none for clauses, which have their table."""

    key: str
    words: dict[str, str]
    notes: tuple[Note, ...]
    groups: tuple[Group, ...]


@dataclass(frozen=True, kw_only=True)
class GatePage:
    language: str
    title: str
    subtitle: str
    headline: str
    skip: str
    sections: tuple[Section, ...]


def gate_page(
    reports: Sequence[GateReport], source: str, at: datetime, zone: ZoneInfo, language: str, edition: Edition | None
) -> str:
    """The page of these reports in `ru` or `en`; `edition` names the reasons of the clauses of a regulation report."""
    words = words_for(language)
    page = GatePage(
        language=language,
        title=say(page_words.TITLE, words),
        subtitle=f"{source} · {words.instant(at, zone)}",
        headline=say(HEADLINES[tone_of_all(reports)], words),
        skip=say(page_words.SKIP, words),
        sections=tuple(section(report, edition, words) for report in sorted(reports, key=urgency)),
    )
    css = style("pack.css") + style("gate.css")
    return environment(svg).get_template("gate.html.j2").render(page=page, css=css)


def say(text: Text, words: Words) -> str:
    return {"ru": text.ru, "en": text.en}[words.language]


def urgency(report: GateReport) -> tuple[bool, bool]:
    """What has stopped the work is read first, then what people can mend in theirs."""
    return report.is_open, SUITE_WORDS[report.suite].is_of_data


def tone_of_all(reports: Sequence[GateReport]) -> str:
    if not all(report.is_open for report in reports):
        return "bad"
    return "warn" if any(exceptions(report) for report in reports) else "good"


def exceptions(report: GateReport) -> tuple[Check, ...]:
    """Checks that somebody should look into, the gravest first; a broken clause is no fault of the data."""
    return report.stopped_by + (report.warnings if SUITE_WORDS[report.suite].is_of_data else ())


def section(report: GateReport, edition: Edition | None, words: Words) -> Section:
    suite = SUITE_WORDS[report.suite]
    return Section(
        key=report.suite,
        words={name: say(text, words) for name, text in vars(suite).items() if isinstance(text, Text)},
        notes=tuple(note(check, suite, words) for check in exceptions(report)),
        groups=tuple(groups_of(report, edition, suite, words)),
    )


def groups_of(report: GateReport, edition: Edition | None, suite: SuiteWords, words: Words) -> Iterator[Group]:
    """The clauses broken most, of whatever reason, for who has a minute; then every check under its title."""
    titles = titles_of(report, edition)
    faults = {c.number for c in edition.clauses if c.consequence == Consequence.FAULT} if edition else set()
    lines = {}
    for check in report.checks:
        note = say(page_words.FAULT, words) if check.key in faults and not suite.is_of_data else ""
        lines[check.key] = line(check, titles[check.key], note, suite, words)
    broken = sorted((c for c in report.checks if c.failed_n), key=lambda check: -check.failed_n)[:WORST_N]
    if broken and not suite.is_of_data:
        worst = (with_reason(lines[check.key], say(titles[check.key], words)) for check in broken)
        yield Group(title=say(page_words.WORST, words), lines=tuple(worst))
    for title, checks in groupby(report.checks, key=lambda check: titles[check.key]):
        yield Group(title=say(title, words), lines=tuple(lines[check.key] for check in checks))


def with_reason(line: Line, reason: str) -> Line:
    """A clause out of the table of its reason, which its note names then."""
    return replace(line, note=f"{reason} · {line.note}" if line.note else reason)


def titles_of(report: GateReport, edition: Edition | None) -> dict[str, Text]:
    """What each check is shown under: the noun of a row test, the reason of a clause."""
    reasons = edition.reasons if edition else ()
    by_clause = {clause.number: Text(ru=reason.ru, en=reason.en) for reason in reasons for clause in reason.clauses}
    general = page_words.ANY_REASON
    return {c.key: by_clause.get(c.key) or NOUN_TITLES.get(c.key.partition(".")[0], general) for c in report.checks}


def line(check: Check, title: Text, note: str, suite: SuiteWords, words: Words) -> Line:
    tone = tone_of(check, suite)
    rows_n = max(check.rows_n, 1)
    return Line(
        text=text_of(check, title, words),
        tone=tone,
        verdict=kept_share(check, words) if tone == "plain" else say(VERDICTS[tone], words),
        rows=words.number(check.rows_n),
        broken=words.number(check.failed_n),
        unknown=words.number(check.unknown_n),
        broken_x=round(100 * (1 - (check.failed_n + check.unknown_n) / rows_n), 2),
        unknown_x=round(100 * (1 - check.unknown_n / rows_n), 2),
        counts=counts_of(check, suite, words),
        note=check.error or note,
    )


def counts_of(check: Check, suite: SuiteWords, words: Words) -> str:
    """«Нарушен: 17 из 161. Нечем доказать: 4»; an unknown row is not among those that could break it."""
    decided_n = check.rows_n - check.unknown_n
    broken = say(page_words.OF, words).format(broken=words.number(check.failed_n), rows=words.number(decided_n))
    said = [f"{say(suite.broken, words)}: {broken}"] if decided_n else []
    if check.unknown_n:
        said.append(f"{say(suite.unknown, words)}: {words.number(check.unknown_n)}")
    return ". ".join(said)


def tone_of(check: Check, suite: SuiteWords) -> str:
    if check.error:
        return "error"
    if check.unknown_n == check.rows_n:
        return "unknown" if check.rows_n else "empty"
    if not suite.is_of_data:
        return "plain"
    if check.is_passed:
        return "tolerated" if check.failed_n else "good"
    return "bad" if check.severity == CheckSeverity.BLOCK else "warn"


def kept_share(check: Check, words: Words) -> str:
    """Of the rows that could be decided."""
    return words.percent(1 - check.failed_n / (check.rows_n - check.unknown_n))


def text_of(check: Check, title: Text, words: Words) -> str:
    """The words of a check under the title of its group; a clause has its number before it."""
    text = say(Text(ru=check.ru, en=check.en), words).removeprefix(f"{say(title, words)}: ")
    number = f"{check.key}. " if check.key[:1].isdigit() else ""
    return number + text[:1].upper() + text[1:]


def note(check: Check, suite: SuiteWords, words: Words) -> Note:
    """An exception as one line: «Лиды: ключ указан. Ошибок: 23 из 400.»"""
    what = say(Text(ru=check.ru, en=check.en), words)
    outcome = f"{say(VERDICTS['error'], words)}: {check.error}" if check.error else counts_of(check, suite, words)
    return Note(text=f"{what}. {outcome}.", tone=tone_of(check, suite), examples=check.examples)
