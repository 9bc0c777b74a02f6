"""An hour of figures of the whole host, for the sparklines."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from common.status.histogram import DELIVERY_S, quantile
from monitor.collection.delays import Counts, difference
from monitor.collection.host import Host
from monitor.collection.rates import Counted, counted, received_between
from monitor.collection.snapshot import History
from monitor.collection.window import grown

#: Seconds of a step, and how many there are.
STEP_S = 10
STEPS = 360

_STEP_MS = STEP_S * 1000


class HourOfHistory:
    """The figures of each step of the last hour."""

    def __init__(self) -> None:
        #: The last complete step, in steps since 1970, when its end was noticed, and how counters
        #: stood then.
        self._step = 0
        self._at_ms = 0
        self._counted = Counted({}, {}, 0)
        self._histograms: Mapping[str, Counts] = {}
        self._received, self._published, self._waiting, self._delay = (
            deque[float | None]([None] * STEPS, STEPS) for _ in range(4)
        )

    def add(self, host: Host) -> None:
        """Take the figures of *host*, if a step has ended."""
        step = host.at_ms // _STEP_MS
        passed = step - self._step
        if not passed:
            return
        now, histograms = counted(host), _histograms(host)
        if 0 < passed < STEPS:
            self._add(host, passed, now, histograms)
        elif self._step:  # the clock was set
            for series in (self._received, self._published, self._waiting, self._delay):
                series.extend([None] * STEPS)
        self._step, self._at_ms = step, host.at_ms
        self._counted, self._histograms = now, histograms

    def history(self) -> History:
        """Return the last hour."""
        return History(
            STEP_S,
            self._step * _STEP_MS,
            list(self._received),
            list(self._published),
            list(self._waiting),
            list(self._delay),
        )

    def _add(self, host: Host, passed: int, now: Counted, histograms: Mapping[str, Counts]) -> None:
        # Nobody has looked in the steps in between, for example because the host slept.
        between = (None,) * (passed - 1)
        # Not those of the steps: somebody who begins to look ends a step early.
        seconds = (host.at_ms - self._at_ms) / 1000
        published = grown(now.published, self._counted.published) / seconds
        self._received.extend((*between, received_between(self._counted, now) / seconds))
        self._published.extend((*between, published if host.publisher else None))
        waiting = sum(page.status.waiting for page in host.readers.values())
        self._waiting.extend((*between, float(waiting)))
        self._delay.extend((*between, _delay_p99_s(histograms, self._histograms)))


def _histograms(host: Host) -> dict[str, Counts]:
    """Return the delays of each channel, or of the publisher where it is alone."""
    if host.publisher and not host.readers:
        return {"": host.publisher.status.delivery.counts}
    return {channel: page.status.delay.counts for channel, page in host.readers.items()}


def _delay_p99_s(now: Mapping[str, Counts], before: Mapping[str, Counts]) -> float | None:
    new = (
        difference(counts, before[name])
        for name, counts in now.items()
        if name in before and counts != before[name]
    )
    return quantile(DELIVERY_S, [sum(counts) for counts in zip(*new, strict=False)], 0.99)
