"""Coverage: what the regulation never says, what it says nothing of, and how it is got round.

Pure over frames: what the store has of a stretch of rejections, and the signed editions.
"""

import json
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from planerka.clock import WorkCalendar
from planerka.phones import MASK
from planerka.regulation.bunching import Bunching, bunchings
from planerka.regulation.editions import places_in_force
from planerka.regulation.judge import not_checkable
from planerka.rulebook.regulation import Edition

COPIES_N = 10
"""The same words on so many leads of one person are a habit and no accident."""

COMMENT_LENGTH_N = 15
"""A shorter comment has no words of its own to repeat."""


@dataclass(frozen=True, kw_only=True)
class SilentClause:
    """A clause that no judged rejection broke and that left none unprovable, of the `asked_n` for its reason.

    `is_checkable` False: the source has nothing to ask it of, so that it can never speak.
    """

    edition: str
    clause: str
    ru: str
    en: str
    asked_n: int
    is_checkable: bool


@dataclass(frozen=True, kw_only=True)
class Unspoken:
    """Rejections that no clause speaks of, by the reason's code, or its id where the mapping does not know it."""

    why: str
    reason: str | None
    n: int


@dataclass(frozen=True, kw_only=True)
class Outdated:
    """A reason that `edition` has no more, though one before it did, used all the same; `manager_id` "": not known."""

    edition: str
    reason: str
    manager_id: str
    n: int
    last_on: date


@dataclass(frozen=True, kw_only=True)
class Copied:
    """The same words on `n` leads that one person (`manager_id` "": not known) rejected, of `commented_n` with any."""

    manager_id: str
    comment: str
    n: int
    commented_n: int


@dataclass(frozen=True, kw_only=True)
class Coverage:
    since: date
    until: date
    rejections_n: int
    silent: tuple[SilentClause, ...]
    unspoken: tuple[Unspoken, ...]
    outdated: tuple[Outdated, ...]
    copied: tuple[Copied, ...]
    bunched: tuple[Bunching, ...]


def coverage_of(
    rejections: pd.DataFrame,
    editions: Sequence[Edition],
    lacks: Collection[str],
    calendar: WorkCalendar,
    since: date,
    until: date,
) -> Coverage:
    """`rejections`: one row each, with the columns of `store.rejections.rejections_between`; `editions`: the signed
    ones, oldest first; `lacks`: see `Crm.lacks`. Both days are local and included.
    """
    rejections = rejections.assign(manager_id=rejections["manager_id"].fillna(""))
    places = places_in_force(editions, rejections["happened_on"].to_numpy("datetime64[D]"))
    in_force = [editions[place] if place >= 0 else None for place in places]
    norm = pd.to_timedelta([edition.norms.neglect_days if edition else None for edition in in_force], unit="D")
    timed = rejections.assign(silence=rejections["at"] - rejections["last_contact_at"], norm=norm)
    return Coverage(
        since=since,
        until=until,
        rejections_n=len(rejections),
        silent=silent_clauses(rejections, editions, lacks),
        unspoken=unspoken(rejections, in_force),
        outdated=outdated(rejections, in_force, editions),
        copied=copied_comments(rejections),
        bunched=bunchings(timed, calendar, since, until),
    )


def silent_clauses(
    rejections: pd.DataFrame, editions: Sequence[Edition], lacks: Collection[str]
) -> tuple[SilentClause, ...]:
    """Of the editions that judged any of the rejections, in the order of their clauses."""
    judged = rejections[rejections["edition"].notna()]
    said = {
        (edition, found["clause"])
        for edition, text in zip(judged["edition"], judged["findings"], strict=True)
        for found in json.loads(text)
    }
    asked_n = Counter(zip(judged["edition"], judged["reason_code"], strict=True))
    used = set(judged["edition"])
    return tuple(
        SilentClause(
            edition=edition.name,
            clause=clause.number,
            ru=clause.ru,
            en=clause.en,
            asked_n=asked_n[edition.name, reason.code],
            is_checkable=clause.number not in not_checkable(edition, lacks),
        )
        for edition in editions
        if edition.name in used
        for reason in edition.reasons
        for clause in reason.clauses
        if (edition.name, clause.number) not in said
    )


def unspoken(rejections: pd.DataFrame, in_force: Sequence[Edition | None]) -> tuple[Unspoken, ...]:
    """Those of most rejections first."""
    columns = (rejections[name].fillna("") for name in ("reason_code", "reason_id"))
    found = Counter(
        (why, code or reason_id or None)
        for edition, code, reason_id in zip(in_force, *columns, strict=True)
        if (why := why_unspoken(edition, code, reason_id))
    )
    return tuple(Unspoken(why=why, reason=reason, n=n) for (why, reason), n in found.most_common())


def why_unspoken(edition: Edition | None, code: str, reason_id: str) -> str | None:
    """None where a clause of the edition speaks of rejections for this reason."""
    if edition is None:
        return "no edition was in force"
    if not code:
        return "the mapping does not know the reason" if reason_id else "no reason was given"
    clauses_n = {reason.code: len(reason.clauses) for reason in edition.reasons}
    if code not in clauses_n:
        return "the edition does not have the reason"
    return None if clauses_n[code] else "the reason has no clauses"


def outdated(
    rejections: pd.DataFrame, in_force: Sequence[Edition | None], editions: Sequence[Edition]
) -> tuple[Outdated, ...]:
    """Reasons that went with a change of edition, by who still uses them, most used first."""
    codes = {edition.name: {reason.code for reason in edition.reasons} for edition in editions}
    gone = {
        edition.name: set().union(*(codes[e.name] for e in editions[:k])) - codes[edition.name]
        for k, edition in enumerate(editions)
    }
    names = [edition.name if edition else "" for edition in in_force]
    is_gone = [code in gone.get(name, ()) for name, code in zip(names, rejections["reason_code"], strict=True)]
    used = rejections.assign(name=names)[np.array(is_gone, bool)]
    groups = used.groupby(["name", "reason_code", "manager_id"])["happened_on"].agg(["size", "max"])
    found = [
        Outdated(edition=name, reason=code, manager_id=manager_id, n=int(n), last_on=last_on.date())
        for (name, code, manager_id), n, last_on in groups.itertuples()
    ]
    return tuple(sorted(found, key=lambda one: (-one.n, one.reason, one.manager_id)))


def copied_comments(rejections: pd.DataFrame) -> tuple[Copied, ...]:
    """The same text, whatever its capitals, spaces and signs, most copied first; each lead counts once.

    What was erased is no text. Phones and e-mails are masked in the store already.
    """
    written = rejections[rejections["comment"].notna() & (rejections["comment"] != MASK)]
    texts = written.assign(words=written["comment"].map(bare)).drop_duplicates(["manager_id", "lead_id", "words"])
    texts = texts[texts["words"] != ""]
    commented_n = texts.groupby("manager_id")["lead_id"].nunique()
    groups = texts.groupby(["manager_id", "words"])["comment"].agg(["size", "first"])
    found = [
        Copied(manager_id=manager_id, comment=comment, n=int(n), commented_n=int(commented_n[manager_id]))
        for (manager_id, words), n, comment in groups.itertuples()
        if n >= COPIES_N and len(words) >= COMMENT_LENGTH_N
    ]
    return tuple(sorted(found, key=lambda one: (-one.n, one.manager_id, one.comment)))


def bare(comment: str) -> str:
    """The words of a comment and nothing else."""
    return " ".join(re.findall(r"\w+", comment.casefold()))
