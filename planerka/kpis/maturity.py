"""When a cohort may be compared: not before the window in which it is followed has passed for its last lead."""

from datetime import date, timedelta

from planerka.clock import Week
from planerka.rulebook.kpis import Kpi


def mature_on(kpi: Kpi, to_on: date) -> date | None:
    """The local day from whose start on the figures of a stretch that ends on `to_on` are final; None: at once."""
    return to_on + timedelta(days=kpi.maturity_days + 1) if kpi.maturity_days else None


def newest_mature_week(kpi: Kpi, week: Week, data_until_on: date) -> Week:
    """The newest week, at most `week`, whose figures are final; `data_until_on`: the first day not complete yet."""
    return min(week, Week.of(data_until_on - timedelta(days=kpi.maturity_days + 7)))
