"""Short texts for a terminal: how long ago something was."""

from __future__ import annotations

from monitor.collection.formats import NONE, largest_unit


def age(then_ms: int, now_ms: int) -> str:
    """Return how long ago *then_ms* was; no figure for 0, which means never."""
    return largest_unit(now_ms - then_ms) if then_ms else NONE
