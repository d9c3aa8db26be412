"""How tasks are repeated and when they are given up, by what they touch.

Nothing is cached: the database knows what is already done, and a task that finds its work done does nothing.
Only a lost or locked database is tried again, whatever the task does besides. A full disk or a wrong password waits for
a person; a gate that stopped, a setting that is wrong or a lock that another run holds would answer the same the second
time, and somebody waits for the answer.
"""

from typing import Any

from prefect import Task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun

from planerka.errors import StoreBusyError, StoreGoneError


def is_database_trouble(task: Task[..., Any], task_run: TaskRun, state: State[Any]) -> bool:
    """Whether the task failed for want of its database."""
    return isinstance(state.result(raise_on_failure=False), StoreGoneError | StoreBusyError)


DATABASE: dict[str, Any] = {
    "cache_policy": NO_CACHE,
    "timeout_seconds": 1800,
    "retries": 4,
    "retry_delay_seconds": [5, 15, 30, 60],  # a server that is restarted is back within a minute, recovery included
    "retry_condition_fn": is_database_trouble,
}
"""Reads and writes our database only, in transactions: half a task is no task."""

SOURCE = DATABASE | {"timeout_seconds": 4 * 3600}
"""Pulls by closed windows, each stored with its rows: a repeat goes on where the last one stopped."""

SOURCE_WRITES = DATABASE
"""Writes to the CRM. The marker of an earlier try that is found there is its receipt."""

FILES = DATABASE
"""Renders and writes files under `out`, atomically."""

DELIVERY = DATABASE
"""Sends. The ledger of deliveries decides what is sent again: a mail that may have gone is doubtful, and is not."""
