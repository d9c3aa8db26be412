"""A random company with short histories, kept as frames and stored the way a pull stores them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import sqlalchemy as sa

from planerka.model import Contract, Event, Lead, Outcome, Reference, Spend, Verdict
from planerka.store import neglect, verdicts
from planerka.store.leads import store_batch, sweep

SOURCE, ZONE, ANALYST = "crm", ZoneInfo("Europe/Moscow"), "analyst"
FIRST_AT = datetime(2026, 3, 2, tzinfo=UTC)
UNTIL = FIRST_AT + timedelta(days=500)

STEPS = (
    "qualified",
    "meeting_held",
    "booked",
    "booking_paid",
    "contract_signed",
    "booking_expired",
    "booking_cancelled",
)
KINDS = (*STEPS, "rejected", "rejected", "reopened", "call_out", "message_out", "call_in")
SPENT = [(day, channel, "", "", 10_000, "RUB") for day in ("2026-03-02", "2026-03-20") for channel in ("A", "B")]


REASONS = {"R1": "spam", "R2": "no_answer", "R3": None}


class Company:
    """Sixty leads of forty days with fifteen events each, at odd minutes, so that no two events are at once."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.leads = pd.DataFrame([self.lead(n) for n in range(60)])
        self.came = self.leads[["id", "created_at"]].to_dict("records")
        self.events = pd.DataFrame([self.event(n) for n in range(900)])
        self.contracts = pd.DataFrame([self.contract(n) for n in range(30)])
        self.spend = pd.DataFrame(
            SPENT, columns=["spent_on", "channel_id", "campaign_id", "project_id", "amount_minor", "currency"]
        ).astype({"spent_on": "datetime64[us]"})
        self.verdicts: dict[str, str] = {}
        self.neglects = pd.DataFrame(
            [{"lead_id": f"L{n}", "manager_id": "M", "last_touch_at": self.at(40)} for n in range(5)]
        )
        self.neglects["neglected_at"] = self.neglects["last_touch_at"] + timedelta(days=5)
        self.vanished: set[str] = set()

    def pick(self, *values: Any) -> Any:
        return values[self.random.integers(len(values))]

    def at(self, days_n: float) -> datetime:
        return FIRST_AT + timedelta(microseconds=int(self.random.integers(days_n * 86_400_000_000)))

    def lead(self, n: int) -> dict[str, Any]:
        row = dict.fromkeys(["client_id", "promo_code", "stage_id", "reason_id", "phone_is_valid", "url"])
        row |= {"id": f"L{n}", "created_at": self.at(40), "status": "open"}
        row |= {"enquiry": self.pick("form", "answered_call", "missed_call", None), "agency_id": self.pick("X", None)}
        row |= {"channel_id": self.pick("A", "B", None), "campaign_id": self.pick("K", None)}
        return row | {"project_id": self.pick("P", "Q", None), "manager_id": self.pick("M", "N", None)}

    def event(self, n: int) -> dict[str, Any]:
        row = dict.fromkeys(["recorded_at", "from_stage_id", "to_stage_id", "duration_s", "due_at"])
        row |= {"reason_id": self.pick(*REASONS, "unmapped", None)}
        lead = self.came[self.random.integers(60)]
        row |= {"id": f"E{n}", "lead_id": lead["id"], "kind": self.pick(*KINDS)}
        soon_at = lead["created_at"] + (self.at(0.1) - FIRST_AT)
        row |= {"at": self.pick(soon_at, self.at(41), self.at(70), self.at(440))}
        row |= {"manager_id": self.pick("M", "N", None)}
        row |= {"actor_id": self.pick(ANALYST, "someone", None), "actor_kind": self.pick("person", "robot")}
        return row | {"outcome": self.pick("answered", "no_answer", None)}

    def contract(self, n: int) -> dict[str, Any]:
        signed_at = self.at(300)
        terminated_at = self.pick(None, signed_at + timedelta(days=int(self.random.integers(90))))
        row = {"id": f"C{n}", "deal_id": None, "lead_id": f"L{self.random.integers(70)}", "flat_type": None}
        row |= {"project_id": self.pick("P", None), "unit_kind": self.pick("flat", "flat", "parking", "storage")}
        row |= {"area_m2": self.pick(45.67, 0.29, None), "price_minor": int(self.random.integers(1, 10**12))}
        return row | {"currency": "RUB", "signed_at": signed_at, "terminated_at": terminated_at}

    def go_on(self) -> None:
        """What a later pull brings: late and corrected events, moved leads, terminations, a lead that is gone."""
        late = pd.DataFrame([self.event(n) for n in (*range(20), *range(900, 940))])
        self.events = pd.concat([self.events, late]).drop_duplicates("id", keep="last", ignore_index=True)
        self.leads.loc[:5, ["channel_id", "manager_id"]] = ["B", "N"]
        self.contracts.loc[:4, "terminated_at"] = self.contracts.loc[:4, "signed_at"] + timedelta(days=3)
        self.vanished = {"L7"}

    def store(self, connection: sa.Connection, number: int) -> None:
        """Store everything and judge two rejections of three for the `number`-th time."""
        named = [{"kind": "reason", "id": id_, "title": id_, "code": code} for id_, code in REASONS.items()]
        store_batch(connection, SOURCE, Reference, pd.DataFrame(named), ZONE)
        for noun, rows in ((Lead, self.leads), (Event, self.events), (Contract, self.contracts), (Spend, self.spend)):
            present = rows[~rows["id"].isin(self.vanished)] if noun is Lead else rows
            store_batch(connection, SOURCE, noun, typed(present), ZONE)
        sweep(connection, SOURCE, set(self.leads["id"]) - self.vanished, UNTIL)
        neglect.store(connection, SOURCE, typed(self.neglects), ZONE)
        rejections = self.events.loc[self.events["kind"] == "rejected", "id"]
        judged = {id_: self.pick(*Outcome) for n, id_ in enumerate(rejections) if n % 3}
        self.verdicts |= judged
        blank = {"number": number, "edition": "2024-01-01", "findings": (), "evidence": {}}
        new = [Verdict(rejection_id=id_, outcome=outcome, **blank) for id_, outcome in judged.items()]
        verdicts.add(connection, SOURCE, new, UNTIL + timedelta(seconds=number))


def typed(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with the dtypes of a batch: instants in UTC."""
    instants = rows.columns[rows.columns.str.endswith("_at")]
    return rows.assign(**{n: pd.to_datetime(rows[n], utc=True).astype("datetime64[us, UTC]") for n in instants})
