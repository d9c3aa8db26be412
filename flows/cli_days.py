"""A local day as an option of a verb."""

from datetime import date, datetime

DAY = ["%Y-%m-%d"]
"""How it is written, and no instant with it."""


def day(at: datetime | None) -> date | None:
    """What the option gives, as a day; None where it was not given."""
    return at.date() if at else None
