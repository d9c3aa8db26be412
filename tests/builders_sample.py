"""Sample companies for tests, read whole and kept as frames."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pandas as pd

from planerka.clock import start_of
from planerka.crm.base import Window
from planerka.crm.sample.adapter import SampleCrm
from planerka.model import Lead

AS_OF_ON = date(2026, 11, 24)
ZONE = ZoneInfo("Europe/Moscow")

Frames = dict[type, pd.DataFrame]


def sample(folder: Path, as_of_on: date = AS_OF_ON, **asked: object) -> SampleCrm:
    """A sample company whose journal lies in the folder: 1,000 leads unless asked otherwise."""
    return SampleCrm(journal=folder / "journal.json", as_of_on=as_of_on, **{"leads_n": 1_000, **asked})


def midnight(day_on: date, zone: ZoneInfo = ZONE) -> datetime:
    return start_of(day_on, zone)


def read(crm: SampleCrm, windows: Iterable[Window]) -> Frames:
    """All rows of the windows, in order; nouns without a row are missing."""
    frames: defaultdict[type, list[pd.DataFrame]] = defaultdict(list)
    for window in windows:
        for batch in crm.read(window):
            frames[batch.noun].append(batch.rows)
    return {noun: pd.concat(rows, ignore_index=True) for noun, rows in frames.items()}


def read_all(crm: SampleCrm, until_on: date = AS_OF_ON) -> Frames:
    """The whole history as a first pull reads it."""
    return read(crm, crm.windows(None, midnight(until_on)))


def latest_leads(frames: Frames) -> pd.DataFrame:
    """The last row of each lead, by id."""
    return frames[Lead].drop_duplicates("id", keep="last").set_index("id")


@cache
def company(leads_n: int) -> Frames:
    """A company that no test changes, read once a process."""
    with TemporaryDirectory() as folder:
        return read_all(sample(Path(folder), leads_n=leads_n))
