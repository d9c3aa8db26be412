"""What the tasks of a run log, on the terminal as it happens: a run of minutes must not look like a dead one."""

import logging
import sys
from pathlib import Path

TASKS = Path(__file__).resolve().parent.parent / "tasks"


def show_progress() -> None:
    """Print the lines that our tasks log from now on. Call it after Prefect is imported: it sets up logging then."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("  %(message)s"))
    # Prefect's own lines about states of task runs go through the same logger.
    handler.addFilter(lambda record: Path(record.pathname).parent == TASKS)
    logging.getLogger("prefect.task_runs").addHandler(handler)
