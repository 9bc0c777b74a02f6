"""What defines one panel of the dashboard."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Panel:
    """A panel with its queries, each with the text of its legend."""

    title: str
    text: str
    unit: str
    queries: dict[str, str]
    #: Whether it is one number, not a graph.
    is_number: bool = False
    #: From which value on the number is red; 0 if none is bad.
    bad_from: float = 0
