"""Small line charts as paths of SVG. static/sparklines.js draws the same."""

from __future__ import annotations

from collections.abc import Sequence

#: The size of a chart in its own units.
WIDTH = 300
HEIGHT = 48

#: Keeps a line's whole thickness inside the chart.
_MARGIN = 2


def line(values: Sequence[float | None]) -> str:
    """
    Return the path of a line through *values*, from left to right; it has a hole where one is None.

    The lowest edge is 0, the highest the largest value.
    """
    highest = highest_of(values) or 1
    step = WIDTH / max(1, len(values) - 1)
    path = []
    is_drawing = False
    for index, value in enumerate(values):
        if value is None:
            is_drawing = False
            continue
        y = HEIGHT - _MARGIN - max(0.0, value) / highest * (HEIGHT - 2 * _MARGIN)
        # A line of no length after the first point: alone, it is a dot.
        path.append(f"{'L' if is_drawing else 'M'}{index * step:.1f} {y:.1f}")
        path.append("" if is_drawing else "h0")
        is_drawing = True
    return "".join(path)


def highest_of(values: Sequence[float | None]) -> float:
    """Return the largest of *values*, 0 if none is known."""
    return max((value for value in values if value is not None), default=0.0)


def newest_of(values: Sequence[float | None]) -> float | None:
    """Return the last of *values*; None if there is none, or it is not known."""
    return values[-1] if values else None
