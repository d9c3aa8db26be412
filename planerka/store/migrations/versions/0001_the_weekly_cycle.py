"""The weekly cycle."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


POSSIBLE_STEPS = ", ".join(
    f"'{step.strip()}'"
    for step in """
    none open opened
    opened uphold upheld
    opened return_to_work return_ruled
    opened expire expired
    opened fall fallen
    opened assign assigned
    opened request_evidence evidence_requested
    opened judge_again opened
    assigned uphold upheld
    assigned return_to_work return_ruled
    assigned expire expired
    assigned fall fallen
    assigned assign assigned
    assigned request_evidence evidence_requested
    assigned judge_again assigned
    evidence_requested uphold upheld
    evidence_requested return_to_work return_ruled
    evidence_requested expire expired
    evidence_requested fall fallen
    evidence_requested assign evidence_requested
    evidence_requested answer assigned
    evidence_requested judge_again evidence_requested
    evidence_requested undo opened
    evidence_requested undo assigned
    expired uphold upheld
    expired return_to_work return_ruled
    upheld appeal appealed
    upheld undo opened
    upheld undo assigned
    upheld undo evidence_requested
    return_ruled appeal appealed
    return_ruled undo opened
    return_ruled undo assigned
    return_ruled undo evidence_requested
    appealed uphold final_upheld
    appealed return_to_work final_return
    final_upheld undo appealed
    final_return undo appealed
    fallen stand_again opened
    """.strip().splitlines()
)
"""State before, action, state: what may become of a dispute."""

IS_OPEN = "state IN ('opened', 'assigned', 'evidence_requested', 'expired', 'appealed')"


def upgrade() -> None:
    op.create_table(
        "contract",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("deal_id", sa.Text(), nullable=True),
        sa.Column("lead_id", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Text(), nullable=True),
        sa.Column("unit_kind", sa.Text(), nullable=False),
        sa.Column("flat_type", sa.Text(), nullable=True),
        sa.Column("area_m2", sa.Float(), nullable=True),
        sa.Column("price_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("signed_at", sa.BigInteger(), nullable=False),
        sa.Column("terminated_at", sa.BigInteger(), nullable=True),
        sa.Column("signed_on", sa.Date(), nullable=False),
        sa.Column("terminated_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("source", "id", name=op.f("pk_contract")),
    )
    op.create_index(op.f("ix_contract_source_lead_id"), "contract", ["source", "lead_id"], unique=False)
    op.create_index(op.f("ix_contract_source_signed_on"), "contract", ["source", "signed_on"], unique=False)
    op.create_table(
        "delivery",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("week", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("copied_to", sa.Text(), nullable=True),
        sa.Column("occasion", sa.Text(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", "week", "version", "channel", "recipient", name=op.f("pk_delivery")),
        sa.UniqueConstraint("message_id", name=op.f("uq_delivery_message_id")),
    )
    op.create_table(
        "dispute",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("lead_id", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("steps_n", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("assigned_to", sa.Text(), nullable=True),
        sa.Column("ruling_id", sa.Integer(), nullable=True),
        sa.Column("at_stake_minor", sa.BigInteger(), nullable=True),
        sa.Column("stake", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("said", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispute")),
        sa.UniqueConstraint("source", "subject_id", name=op.f("uq_dispute_source_subject_id")),
    )
    op.create_index(op.f("ix_dispute_source_id"), "dispute", ["source", "id"], unique=False)
    op.create_index(op.f("ix_dispute_source_lead_id"), "dispute", ["source", "lead_id"], unique=False)
    op.create_index(
        "ix_dispute_open",
        "dispute",
        ["source", "state"],
        unique=False,
        sqlite_where=sa.text(IS_OPEN),
        postgresql_where=sa.text(IS_OPEN),
    )
    op.create_table(
        "edition",
        sa.Column("edition", sa.Text(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("edition", name=op.f("pk_edition")),
    )
    op.create_table(
        "erased_client",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("client_sha256", sa.Text(), nullable=False),
        sa.Column("erased_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", "client_sha256", name=op.f("pk_erased_client")),
    )
    op.create_table(
        "erased_lead",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("lead_id", sa.Text(), nullable=False),
        sa.Column("erased_at", sa.BigInteger(), nullable=False),
        sa.Column("is_by_request", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("source", "lead_id", name=op.f("pk_erased_lead")),
    )
    op.create_table(
        "event",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("lead_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=True),
        sa.Column("actor_id", sa.Text(), nullable=True),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("manager_id", sa.Text(), nullable=True),
        sa.Column("reason_id", sa.Text(), nullable=True),
        sa.Column("from_stage_id", sa.Text(), nullable=True),
        sa.Column("to_stage_id", sa.Text(), nullable=True),
        sa.Column("duration_s", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("source", "id", name=op.f("pk_event")),
    )
    op.create_index(op.f("ix_event_source_kind_happened_on"), "event", ["source", "kind", "happened_on"], unique=False)
    op.create_index(op.f("ix_event_source_lead_id"), "event", ["source", "lead_id"], unique=False)
    op.create_table(
        "gate_report",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("suite", sa.Text(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("checks", sa.JSON(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gate_report")),
    )
    op.create_index(op.f("ix_gate_report_source_suite_at"), "gate_report", ["source", "suite", "at"], unique=False)
    op.create_table(
        "lead",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=True),
        sa.Column("enquiry", sa.Text(), nullable=True),
        sa.Column("channel_id", sa.Text(), nullable=True),
        sa.Column("campaign_id", sa.Text(), nullable=True),
        sa.Column("promo_code", sa.Text(), nullable=True),
        sa.Column("project_id", sa.Text(), nullable=True),
        sa.Column("manager_id", sa.Text(), nullable=True),
        sa.Column("agency_id", sa.Text(), nullable=True),
        sa.Column("stage_id", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason_id", sa.Text(), nullable=True),
        sa.Column("phone_is_valid", sa.Boolean(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("created_on", sa.Date(), nullable=True),
        sa.Column("vanished_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("source", "id", name=op.f("pk_lead")),
    )
    op.create_index(op.f("ix_lead_source_client_id"), "lead", ["source", "client_id"], unique=False)
    op.create_index(op.f("ix_lead_source_created_on"), "lead", ["source", "created_on"], unique=False)
    op.create_table(
        "measure",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("day_on", sa.Date(), nullable=False),
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("channel_id", sa.Text(), nullable=False),
        sa.Column("campaign_id", sa.Text(), nullable=False),
        sa.Column("manager_id", sa.Text(), nullable=False),
        sa.Column("agency_id", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "source",
            "measure",
            "day_on",
            "project_id",
            "channel_id",
            "campaign_id",
            "manager_id",
            "agency_id",
            name=op.f("pk_measure"),
        ),
    )
    op.create_index(op.f("ix_measure_source_day_on"), "measure", ["source", "day_on"], unique=False)
    op.create_table(
        "neglect",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("lead_id", sa.Text(), nullable=False),
        sa.Column("last_touch_at", sa.BigInteger(), nullable=False),
        sa.Column("neglected_at", sa.BigInteger(), nullable=False),
        sa.Column("neglected_on", sa.Date(), nullable=False),
        sa.Column("manager_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("source", "lead_id", "last_touch_at", name=op.f("pk_neglect")),
    )
    op.create_index(op.f("ix_neglect_source_neglected_on"), "neglect", ["source", "neglected_on"], unique=False)
    op.create_table(
        "pack",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("week", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("assembled_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", "week", "version", name=op.f("pk_pack")),
    )
    op.create_table(
        "plan",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("kpi", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("to_on", sa.Date(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", "kpi", "project_id", "from_on", "to_on", name=op.f("pk_plan")),
    )
    op.create_table(
        "pull_window",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=True),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("token", sa.Text(), nullable=True),
        sa.Column("rows_n", sa.BigInteger(), nullable=False),
        sa.Column("changed_n", sa.BigInteger(), nullable=False),
        sa.Column("quarantined_n", sa.BigInteger(), nullable=False),
        sa.Column("checks", sa.JSON(), nullable=False),
        sa.Column("pulled_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pull_window")),
    )
    op.create_index(op.f("ix_pull_window_source_until"), "pull_window", ["source", "until"], unique=False)
    op.create_table(
        "quarantine",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("noun", sa.Text(), nullable=False),
        sa.Column("row_key", sa.Text(), nullable=False),
        sa.Column("row", sa.JSON(), nullable=False),
        sa.Column("why", sa.JSON(), nullable=False),
        sa.Column("place", sa.JSON(), nullable=False),
        sa.Column("quarantined_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantine")),
        sa.UniqueConstraint("source", "noun", "row_key", name=op.f("uq_quarantine_source_noun_row_key")),
    )
    op.create_table(
        "reference",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("source", "kind", "id", name=op.f("pk_reference")),
    )
    op.create_table(
        "rejection",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("lead_id", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("duplicate_of_id", sa.Text(), nullable=True),
        sa.Column("wanted_area", sa.Text(), nullable=True),
        sa.Column("wanted_area_is_ours", sa.Boolean(), nullable=True),
        sa.Column("wish", sa.Text(), nullable=True),
        sa.Column("lots_matching_n", sa.BigInteger(), nullable=True),
        sa.Column("budget_minor", sa.BigInteger(), nullable=True),
        sa.Column("budget_kind", sa.Text(), nullable=True),
        sa.Column("instalments_discussed", sa.Boolean(), nullable=True),
        sa.Column("mortgage_applied", sa.Boolean(), nullable=True),
        sa.Column("mortgage_decision", sa.Text(), nullable=True),
        sa.Column("other_banks_offered", sa.Boolean(), nullable=True),
        sa.Column("nurture_listed", sa.Boolean(), nullable=True),
        sa.Column("offer", sa.Text(), nullable=True),
        sa.Column("competitor", sa.Text(), nullable=True),
        sa.Column("horizon_months", sa.BigInteger(), nullable=True),
        sa.Column("passed_to_agency_desk", sa.Boolean(), nullable=True),
        sa.Column("asked_not_to_call", sa.Boolean(), nullable=True),
        sa.Column("wrong_service_said", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("source", "id", name=op.f("pk_rejection")),
    )
    op.create_index(op.f("ix_rejection_source_lead_id"), "rejection", ["source", "lead_id"], unique=False)
    op.create_table(
        "run_lock",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_run_lock")),
    )
    op.create_table(
        "acknowledgement",
        sa.Column("edition", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("manager_id", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("acknowledged_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("edition", "source", "manager_id", name=op.f("pk_acknowledgement")),
    )
    op.create_table(
        "signature",
        sa.Column("edition", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("signed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("edition", "role", name=op.f("pk_signature")),
    )
    op.create_table(
        "source",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("lacks", sa.JSON(), nullable=False),
        sa.Column("data_from", sa.BigInteger(), nullable=True),
        sa.Column("data_until", sa.BigInteger(), nullable=False),
        sa.Column("neglect_until", sa.BigInteger(), nullable=True),
        sa.Column("measured_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_source")),
    )
    op.create_table(
        "token",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_token")),
    )
    op.create_table(
        "spend",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("spent_on", sa.Date(), nullable=False),
        sa.Column("channel_id", sa.Text(), nullable=False),
        sa.Column("campaign_id", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("source", "spent_on", "channel_id", "campaign_id", "project_id", name=op.f("pk_spend")),
    )
    op.create_table(
        "stock",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("stock_on", sa.Date(), nullable=False),
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("flat_type", sa.Text(), nullable=False),
        sa.Column("available_n", sa.BigInteger(), nullable=False),
        sa.Column("min_price_minor", sa.BigInteger(), nullable=True),
        sa.Column("median_price_minor", sa.BigInteger(), nullable=True),
        sa.Column("min_payment_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("source", "stock_on", "project_id", "flat_type", name=op.f("pk_stock")),
    )
    op.create_table(
        "touched_day",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("day_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("source", "day_on", name=op.f("pk_touched_day")),
    )
    op.create_table(
        "verdict",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("rejection_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("edition", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("lacks", sa.JSON(), nullable=False),
        sa.Column("is_qualified", sa.Boolean(), nullable=True),
        sa.Column("rejudged", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("judged_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", "rejection_id", "number", name=op.f("pk_verdict")),
    )
    op.create_index(op.f("ix_verdict_source_judged_at"), "verdict", ["source", "judged_at"], unique=False)
    op.create_table(
        "dispute_step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("dispute_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("number_before", sa.Integer(), nullable=True),
        sa.Column("state_before", sa.Text(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("undone_to", sa.Text(), nullable=True),
        sa.Column("author", sa.Text(), nullable=True),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("coalesce(number_before, 0) = number - 1", name=op.f("ck_dispute_step_follows")),
        sa.CheckConstraint("(number_before IS NULL) = (state_before IS NULL)", name=op.f("ck_dispute_step_begins")),
        sa.CheckConstraint(
            f"coalesce(state_before, 'none') || ' ' || action || ' ' || state IN ({POSSIBLE_STEPS})",
            name=op.f("ck_dispute_step_possible"),
        ),
        sa.CheckConstraint(
            "coalesce(undone_to, 'none') = CASE action WHEN 'undo' THEN state ELSE 'none' END",
            name=op.f("ck_dispute_step_undoes"),
        ),
        sa.ForeignKeyConstraint(["dispute_id"], ["dispute.id"]),
        sa.ForeignKeyConstraint(
            ["dispute_id", "number_before", "state_before"],
            ["dispute_step.dispute_id", "dispute_step.number", "dispute_step.state"],
        ),
        sa.ForeignKeyConstraint(
            ["dispute_id", "number_before", "undone_to"],
            ["dispute_step.dispute_id", "dispute_step.number", "dispute_step.state_before"],
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispute_step")),
        sa.UniqueConstraint("dispute_id", "number", name=op.f("uq_dispute_step_dispute_id_number")),
        sa.UniqueConstraint("dispute_id", "number", "state", name=op.f("uq_dispute_step_dispute_id_number_state")),
        sa.UniqueConstraint(
            "dispute_id", "number", "state_before", name=op.f("uq_dispute_step_dispute_id_number_state_before")
        ),
    )
    op.create_index(op.f("ix_dispute_step_action_at"), "dispute_step", ["action", "at"], unique=False)
    op.create_table(
        "reading",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("lead_id", sa.Text(), nullable=False),
        sa.Column("verdict_number", sa.Integer(), nullable=True),
        sa.Column("step_id", sa.Integer(), nullable=True),
        sa.Column("drawn_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("reader", sa.Text(), nullable=True),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("read_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["step_id"], ["dispute_step.id"]),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reading")),
        sa.UniqueConstraint("source", "subject", "subject_id", name=op.f("uq_reading_source_subject_subject_id")),
    )
    op.create_table(
        "command",
        sa.Column("marker", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("ruling_id", sa.Integer(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=False),
        sa.Column("tried_at", sa.BigInteger(), nullable=True),
        sa.Column("refusal", sa.Text(), nullable=True),
        sa.Column("refused_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["ruling_id"],
            ["dispute_step.id"],
        ),
        sa.PrimaryKeyConstraint("marker", name=op.f("pk_command")),
        sa.UniqueConstraint("ruling_id", name=op.f("uq_command_ruling_id")),
    )
    op.create_table(
        "receipt",
        sa.Column("marker", sa.Text(), nullable=False),
        sa.Column("handed_over_at", sa.BigInteger(), nullable=False),
        sa.Column("confirmed_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["marker"],
            ["command.marker"],
        ),
        sa.PrimaryKeyConstraint("marker", name=op.f("pk_receipt")),
    )
    op.create_table(
        "desk_token",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=True),
        sa.Column("dispute_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["dispute_id"],
            ["dispute.id"],
        ),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_desk_token")),
    )
    op.create_index(op.f("ix_desk_token_expires_at"), "desk_token", ["expires_at"], unique=False)
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("person", sa.Text(), nullable=True),
        sa.Column("roles", sa.Text(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("from_address", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_at"), "audit", ["at"], unique=False)
