"""A histogram of times: how many were at most as long as each of some bounds."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

import msgspec

#: Upper bounds in seconds, from Twitch's timestamp of a message to Kafka's confirmation.
DELIVERY_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0)

#: Upper bounds in seconds, from taking a batch to Kafka's confirmation.
PUBLISH_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0)


class Histogram(msgspec.Struct, array_like=True, gc=False):
    """Counts by bound; the last count is of what was longer than every bound."""

    counts: list[int]
    #: The sum of all times, in seconds.
    total_s: float = 0.0

    def observe(self, bounds: Sequence[float], seconds: float, count: int = 1) -> None:
        """Count *count* times of *seconds* each. *bounds* are those of this histogram."""
        self.counts[bisect_left(bounds, seconds)] += count
        self.total_s += seconds * count


def new_histogram(bounds: Sequence[float]) -> Histogram:
    """Return a histogram without observations."""
    return Histogram([0] * (len(bounds) + 1))


def quantile(bounds: Sequence[float], counts: Sequence[int], share: float) -> float | None:
    """
    Return the time in seconds that *share* (0 to 1) of the observations did not exceed.

    It is interpolated within a bound, as Prometheus's `histogram_quantile` does; the last bound if
    it is longer. None without observations.
    """
    total = sum(counts)
    if not total:
        return None
    rank, below, lower = share * total, 0, 0.0
    for bound, count in zip(bounds, counts, strict=False):
        if count and below + count >= rank:
            return lower + (bound - lower) * (rank - below) / count
        below, lower = below + count, bound
    return bounds[-1]
