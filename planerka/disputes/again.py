"""Returned leads that were rejected again: was anything added to what the regulation had asked for?"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from planerka.disputes.followed import Return, text, title, within
from planerka.model import Consequence, DisputeOrigin, EventKind, Outcome, Reference, ReferenceKind, Verdict
from planerka.regulation.fields import CATALOGUE, FieldKind
from planerka.regulation.judge import GENERAL_WORDS, fields_read
from planerka.rulebook.regulation import Edition

REASON = "reason"
"""What the general clauses read: whether a reason is given, and a legal one."""

MORE_IS_NEW = (FieldKind.COUNT, FieldKind.SECONDS)
"""Attempts and talk are counted anew after a return: as much as the first time, or less, is nothing new."""


@dataclass(frozen=True, kw_only=True)
class Added:
    """A field of the evidence (docs/regulation.md), or `reason`: what it said of the first rejection and of the last.

    None: not known.
    """

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, kw_only=True)
class RejectedAgain:
    """The last rejection of a lead after its return. `manager` (title) owned it then; None: not known.

    `outcome` None: it is not judged yet. `added` is what the broken clauses read and now say more of.
    `is_new_evidence`: a lawful rejection has its evidence, any other only what is added; None: not judged.
    """

    dispute_id: int
    lead_id: str
    url: str | None
    manager: str | None
    returned_at: datetime
    rejected_at: datetime
    reason: str | None
    outcome: Outcome | None
    added: tuple[Added, ...]
    is_new_evidence: bool | None


@dataclass(frozen=True, kw_only=True)
class ManagerAgain:
    """Of `n` returned leads that a manager rejected again and that are judged, those of the disputes `without_ids` had
    no new evidence, the newest first."""

    manager: str | None
    n: int
    without_ids: tuple[int, ...]

    @property
    def without_n(self) -> int:
        return len(self.without_ids)


def last_rejections(steps: pd.DataFrame, returns: pd.DataFrame) -> pd.DataFrame:
    """The last rejection after each return of a rejected lead; columns of `store.ledger.steps_of_returned` and
    dispute_id, subject_id. A silence was no rejection, so that none can follow it again."""
    rejections = within(steps[steps["kind"] == EventKind.REJECTED], returns, "at")
    last = rejections.drop_duplicates("dispute_id", keep="last")
    disputed = returns.loc[returns["origin"] != DisputeOrigin.NEGLECT, ["dispute_id", "subject_id"]]
    return last.merge(disputed, on="dispute_id")


def rejected_again(
    rejections: pd.DataFrame,
    rows: Iterable[Return],
    verdicts: Mapping[str, Verdict],
    editions: Mapping[str, Edition],
    names: Mapping[ReferenceKind, Mapping[str, Reference]],
) -> list[RejectedAgain]:
    """The newest first. `verdicts` by rejection, the disputed ones and the new; `editions` by name."""
    of_dispute = {row.dispute_id: row for row in rows}
    return [
        one(row, of_dispute[row.dispute_id], verdicts, editions, names)
        for row in rejections.sort_values("at", ascending=False).itertuples()
        if row.dispute_id in of_dispute
    ]


def one(
    row: Any,
    returned: Return,
    verdicts: Mapping[str, Verdict],
    editions: Mapping[str, Edition],
    names: Mapping[ReferenceKind, Mapping[str, Reference]],
) -> RejectedAgain:
    first, last = verdicts.get(row.subject_id), verdicts.get(row.id)
    added = tuple(additions(first, last, editions)) if first and last else ()
    return RejectedAgain(
        dispute_id=returned.dispute_id,
        lead_id=returned.lead_id,
        url=returned.url,
        manager=title(names[ReferenceKind.MANAGER], text(row.manager_id)),
        returned_at=returned.returned_at,
        rejected_at=row.at.to_pydatetime(),
        reason=title(names[ReferenceKind.REASON], text(row.reason_id)),
        outcome=last.outcome if last else None,
        added=added,
        is_new_evidence=is_new(last, added),
    )


def is_new(last: Verdict | None, added: Sequence[Added]) -> bool | None:
    if last is None or last.outcome == Outcome.NOT_JUDGED:
        return None
    return last.outcome == Outcome.LAWFUL or bool(added)


def additions(first: Verdict, last: Verdict, editions: Mapping[str, Edition]) -> list[Added]:
    """What the clauses that made the first rejection fall read, and the last verdict says more of.

    Where none did, for the dispute was raised by hand, all that the first one read.
    """
    before, after = (verdict.evidence | {REASON: verdict.reason} for verdict in (first, last))
    names = fields_of(first, editions) or list(first.evidence)
    found = (Added(field=name, before=before.get(name), after=after.get(name)) for name in names)
    return [one for one in found if says_more(one)]


def fields_of(verdict: Verdict, editions: Mapping[str, Edition]) -> list[str]:
    """The fields that its clauses of consequence void read, as far as they are broken or unprovable."""
    edition = editions.get(verdict.edition or "")
    clauses = {clause.number: clause for clause in edition.clauses} if edition else {}
    void = [found.clause for found in verdict.findings if found.consequence == Consequence.VOID]
    reads = [fields_read(clauses[number]) for number in void if number in clauses]
    general = [(REASON,) for number in void if number in GENERAL_WORDS]
    return list(dict.fromkeys(name for names in (*general, *reads) for name in names))


def says_more(one: Added) -> bool:
    """Whether it is known now and was not, or says something else; of what is counted, only more."""
    if one.after is None or one.before is None:
        return one.after is not None
    field = CATALOGUE.get(one.field)
    return one.after > one.before if field and field.kind in MORE_IS_NEW else one.after != one.before


def by_manager(again: Iterable[RejectedAgain]) -> list[ManagerAgain]:
    """Who rejected without new evidence most often first. `again` as of `rejected_again`."""
    judged: dict[str | None, list[RejectedAgain]] = defaultdict(list)
    for one in again:
        if one.is_new_evidence is not None:
            judged[one.manager].append(one)
    counted = [
        ManagerAgain(
            manager=manager, n=len(its), without_ids=tuple(one.dispute_id for one in its if not one.is_new_evidence)
        )
        for manager, its in judged.items()
    ]
    return sorted(counted, key=lambda its: (-its.without_n, -its.n, its.manager or ""))
