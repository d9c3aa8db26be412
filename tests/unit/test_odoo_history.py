"""What tracked changes say has happened to a lead of Odoo."""

from datetime import UTC, datetime

import pytest

from planerka.crm.odoo.history import Change, Life

LOST = {
    "id": 45,
    "won_status": "lost",
    "stage_id": 1,
    "user_id": 2,
    "lost_reason_id": 9,
    "create_uid": 2,
    "create_date": "2026-01-01 00:00:00",
    "write_date": "2026-01-05 00:00:00",
    "date_closed": "2026-01-05 00:00:00",
    "date_last_stage_update": False,
}
OPEN = LOST | {"won_status": "pending", "lost_reason_id": False, "date_closed": False}
REJECTION = Change(
    1, datetime(2026, 1, 5, tzinfo=UTC), 2, {"won_status": ("pending", "lost"), "lost_reason_id": (False, 9)}
)
RETURN = Change(
    2, datetime(2026, 1, 6, tzinfo=UTC), 2, {"won_status": ("lost", "pending"), "lost_reason_id": (9, False)}
)


@pytest.mark.parametrize("lead", [LOST, OPEN | {"write_date": "2026-01-06 00:00:00"}])
def test_a_return_between_two_readings_makes_no_second_rejection(lead):
    """Read as lost, and returned before its history was read: one rejection, and no other one by the card."""
    ids = [event.id for event in Life(lead, [REJECTION, RETURN], {}, {2}).events()]
    assert ["45:created", "45:assigned", "m1:rejected", "m2:reopened"] == ids
