"""Measures of the touched days: what SQL can count, and the responses, whose working time it cannot."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime

import numpy as np
import pandas as pd
import sqlalchemy as sa

from planerka.clock import WorkCalendar
from planerka.model import Enquiry
from planerka.rulebook.measures import RESPONSE_BINS
from planerka.rulebook.regulation import AWAITED
from planerka.store import measures
from planerka.store.measure_selects import SCOPES

BIN_NAMES = np.array([*RESPONSE_BINS, ""])
BIN_ENDS_MIN = np.array([high for _, high in RESPONSE_BINS.values()])

NormsByDay = Mapping[date, Mapping[Enquiry, int]]
"""Working minutes within which a person must respond, by the day from which they are in force and kind of enquiry."""


def compute_measures(
    connection: sa.Connection,
    source: str,
    office: WorkCalendar,
    norms: NormsByDay,
    analyst_ids: Iterable[str],
    until: datetime,
) -> int:
    """Measure every touched day again; returns how many days that were.

    `until`: the instant up to which the source is complete. The transaction holds the lock of the source until it
    ends.
    """
    with measures.recomputing(connection, source, analyst_ids) as days_n:
        counted, waiting_on = count_responses(measures.first_responses(connection, source), office, norms, until)
        measures.add(connection, source, counted)
        measures.touch(connection, source, waiting_on)
    return days_n


def count_responses(
    responses: pd.DataFrame, office: WorkCalendar, norms: NormsByDay, until: datetime
) -> tuple[pd.DataFrame, list[datetime]]:
    """Measures of the first responses, and the days on which a lead still waits within the norm.

    `responses` as `store.measures.first_responses`; those of days without a norm are not counted. A lead that nobody
    answered yet, and whose norm has not run out at `until`, is neither kept nor broken: the next run counts its day.
    """
    norm_min = norm_of(responses, norms)
    asked, norm_min = responses[~np.isnan(norm_min)], norm_min[~np.isnan(norm_min)]
    waited_min = waited(asked, office, until)
    is_answered = asked["response_at"].notna().to_numpy()
    is_within = waited_min <= norm_min
    is_waiting = ~is_answered & is_within
    bins = np.where(is_answered, BIN_NAMES[np.searchsorted(BIN_ENDS_MIN, waited_min, side="left")], "")
    cells = asked[["day_on", *SCOPES]]
    marked = [
        cells[~is_waiting].assign(measure="needed_response_n"),
        cells[is_answered & is_within].assign(measure="responded_in_norm_n"),
        cells[bins != ""].assign(measure=bins[bins != ""]),
    ]
    counted = pd.concat(marked).groupby(["measure", "day_on", *SCOPES], as_index=False, sort=False).size()
    return counted.rename(columns={"size": "value"}), asked["day_on"][is_waiting].drop_duplicates().to_list()


def norm_of(responses: pd.DataFrame, norms: NormsByDay) -> np.ndarray:
    """The norm for each kind of enquiry in force on each local day, in working minutes; NaN before the first."""
    since_on = np.array(sorted(norms), dtype="datetime64[us]")
    minutes = np.full((len(since_on) + 1, len(AWAITED)), np.nan)
    for row, day in enumerate(sorted(norms), start=1):
        minutes[row] = [norms[day][kind] for kind in AWAITED]
    row = np.searchsorted(since_on, responses["day_on"].to_numpy("datetime64[us]"), side="right")
    return minutes[row, pd.Categorical(responses["enquiry"], AWAITED).codes]


def waited(responses: pd.DataFrame, office: WorkCalendar, until: datetime) -> np.ndarray:
    """Working minutes from each enquiry to its response, or to `until` where there is none yet, by the hours of the
    office that serves its project."""
    asked_at, answered_at = (responses[name].to_numpy("datetime64[us]") for name in ("created_at", "response_at"))
    until_at = np.datetime64(until.replace(tzinfo=None), "us")
    ends_at = np.where(np.isnat(answered_at), until_at, answered_at)
    minutes = np.empty(len(responses))
    for calendar, is_its in office.offices(responses["project_id"]):
        minutes[is_its] = calendar.working_minutes(asked_at[is_its], ends_at[is_its])
    return minutes
