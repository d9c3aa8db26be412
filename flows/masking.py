"""Nothing that a process of ours writes down names a client: its log records, and an error nobody expected."""

import logging
import sys
import traceback
from types import TracebackType
from typing import Any

from planerka.phones import masked


def mask_what_is_written() -> None:
    """Mask phones, e-mails and messengers in whatever this process logs or dies of, from now on.

    By the factory of records, not by a filter: a filter of a logger does not see what the loggers below it log, and a
    handler that Prefect makes later would have none.
    """
    logging.setLogRecordFactory(MaskedRecord)
    sys.excepthook = print_masked


class MaskedRecord(logging.LogRecord):
    """A record whose message and traceback are masked however a handler writes them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Some formatters write these instead of the message; what is no text yet is masked with the message.
        self.msg = masked(self.msg) if isinstance(self.msg, str) else self.msg
        if isinstance(self.args, tuple):
            self.args = tuple(masked(arg) if isinstance(arg, str) else arg for arg in self.args)
        if self.exc_info and self.exc_info[0]:
            self.exc_text = masked("".join(traceback.format_exception(*self.exc_info)).rstrip())
            self.exc_info = None  # formatters that make a text of their own would make it of this

    def getMessage(self) -> str:
        return masked(super().getMessage())


def print_masked(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """As Python prints an error nobody caught."""
    print(masked("".join(traceback.format_exception(kind, error, trace))), end="", file=sys.stderr)
