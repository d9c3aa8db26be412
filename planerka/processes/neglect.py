"""Neglect: an open lead with no next task and no touch for longer than the norm, a rejection nobody wrote down.

A task or a booking covers the lead until it falls due: from then on, or from the last touch if that is later,
the norm runs. Each silence that outlasts it is one neglect, charged to who owned the lead when it began.

A settled neglect stays, as a verdict does: a call that becomes known later still takes none back.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import sqlalchemy as sa

from planerka.clock import WorkCalendar
from planerka.model import ActorKind, EventKind
from planerka.regulation.signed import edition_in_force, signed_editions
from planerka.rulebook.measures import MEASURES
from planerka.store import leads, neglect
from planerka.store.windows import get_source

CLOSING = (EventKind.REJECTED, EventKind.CONTRACT_SIGNED)
"""After these nobody owes the lead a touch, until it is reopened."""

BATCH_N = 50_000
"""Leads looked at together: their events, about a dozen each, are what fills memory."""

EVENT_FIELDS = ("lead_id", "kind", "at", "due_at", "actor_kind", "manager_id")


def find_neglects(engine: sa.Engine, source: str, office: WorkCalendar) -> int:
    """Keep every settled neglect of the leads that are open, or that were closed since neglect was last looked for.

    The norm is that of the edition in force now; without one nothing is a neglect, and neither is it in a source
    that cannot say what was done about a lead. Returns how many are new. What is found depends on what is pulled
    and judged, not on which run looks: one that was killed is made up for by the next.
    """
    with engine.begin() as connection:
        known = get_source(connection, source)
        edition = edition_in_force(connection, known.data_until, office.zone) if known else None
        if known is None or edition is None or MEASURES["neglected_n"].missing(known.lacks):
            return 0
        until = known.data_until - timedelta(hours=edition.norms.settling_hours)
        norm = timedelta(days=edition.norms.neglect_days)
        ids, new_n = leads_to_look_at(connection, source, office.zone), 0
        for start in range(0, len(ids), BATCH_N):
            events = leads.events_of(connection, source, ids.iloc[start : start + BATCH_N], EVENT_FIELDS)
            silences = neglects(events, norm, until)
            if known.data_from:  # before that, the silence may be ours
                silences = silences[silences["last_touch_at"] >= known.data_from]
            new_n += len(neglect.store(connection, source, silences, office.zone))
        neglect.put_looked_until(connection, source, until)
    return new_n


def leads_to_look_at(connection: sa.Connection, source: str, zone: ZoneInfo) -> pd.Series:
    """Ids of the leads that may have a neglect which is not stored yet.

    A lead that was open at the last look had its silences stored up to then, so of the closed ones only those are
    read that were closed since; at the first look, since the first edition.
    """
    last_until = neglect.looked_until(connection, source)
    since_on = last_until.astimezone(zone).date() if last_until else signed_editions(connection)[0].effective_on
    closed = neglect.leads_closed_since(connection, source, CLOSING, since_on, zone)
    return pd.concat([leads.open_ids(connection, source), closed]).drop_duplicates()


def neglects(events: pd.DataFrame, norm: timedelta, until: datetime) -> pd.DataFrame:
    """Every silence longer than `norm` that was over the norm by `until`.

    `events`: the columns EVENT_FIELDS, in any order.
    Returns one row a silence: lead_id, manager_id (None where unknown), last_touch_at, neglected_at.
    """
    touches = touches_of(events, until)
    lead = touches["lead_id"].to_numpy()
    covered = pd.concat([touches["at"], touches["due_at"]], axis=1).max(axis=1).groupby(lead, sort=False).cummax()
    is_last = np.append(lead[1:] != lead[:-1], True) if len(lead) else np.zeros(0, bool)
    next_at = touches["at"].shift(-1).mask(is_last, pd.Timestamp(until))
    neglected_at = covered + norm
    is_silent = (next_at > neglected_at) & ~is_closed(touches)
    found = touches.loc[is_silent, ["lead_id", "manager_id", "at"]].rename(columns={"at": "last_touch_at"})
    return found.assign(neglected_at=neglected_at[is_silent]).reset_index(drop=True)


def is_closed(touches: pd.DataFrame) -> pd.Series:
    """Whether the lead was closed once each touch was over: a note written after a rejection reopens nothing."""
    state = pd.Series(np.nan, index=touches.index)
    state[touches["kind"].isin(CLOSING)] = 1.0
    state[touches["kind"] == EventKind.REOPENED] = 0.0
    return state.groupby(touches["lead_id"], sort=False).ffill() == 1.0


def touches_of(events: pd.DataFrame, until: datetime) -> pd.DataFrame:
    """The events that a client could notice or that change the lead's state, by lead and time.

    A robot's message is no touch: otherwise a mailing would hide every neglected lead.
    """
    is_robots = (events["actor_kind"] == ActorKind.ROBOT) & (events["kind"] == EventKind.MESSAGE_OUT)
    seen = events[~is_robots & (events["at"] < pd.Timestamp(until))]
    return seen.sort_values(["lead_id", "at"], kind="stable", ignore_index=True)
