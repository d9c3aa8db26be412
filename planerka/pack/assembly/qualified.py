"""Qualified by the signed criteria as of the rejection, beside the CRM's own mark: where the two differ."""

from planerka.model import ReferenceKind
from planerka.pack.assembly.week import PackWeek
from planerka.pack.facts import OtherwiseMarked, QualifiedMarks
from planerka.store import meeting_facts

LEADS_N = 10
"""Leads listed: enough to look at in a meeting."""


def qualified_marks(pack: PackWeek) -> QualifiedMarks | None:
    if pack.edition is None or not pack.has("event.qualified", "event.rejected"):
        return None
    rows = meeting_facts.qualified_marks(pack.connection, pack.source, *pack.now)
    differing = rows[rows["is_qualified"] != rows["is_marked"]]
    only_marked_n = int(differing["is_marked"].sum())
    return QualifiedMarks(
        compared_n=len(rows),
        only_marked_n=only_marked_n,
        only_qualified_n=len(differing) - only_marked_n,
        leads=tuple(
            OtherwiseMarked(
                lead_id=row.lead_id,
                url=row.url if isinstance(row.url, str) else None,
                manager_title=pack.title(ReferenceKind.MANAGER, row.manager_id),
                is_qualified=bool(row.is_qualified),
            )
            for row in differing.head(LEADS_N).itertuples()
        ),
    )
