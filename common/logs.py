"""
Log lines on stderr: one an event, with the process, the channel where there is one, and what
happened; as text, or as one JSON object a line.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


def configure_logging(process: str, *, level: str, log_format: str, channel: str = "") -> None:
    """
    Send the log lines of this process to stderr.

    *process* and *channel* stand in every line. *level* is a key of LEVELS, *log_format* is `text`
    or `json`.
    """
    formatter = _JsonFormatter if log_format == "json" else _TextFormatter
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter(process, channel))
    logging.basicConfig(level=LEVELS[level], handlers=[handler], force=True)
    # pydle logs every line it sends at DEBUG, the token among them; asyncio has nothing to add.
    logging.getLogger("pydle").setLevel(logging.WARNING)


class BoundedLog:
    """Logs what may happen very often at most once an interval, and says how often it happened."""

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
        self._kept_back = 0

    def __call__(self, message: str, *arguments: object) -> None:
        """Log *message* (%-style), or count it as kept back when one was logged just now."""
        now = self._clock()
        if now < self._next_at:
            self._kept_back += 1
            return
        if self._kept_back:
            message = f"{message} (and {self._kept_back} more like it before this)"
        self._log(message, *arguments)
        self._kept_back = 0
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
        # Chat or a server's words must not be able to forge a line of their own.
        return line.replace("\r", "\\r").replace("\n", "\\n")


class _JsonFormatter(logging.Formatter):
    def __init__(self, process: str, channel: str) -> None:
        super().__init__()
        self._source = {"process": process, "channel": channel} if channel else {"process": process}

    def format(self, record: logging.LogRecord) -> str:
        when = datetime.fromtimestamp(record.created, UTC)
        line = {
            "time": when.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            **self._source,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line).decode()
