"""
supervisord's own log lines, with the format and the levels of our programs' lines.

supervisord logs with levels of its own: it calls it critical that it runs as root, and warns of
every program that stops as requested. An operator who looks for problems would find those each
day.
"""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

from supervisor import loggers
from supervisor.options import ServerOptions

from common.logs import formatter
from common.output import DROPPED, never_block
from common.startup import log_format_in

_PROCESS = "supervisord"

_LEVELS = loggers.LevelsByName

#: Lines of a normal start or an orderly stop, by their beginning, and the level that they deserve.
_ORDINARY = (
    (re.compile(r"Supervisor is running as root\."), _LEVELS.INFO),
    # Only the user of supervisord may open it.
    (re.compile(r"Server 'unix_http_server' running without any HTTP auth"), _LEVELS.DEBG),
    # Only an earlier version had such files.
    (re.compile(r'No file matches via include ".*/var/readers/\*\.conf"'), _LEVELS.DEBG),
    (re.compile(r"received SIG\w+ indicating (exit|restart) request"), _LEVELS.INFO),
    # A program that has just been started may not handle SIGTERM yet.
    (re.compile(r"stopped: .* \((exit status 0|terminated by SIGTERM)\)$"), _LEVELS.INFO),
)

#: The levels of `logging` for those of supervisord; for lower ones, DEBUG.
_STANDARD_LEVELS = {
    _LEVELS.CRIT: logging.CRITICAL,
    _LEVELS.ERRO: logging.ERROR,
    _LEVELS.WARN: logging.WARNING,
    _LEVELS.INFO: logging.INFO,
}


def log_as_our_programs_do() -> None:
    """
    Have supervisord write its log lines as our programs do.

    To be called while supervisord reads its configuration, before its first log line. From then on,
    nothing that it writes to its stdout or stderr blocks it.
    """
    never_block("stdout", _dropped_line)
    never_block("stderr", _dropped_line)
    ServerOptions.make_logger = _make_logger


class SupervisordLog(loggers.Logger):  # type: ignore[misc]  # supervisor has no types
    """supervisord's logger, with our format and levels."""

    def __init__(self, level: int, handlers: list[Any]) -> None:
        super().__init__(level, handlers)
        self._unwanted: set[str] = set()

    def leave_out(self, message: str) -> None:
        """Do not log the next *message*: another line says it better."""
        self._unwanted.add(message)

    def log(self, level: int, msg: str, **kw: Any) -> None:
        """Log *msg*, which is formatted with *kw* if there are any."""
        message = msg % kw if kw else msg
        if message in self._unwanted:
            self._unwanted.remove(message)
            return
        level = _deserved(level, message)
        if level >= self.level:
            super().log(level, _line(level, message))


_lines = formatter(_PROCESS, log_format="text")
_make_supervisords_logger = ServerOptions.make_logger


def _make_logger(options: Any) -> None:
    """Make the logger of *options*: a replacement for `ServerOptions.make_logger`."""
    global _lines  # noqa: PLW0603 - the line about dropped lines needs it too
    _lines = formatter(_PROCESS, log_format=log_format_in(Path(options.here)))
    # The original logs these with a format of its own.
    criticals, warnings, infos = (
        options.parse_criticals,
        options.parse_warnings,
        options.parse_infos,
    )
    options.parse_criticals = options.parse_warnings = options.parse_infos = ()
    _make_supervisords_logger(options)
    for handler in options.logger.handlers:
        handler.setFormat("%(message)s\n")
    options.logger = SupervisordLog(options.logger.level, options.logger.handlers)
    for message in criticals:
        options.logger.critical(message)
    for message in warnings:
        options.logger.warn(message)
    for message in infos:
        options.logger.info(message)


def _deserved(level: int, message: str) -> int:
    return next((deserved for line, deserved in _ORDINARY if line.match(message)), level)


def _line(level: int, message: str) -> str:
    standard = _STANDARD_LEVELS.get(level, logging.DEBUG)
    record = logging.LogRecord(_PROCESS, standard, __file__, 0, message, None, None)
    return _lines.format(record)


def _dropped_line(count: int) -> bytes:
    return f"{_line(_LEVELS.WARN, DROPPED % count)}\n".encode()
