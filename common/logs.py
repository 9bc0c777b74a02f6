"""
Logs to stderr: one line per event, with the process, the channel if there is one, and a message;
as text, or as one JSON object per line. The object also has the numbers of the message, if they
were logged with `counts`.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial

import msgspec

from common.output import DROPPED, never_block

LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}

#: The attribute of a record, and the field of its JSON object, with the numbers of the message.
_COUNTS = "counts"


def configure_logging(process: str, *, level: str, log_format: str, channel: str = "") -> None:
    """
    Send the log lines of this process to stderr.

    Every line contains *process* and *channel*. *level* is a key of LEVELS, *log_format* is `text`
    or `json`. From now on, nothing that is written to `sys.stderr` blocks the process.
    """
    lines = formatter(process, log_format=log_format, channel=channel)
    never_block("stderr", partial(_dropped_line, lines))
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(lines)
    logging.basicConfig(level=LEVELS[level], handlers=[handler], force=True)
    # At DEBUG, pydle logs every line that it sends, including the token.
    logging.getLogger("pydle").setLevel(logging.WARNING)


def counts(**numbers: int | Mapping[str, int]) -> dict[str, object]:
    """
    Return the argument `extra` for a log call: *numbers* become fields of the JSON object.

    `logger.info("%d left", left, extra=counts(left=left))` logs `"counts":{"left":3}`.
    """
    return {_COUNTS: numbers}


def formatter(process: str, *, log_format: str, channel: str = "") -> logging.Formatter:
    """Return what makes the log lines of *process* and *channel*; see configure_logging."""
    kind = _JsonFormatter if log_format == "json" else _TextFormatter
    return kind(process, channel)


def _dropped_line(lines: logging.Formatter, count: int) -> bytes:
    record = logging.LogRecord(
        __name__, logging.WARNING, __file__, 0, DROPPED, (count,), exc_info=None
    )
    return f"{lines.format(record)}\n".encode()


class BoundedLog:
    """Logs a frequent event at most once per interval, with the number of suppressed lines."""

    def __init__(
        self,
        log: Callable[..., None],
        *,
        interval_s: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._log = log
        self._interval_s = interval_s
        self._clock = clock
        self._next_at = float("-inf")
        self._suppressed = 0

    def __call__(self, message: str, *arguments: object) -> None:
        """Log *message* (%-style), or count it as suppressed within an interval of the last one."""
        now = self._clock()
        if now < self._next_at:
            self._suppressed += 1
            return
        if self._suppressed:
            message = f"{message} (and {self._suppressed} more like it before this)"
        self._log(message, *arguments)
        self._suppressed = 0
        self._next_at = now + self._interval_s


class _TextFormatter(logging.Formatter):
    def __init__(self, process: str, channel: str) -> None:
        super().__init__()
        self._source = f"{process} {channel}" if channel else process

    def format(self, record: logging.LogRecord) -> str:
        when = datetime.fromtimestamp(record.created).astimezone()
        line = (
            f"{when:%Y-%m-%d %H:%M:%S}.{int(record.msecs):03} "
            f"{record.levelname:<7} {self._source}: {record.getMessage()}"
        )
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        # Chat messages and server responses must not be able to forge a log line.
        return line.replace("\r", "\\r").replace("\n", "\\n")


class _JsonFormatter(logging.Formatter):
    def __init__(self, process: str, channel: str) -> None:
        super().__init__()
        self._source = {"process": process, "channel": channel} if channel else {"process": process}

    def format(self, record: logging.LogRecord) -> str:
        when = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, object] = {
            "time": when.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            **self._source,
            "message": record.getMessage(),
        }
        if numbers := getattr(record, _COUNTS, None):
            line[_COUNTS] = numbers
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line).decode()
