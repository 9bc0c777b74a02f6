"""Percentiles of latencies."""

from __future__ import annotations

from collections.abc import Iterable

_SHARES = {"p50 ms": 0.5, "p99 ms": 0.99, "p99.9 ms": 0.999, "max ms": 1.0}


def percentiles_ms(waits_s: Iterable[float]) -> dict[str, float]:
    """Return the percentiles of *waits_s* (seconds, not empty) in milliseconds."""
    ordered = sorted(waits_s)
    last = len(ordered) - 1
    return {
        name: round(ordered[min(last, int(len(ordered) * share))] * 1000, 2)
        for name, share in _SHARES.items()
    }
