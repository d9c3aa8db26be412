"""The schema, once. `migrations/` brings a database to it; a test proves that the two agree.

Instants are stored as integers: microseconds since 1970 in UTC. Both databases then keep, compare and hand
out an instant in the same way, and a frame of a million of them is read without a Python object each
(docs/decisions/0002-instants-as-integers.md). Local days (`_on`) are dates.
"""

import types
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any, Union, get_args, get_origin

import sqlalchemy as sa

from planerka import model
from planerka.dispute_states import OPEN, POSSIBLE_STEPS, DisputeAction

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

IS_POSSIBLE = "coalesce(state_before, 'none') || ' ' || action || ' ' || state IN ({})".format(
    ", ".join(f"'{before or 'none'} {action} {after}'" for before, action, after in POSSIBLE_STEPS)
)
"""The truth table of a dispute, for the database: it takes no step that is not in it."""

IS_OPEN = "state IN ({})".format(", ".join(f"'{state}'" for state in OPEN))
"""Whether somebody has still to decide about a row of `dispute`: the index over those serves who says it just so."""

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


class Instant(sa.types.TypeDecorator[datetime]):
    """An aware datetime, kept as microseconds since 1970 in UTC."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> int | None:
        return None if value is None else (value - EPOCH) // timedelta(microseconds=1)

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> datetime | None:
        return None if value is None else EPOCH + timedelta(microseconds=value)


COLUMN_TYPES: dict[type, Any] = {
    str: sa.Text,
    int: sa.BigInteger,
    float: sa.Float,
    bool: sa.Boolean,
    date: sa.Date,
    datetime: Instant,
}


def column_of(annotation: Any) -> tuple[Any, bool]:
    """Column type and whether it may be null, for the annotation of a model's field."""
    is_optional = get_origin(annotation) in (Union, types.UnionType)
    kind = next(a for a in get_args(annotation) if a is not type(None)) if is_optional else annotation
    return COLUMN_TYPES[str if issubclass(kind, StrEnum) else kind], is_optional


def pulled(name: str, noun: type, *extra: Any, key: tuple[str, ...]) -> sa.Table:
    """A table for a noun that a source supplies: the source, then the fields of the model."""
    columns = [sa.Column("source", sa.Text, primary_key=True)]
    for field in fields(noun):
        column_type, is_optional = column_of(field.type)
        is_key = field.name in key
        columns.append(sa.Column(field.name, column_type, primary_key=is_key, nullable=is_optional and not is_key))
    return sa.Table(name, metadata, *columns, *extra)


reference = pulled("reference", model.Reference, key=("kind", "id"))
lead = pulled(
    "lead",
    model.Lead,
    sa.Column("created_on", sa.Date),
    sa.Column("vanished_at", Instant),
    sa.Index(None, "source", "created_on"),
    sa.Index(None, "source", "client_id"),
    key=("id",),
)
event = pulled(
    "event",
    model.Event,
    sa.Column("happened_on", sa.Date, nullable=False),
    sa.Index(None, "source", "lead_id"),
    sa.Index(None, "source", "kind", "happened_on"),
    key=("id",),
)
rejection = pulled("rejection", model.Rejection, sa.Index(None, "source", "lead_id"), key=("id",))
contract = pulled(
    "contract",
    model.Contract,
    sa.Column("signed_on", sa.Date, nullable=False),
    sa.Column("terminated_on", sa.Date),
    sa.Index(None, "source", "lead_id"),
    sa.Index(None, "source", "signed_on"),
    key=("id",),
)
spend = pulled("spend", model.Spend, key=("spent_on", "channel_id", "campaign_id", "project_id"))
plan = pulled("plan", model.Plan, key=("kpi", "project_id", "from_on", "to_on"))
stock = pulled("stock", model.Stock, key=("stock_on", "project_id", "flat_type"))

TABLE_OF = {
    model.Reference: reference,
    model.Lead: lead,
    model.Event: event,
    model.Rejection: rejection,
    model.Contract: contract,
    model.Spend: spend,
    model.Plan: plan,
    model.Stock: stock,
}

source = sa.Table(
    "source",
    metadata,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("lacks", sa.JSON, nullable=False),
    sa.Column("data_from", Instant),
    sa.Column("data_until", Instant, nullable=False),
    sa.Column("neglect_until", Instant),
    sa.Column("measured_by", sa.Text),
)

