"""What tracked changes say has happened to a lead of Odoo."""

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
AT_WORK = {"won_status": "pending", "lost_reason_id": 0}
REJECTED = {"won_status": "lost", "lost_reason_id": 9}
REJECTION = Change(1, "2026-01-05 00:00:00", 2, AT_WORK, REJECTED)
RETURN = Change(2, "2026-01-06 00:00:00", 2, REJECTED, AT_WORK)


@pytest.mark.parametrize("lead", [LOST, OPEN | {"write_date": "2026-01-06 00:00:00"}])
def test_a_return_between_two_readings_makes_no_second_rejection(lead):
    """Read as lost, and returned before its history was read: one rejection, and no other one by the card."""
    ids = [row["id"] for row in Life(lead, [REJECTION, RETURN], {}, {2}).events()]
    assert ["45:created", "45:assigned", "m1:rejected", "m2:reopened"] == ids
