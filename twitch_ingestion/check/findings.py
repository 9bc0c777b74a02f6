"""What a check has found: one line of the output each."""

from __future__ import annotations

from typing import NamedTuple

#: The first word of a line. Only WRONG changes the exit status.
OK = "ok"
WARNING = "warning"
WRONG = "wrong"


class Finding(NamedTuple):
    """How something is, and for a problem what to do about it."""

    level: str
    text: str


def ok(text: str) -> Finding:
    """Return a finding that needs nothing."""
    return Finding(OK, text)


def warning(text: str) -> Finding:
    """Return a finding that does not keep the service from working."""
    return Finding(WARNING, text)


def wrong(text: str) -> Finding:
    """Return a finding that somebody has to do something about."""
    return Finding(WRONG, text)