pull_window = sa.Table(
    "pull_window",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("since", Instant),
    sa.Column("until", Instant, nullable=False),
    sa.Column("token", sa.Text),
    sa.Column("rows_n", sa.BigInteger, nullable=False),
    sa.Column("changed_n", sa.BigInteger, nullable=False),
    sa.Column("quarantined_n", sa.BigInteger, nullable=False),
    sa.Column("checks", sa.JSON, nullable=False),
    sa.Column("pulled_at", Instant, nullable=False),
    sa.Index(None, "source", "until"),
)

quarantine = sa.Table(
    "quarantine",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("noun", sa.Text, nullable=False),
    sa.Column("row_key", sa.Text, nullable=False),
    sa.Column("row", sa.JSON, nullable=False),
    sa.Column("why", sa.JSON, nullable=False),
    sa.Column("place", sa.JSON, nullable=False),
    sa.Column("quarantined_at", Instant, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("decided_by", sa.Text),
    sa.Column("decided_at", Instant),
    sa.UniqueConstraint("source", "noun", "row_key"),
)

gate_report = sa.Table(
    "gate_report",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("suite", sa.Text, nullable=False),
    sa.Column("is_open", sa.Boolean, nullable=False),
    sa.Column("checks", sa.JSON, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Index(None, "source", "suite", "at"),
)

edition = sa.Table(
    "edition",
    metadata,
    sa.Column("edition", sa.Text, primary_key=True),
    sa.Column("effective_on", sa.Date, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("content", sa.Text, nullable=False),
)

signature = sa.Table(
    "signature",
    metadata,
    sa.Column("edition", sa.Text, primary_key=True),
    sa.Column("role", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("signed_at", Instant, nullable=False),
)

acknowledgement = sa.Table(
    "acknowledgement",
    metadata,
    sa.Column("edition", sa.Text, primary_key=True),
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("manager_id", sa.Text, primary_key=True),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("acknowledged_at", Instant, nullable=False),
)

verdict = sa.Table(
    "verdict",
    metadata,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("rejection_id", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("edition", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("findings", sa.JSON, nullable=False),
    sa.Column("evidence", sa.JSON, nullable=False),
    sa.Column("lacks", sa.JSON, nullable=False),
    sa.Column("is_qualified", sa.Boolean),
    sa.Column("rejudged", sa.JSON(none_as_null=True)),
    sa.Column("judged_at", Instant, nullable=False),
    sa.Index(None, "source", "judged_at"),
)

neglect = sa.Table(
    "neglect",
    metadata,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("lead_id", sa.Text, primary_key=True),
    sa.Column("last_touch_at", Instant, primary_key=True),
    sa.Column("neglected_at", Instant, nullable=False),
    sa.Column("neglected_on", sa.Date, nullable=False),
    sa.Column("manager_id", sa.Text),
    sa.Index(None, "source", "neglected_on"),
)

dispute = sa.Table(
    "dispute",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("subject_id", sa.Text, nullable=False),
    sa.Column("lead_id", sa.Text, nullable=False),
    sa.Column("opened_at", Instant, nullable=False),
    sa.Column("due_at", Instant, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("steps_n", sa.Integer, nullable=False),
    sa.Column("changed_at", Instant, nullable=False),
    sa.Column("assigned_to", sa.Text),
    sa.Column("ruling_id", sa.Integer),
    sa.Column("at_stake_minor", sa.BigInteger),
    sa.Column("stake", sa.JSON(none_as_null=True)),
    sa.Column("said", sa.Text),
    sa.UniqueConstraint("source", "subject_id"),
    # A hundred thousand closed ones, and a few hundred that every page asks for: no average tells a planner so.
    sa.Index("ix_dispute_open", "source", "state", sqlite_where=sa.text(IS_OPEN), postgresql_where=sa.text(IS_OPEN)),
    sa.Index(None, "source", "id"),  # the newest of a source without sorting all of them
    sa.Index(None, "source", "lead_id"),
)

dispute_step = sa.Table(
    "dispute_step",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("dispute_id", sa.Integer, sa.ForeignKey("dispute.id"), nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("number_before", sa.Integer),
    sa.Column("state_before", sa.Text),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("undone_to", sa.Text),
    sa.Column("author", sa.Text),
    sa.Column("comment", sa.Text),
    sa.Column("due_at", Instant, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.UniqueConstraint("dispute_id", "number", "state"),
    sa.UniqueConstraint("dispute_id", "number"),
    sa.ForeignKeyConstraint(
        ["dispute_id", "number_before", "state_before"],
        ["dispute_step.dispute_id", "dispute_step.number", "dispute_step.state"],
    ),
    sa.CheckConstraint("coalesce(number_before, 0) = number - 1", name="follows"),
    sa.CheckConstraint("(number_before IS NULL) = (state_before IS NULL)", name="begins"),
    sa.CheckConstraint(IS_POSSIBLE, name="possible"),
    # An undo leads to the `state_before` of the ruling, which is the step before it.
    sa.UniqueConstraint("dispute_id", "number", "state_before"),
    sa.ForeignKeyConstraint(
        ["dispute_id", "number_before", "undone_to"],
        ["dispute_step.dispute_id", "dispute_step.number", "dispute_step.state_before"],
    ),
    sa.CheckConstraint(
        f"coalesce(undone_to, 'none') = CASE action WHEN '{DisputeAction.UNDO}' THEN state ELSE 'none' END",
        name="undoes",
    ),
    sa.Index(None, "action", "at"),
)

command = sa.Table(
    "command",
    metadata,
    sa.Column("marker", sa.Text, primary_key=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("ruling_id", sa.Integer, sa.ForeignKey("dispute_step.id"), nullable=False, unique=True),
    sa.Column("content", sa.JSON, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("not_before", Instant, nullable=False),
    sa.Column("tried_at", Instant),
    sa.Column("refusal", sa.Text),
    sa.Column("refused_at", Instant),
)

receipt = sa.Table(
    "receipt",
    metadata,
    sa.Column("marker", sa.Text, sa.ForeignKey("command.marker"), primary_key=True),
    sa.Column("handed_over_at", Instant, nullable=False),
    sa.Column("confirmed_at", Instant),
)

reading = sa.Table(
    "reading",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("subject_id", sa.Text, nullable=False),
    sa.Column("lead_id", sa.Text, nullable=False),
    sa.Column("verdict_number", sa.Integer),
    sa.Column("step_id", sa.Integer, sa.ForeignKey("dispute_step.id")),
    sa.Column("drawn_at", Instant, nullable=False),
    sa.Column("due_at", Instant, nullable=False),
    sa.Column("reader", sa.Text),
    sa.Column("decision", sa.Text),
    sa.Column("comment", sa.Text),
    sa.Column("read_at", Instant),
    sa.UniqueConstraint("source", "subject", "subject_id"),
)

touched_day = sa.Table(
    "touched_day",
    metadata,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("day_on", sa.Date, primary_key=True),
)

measure = sa.Table(
    "measure",
    metadata,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("measure", sa.Text, primary_key=True),
    sa.Column("day_on", sa.Date, primary_key=True),
    sa.Column("project_id", sa.Text, primary_key=True),
    sa.Column("channel_id", sa.Text, primary_key=True),
    sa.Column("campaign_id", sa.Text, primary_key=True),
    sa.Column("manager_id", sa.Text, primary_key=True),
    sa.Column("agency_id", sa.Text, primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False),
    sa.Index(None, "source", "day_on"),
)

pack = sa.Table(
    "pack",
    metadata,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("week", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("facts", sa.JSON, nullable=False),
    sa.Column("assembled_at", Instant, nullable=False),
)

delivery = sa.Table(
    "delivery",
    metadata,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("week", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("channel", sa.Text, primary_key=True),
    sa.Column("recipient", sa.Text, primary_key=True),
    sa.Column("message_id", sa.Text, nullable=False, unique=True),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("answer", sa.Text),
    sa.Column("copied_to", sa.Text),
    sa.Column("occasion", sa.Text),
    sa.Column("at", Instant, nullable=False),
)

run_lock = sa.Table(
    "run_lock",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("holder", sa.Text, nullable=False),
    sa.Column("since", Instant, nullable=False),
)

erased_client = sa.Table(
    "erased_client",
    metadata,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("client_sha256", sa.Text, primary_key=True),
    sa.Column("erased_at", Instant, nullable=False),
)

erased_lead = sa.Table(
    "erased_lead",
    metadata,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("lead_id", sa.Text, primary_key=True),
    sa.Column("erased_at", Instant, nullable=False),
    sa.Column("is_by_request", sa.Boolean, nullable=False),
)

token = sa.Table(
    "token",
    metadata,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("sealed", sa.Text, nullable=False),
)

desk_token = sa.Table(
    "desk_token",
    metadata,
    sa.Column("sha256", sa.Text, primary_key=True),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("person", sa.Text),
    sa.Column("dispute_id", sa.Integer, sa.ForeignKey("dispute.id")),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("used_at", Instant),
    sa.Index(None, "expires_at"),
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", Instant, nullable=False),
    sa.Column("person", sa.Text),
    sa.Column("roles", sa.Text),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("subject", sa.Text),
    sa.Column("from_address", sa.Text),
    sa.Column("detail", sa.Text),
    sa.Index(None, "at"),
)
