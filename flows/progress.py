"""What a run does, on the terminal as it happens: a run of minutes must not look like a dead one."""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

TASKS = Path(__file__).resolve().parent.parent / "tasks"


def show_progress() -> None:
    """Print the lines that our tasks log from now on. Call it after Prefect is imported: it sets up logging then."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("  %(message)s"))
    # Prefect's own lines about states of task runs go through the same logger.
    handler.addFilter(lambda record: Path(record.pathname).parent == TASKS)
    logging.getLogger("prefect.task_runs").addHandler(handler)


@contextmanager
def rows_counted() -> Iterator[Callable[[int], object]]:
    """A bar on a terminal that counts the rows it is told of, and nothing elsewhere; their sum is not known before."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    words = TextColumn("{task.completed:,.0f} rows")
    console = Console()
    bar = Progress(
        BarColumn(), words, TimeElapsedColumn(), console=console, transient=True, disable=not console.is_terminal
    )
    with bar:
        task = bar.add_task("pull", total=None)
        yield lambda rows_n: bar.advance(task, rows_n)
