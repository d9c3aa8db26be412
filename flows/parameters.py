"""What a form of Prefect's page takes: what cannot be right is refused there, before a run exists."""

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

DAY = r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"

# Prefect's API checks patterns and ignores formats: without them a run would begin, and fail seconds later.
IsoWeek = Annotated[str, Field(pattern=r"^\d{4}-W(0[1-9]|[1-4]\d|5[0-3])$")]
Day = Annotated[date, Field(json_schema_extra={"pattern": f"^{DAY}$"})]
Moment = Annotated[datetime, Field(json_schema_extra={"pattern": rf"^{DAY}T\d{{2}}:\d{{2}}"})]
