"""What still counts of the windows pulled since the gate was last open."""

from datetime import UTC, datetime, timedelta

import pytest

from planerka.intake.row_tests import BY_KEY
from planerka.intake.settling import unsettled
from planerka.intake.spec import Tally, undiluted
from planerka.store.windows import PulledWindow

NOW = datetime(2026, 11, 23, 5, tzinfo=UTC)
STAGE, FUTURE, READABLE = "event.stage_known", "event.not_future", "event.values_readable"


def window(pull_n: int, rows_n: int = 100, token: str | None = None, **failed: int) -> PulledWindow:
    """A window of the pull with that number, and how many rows failed each test (by the end of its key)."""
    checks = [BY_KEY[f"event.{name}"].check(Tally(rows_n=rows_n, failed_n=n)) for name, n in failed.items()]
    counts = {"rows_n": rows_n, "changed_n": rows_n, "quarantined_n": 0, "checks": tuple(checks)}
    at = NOW + timedelta(hours=pull_n)
    return PulledWindow(source="crm", since=None, until=NOW, token=token, pulled_at=at, **counts)


def failed(windows: list[PulledWindow], whys: list[list[str]]) -> list[tuple[str, int]]:
    return [(check.key, check.failed_n) for check in unsettled(windows, whys).checks]


# Windows, and what counts of their answers to a test that holds nothing back.
CASES = [
    ([window(1, values_readable=60)], [60]),
    ([window(1, values_readable=60), window(1, values_readable=0)], [60, 0]),
    ([window(1, values_readable=60), window(2, values_readable=0)], [0]),
    ([window(1, values_readable=60), window(2, rows_n=0, values_readable=0)], [60, 0]),
    ([window(1, values_readable=60), window(2, values_readable=0), window(3, values_readable=60)], [0, 60]),
    ([window(1, values_readable=60, token="a"), window(1, values_readable=61, token="b")], [61]),
]


@pytest.mark.parametrize("windows, expected", CASES)
def test_a_test_that_holds_nothing_back_is_settled_by_a_later_pull_in_which_it_passed(windows, expected):
    assert [(READABLE, n) for n in expected] == failed(windows, [])


def test_of_the_rows_that_a_test_holds_back_those_count_that_wait():
    """For that test, whatever others say of them."""
    windows = [window(1, stage_known=30, not_future=5), window(2, stage_known=0)]
    assert [(STAGE, 20), (FUTURE, 1), (STAGE, 0)] == failed(windows, [[STAGE]] * 19 + [[STAGE, FUTURE]])


@pytest.mark.parametrize(
    "waiting_n, expected", [(30, (100, 30)), (21, (100, 21)), (20, (10_100, 20)), (0, (10_100, 0))]
)
def test_good_windows_do_not_make_up_for_the_held_rows_of_a_bad_one(waiting_n, expected):
    held = unsettled([window(1, stage_known=30), window(2, 10_000)], [[STAGE]] * waiting_n).held
    assert expected == (held.rows_n, held.failed_n)


def test_parts_that_are_forgiven_one_by_one_are_judged_together():
    forgiven, bad = Tally(rows_n=100, failed_n=15, unknown_n=2), Tally(rows_n=100, failed_n=30)
    assert Tally(rows_n=200, failed_n=30, unknown_n=4) == undiluted(BY_KEY[STAGE], [forgiven] * 2)
    assert bad == undiluted(BY_KEY[STAGE], [forgiven, bad])
