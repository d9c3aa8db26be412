"""How tasks are repeated and when they are given up, by what they touch.

Nothing is cached: the database knows what is already done, and a task that finds its work done does nothing.
Only a lost or locked database is tried again. A gate that stopped, a setting that is wrong or a lock that another
run holds would answer the same the second time, and somebody waits for the answer.
"""

from typing import Any

from prefect import Task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from sqlalchemy.exc import OperationalError

from planerka.errors import StoreBusyError


def is_database_trouble(task: Task[..., Any], task_run: TaskRun, state: State[Any]) -> bool:
    """Whether the task failed for want of its database."""
    return isinstance(state.result(raise_on_failure=False), OperationalError | StoreBusyError)


UNREPEATED: dict[str, Any] = {"cache_policy": NO_CACHE, "timeout_seconds": 1800}

DATABASE = UNREPEATED | {
    "retries": 2,
    "retry_delay_seconds": [5, 30],
    "retry_condition_fn": is_database_trouble,
}
"""Reads and writes our database only, in transactions: half a task is no task."""

SOURCE = DATABASE | {"timeout_seconds": 4 * 3600}
"""Pulls by closed windows, each stored with its rows: a repeat goes on where the last one stopped."""

SOURCE_WRITES = UNREPEATED
"""Writes to the CRM. A repeat is safe only after reading back, and `apply_rulings` of the next run does that."""

FILES = UNREPEATED
"""Renders and writes files under `out`, atomically."""

DELIVERY = UNREPEATED
"""Sends. The ledger of deliveries decides what is sent again, never a retry."""
