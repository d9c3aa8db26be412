"""The blind sample: which lawful verdicts and which rulings a second reader decides again.

Who is drawn follows from a hash of what was decided and when, to the microsecond: nobody can foresee it before the
decision, and whoever draws again, after a kill or beside another run, draws the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

import sqlalchemy as sa

from planerka.clock import WorkCalendar
from planerka.disputes.ruling import UNDO_TIME
from planerka.model import ReadingSubject
from planerka.regulation.signed import edition_in_force
from planerka.store import samples
from planerka.store.samples import Candidate
from planerka.store.windows import get_source


@dataclass(frozen=True, kw_only=True)
class SampleReport:
    """How many lawful verdicts and how many rulings one run has drawn."""

    verdicts_n: int = 0
    rulings_n: int = 0


def draw_sample(engine: sa.Engine, source: str, review: WorkCalendar, now: datetime) -> SampleReport:
    """Draw the share that the edition in force says, of what was decided within its horizon; each once for ever.

    A reading is due as a dispute is. What belongs to an erased client is not drawn, nor a ruling that can be undone.
    """
    with engine.begin() as connection:
        known = get_source(connection, source)
        edition = edition_in_force(connection, known.data_until, review.zone) if known else None
        if known is None or edition is None:
            return SampleReport()
        norms = edition.norms
        since = known.data_until - timedelta(days=norms.dispute_horizon_days)
        candidates = [
            *samples.lawful_verdicts(connection, source, since),
            *samples.rulings(connection, source, since, now - UNDO_TIME),
        ]
        drawn = drawn_of(source, candidates, norms.blind_sample_percent)
        new = samples.draw(connection, source, drawn, now, review.after(now, timedelta(hours=norms.review_hours)))
    return SampleReport(verdicts_n=new.count(ReadingSubject.VERDICT), rulings_n=new.count(ReadingSubject.RULING))


def drawn_of(source: str, candidates: Iterable[Candidate], percent: int) -> list[Candidate]:
    """Those of the candidates whose lot falls below `percent`."""
    return [candidate for candidate in candidates if lot(source, candidate) < percent]


def lot(source: str, candidate: Candidate) -> int:
    """A whole number, 0..99, each as likely as any other; the same for the same decision."""
    words = (source, candidate.subject, candidate.subject_id, candidate.step_id, candidate.decided_at.isoformat())
    return int.from_bytes(sha256("\n".join(map(str, words)).encode()).digest()[:8]) % 100
