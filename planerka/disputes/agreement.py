"""How often a second reader decides as it was decided first, by kind and week, and where the two part.

Not a judgement of a person: a rule that two careful people read in two ways is worded badly.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from planerka.clock import Week
from planerka.model import ReadingSubject
from planerka.regulation.judge import GENERAL_WORDS
from planerka.regulation.signed import signed_editions
from planerka.rulebook.regulation import Edition
from planerka.stats import ENOUGH_N, Estimate, cohen_kappa, gwet_ac1, raw_agreement
from planerka.store import readings
from planerka.store.database import reading
from planerka.store.readings import DECISIONS, Done


@dataclass(frozen=True, kw_only=True)
class Figures:
    """The three numbers over the same readings (planerka.stats), `n` in each of them.

    Of lawful verdicts kappa has no value: the machine said one thing of all of them, and so chance explains all.
    """

    raw: Estimate
    kappa: Estimate
    ac1: Estimate

    @property
    def agreed_n(self) -> int:
        """In how many of the `n` they said the same."""
        return round((self.raw.value or 0.0) * self.raw.n)

    @property
    def is_enough(self) -> bool:
        return self.raw.n >= ENOUGH_N


@dataclass(frozen=True, kw_only=True)
class SubjectAgreement:
    """Of one kind of reading: all of the stretch, and by the local ISO week in which they were read, in order."""

    subject: ReadingSubject
    whole: Figures
    by_week: dict[Week, Figures]


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A place of the regulation over which readers differed: its wording may be at fault.

    `clause`: a number of `edition`; None where no clause was found broken or unprovable, and the whole `reason`, a
    code, was read in two ways. `readings_n` touched the place, and `apart` are those of them in which the two differed,
    oldest first. Not `is_enough`: too few to rank it.
    """

    edition: str
    clause: str | None
    reason: str | None
    ru: str
    en: str
    readings_n: int
    apart: tuple[Done, ...]

    @property
    def disagreed_n(self) -> int:
        return len(self.apart)

    @property
    def is_enough(self) -> bool:
        return self.readings_n >= ENOUGH_N


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """`proposals`: those with enough readings by the share that disagreed, the highest first; then the others in the
    order of the regulation. Rulings on silences are in the figures and not here: no clause speaks of them."""

    subjects: tuple[SubjectAgreement, ...]
    proposals: tuple[Proposal, ...]


def agreement(engine: sa.Engine, source: str, zone: ZoneInfo, since: datetime, until: datetime) -> Agreement:
    """Over the readings given in `[since, until)`."""
    with reading(engine) as connection:
        done = readings.done(connection, source, since, until)
        editions = {edition.name: edition for edition in signed_editions(connection)}
    subjects = tuple(of_subject(subject, done, zone) for subject in ReadingSubject)
    return Agreement(subjects=subjects, proposals=tuple(proposals(done, editions)))


def of_subject(subject: ReadingSubject, done: Iterable[Done], zone: ZoneInfo) -> SubjectAgreement:
    its = [one for one in done if one.subject == subject]
    weeks: dict[Week, list[Done]] = defaultdict(list)
    for one in its:
        weeks[Week.of(one.read_at.astimezone(zone).date())].append(one)
    by_week = {week: figures(subject, weeks[week]) for week in sorted(weeks)}
    return SubjectAgreement(subject=subject, whole=figures(subject, its), by_week=by_week)


def figures(subject: ReadingSubject, done: Sequence[Done]) -> Figures:
    table = cross_table(done)
    kappa = cohen_kappa(table) if subject == ReadingSubject.RULING else Estimate(n=len(done))
    return Figures(raw=raw_agreement(table), kappa=kappa, ac1=gwet_ac1(table))


def cross_table(done: Iterable[Done]) -> NDArray[np.int64]:
    """Counts: a row what was decided first, a column what the second reader decided, in the order of the decisions."""
    counts = Counter((one.first, one.second) for one in done)
    return np.array([[counts[first, second] for second in DECISIONS] for first in DECISIONS])


def proposals(done: Iterable[Done], editions: dict[str, Edition]) -> list[Proposal]:
    touched: dict[tuple[str, str | None, str | None], list[Done]] = defaultdict(list)
    for one in done:
        for place in places(one):
            touched[place].append(one)
    found = [proposal(*place, its, editions) for place, its in touched.items()]
    return sorted((one for one in found if one.disagreed_n), key=by_weight)


def places(one: Done) -> Iterator[tuple[str, str | None, str | None]]:
    """Edition, clause and reason of what a reading touches; nothing for a silence."""
    if one.edition and one.clauses:
        yield from ((one.edition, clause, one.reason) for clause in dict.fromkeys(one.clauses))
    elif one.edition:
        yield one.edition, None, one.reason


def proposal(
    edition: str, clause: str | None, reason: str | None, its: Sequence[Done], editions: dict[str, Edition]
) -> Proposal:
    ru, en = words_of(editions.get(edition), clause, reason)
    return Proposal(
        edition=edition,
        clause=clause,
        reason=reason,
        ru=ru,
        en=en,
        readings_n=len(its),
        apart=tuple(one for one in its if one.first != one.second),
    )


def words_of(edition: Edition | None, clause: str | None, reason: str | None) -> tuple[str, str]:
    """The words of the clause or of the reason, Russian and English; the bare code where the edition is altered."""
    if clause in GENERAL_WORDS:
        return GENERAL_WORDS[clause]
    known = {one.code: one for one in edition.reasons} if edition else {}
    numbered = {one.number: one for one in edition.clauses} if edition else {}
    named = numbered.get(clause) if clause else known.get(reason or "")
    code = clause or reason or ""
    return (named.ru, named.en) if named else (code, code)


def by_weight(one: Proposal) -> tuple[bool, float, str, list[int], str]:
    share = one.disagreed_n / one.readings_n if one.is_enough else 0.0
    number = [int(part) for part in (one.clause or "").split(".") if part]
    return not one.is_enough, -share, one.edition, number, one.reason or ""
