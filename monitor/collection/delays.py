"""Delays of the last minutes: what the histograms have grown by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from common.status.histogram import DELIVERY_S, quantile
from monitor.collection.host import Host
from monitor.collection.window import Window

#: How far back a delay counts.
_SPAN_MS = 300_000
_STEP_MS = 15_000

Counts = Sequence[int]
Delay = tuple[float | None, float | None]

#: Delays of which half, and a hundredth, of the messages had a longer one; None without messages.
UNKNOWN: Delay = (None, None)


@dataclass(frozen=True)
class _Histograms:
    channels: dict[str, Counts] = field(default_factory=dict)
    publisher: Counts = ()


class Delays:
    """The delays of a host's messages, from Twitch's timestamp to Kafka's confirmation."""

    def __init__(self) -> None:
        self._window: Window[_Histograms] = Window(_SPAN_MS, _STEP_MS)
        self._now = _Histograms()

    def add(self, host: Host) -> None:
        """Take the histograms of *host*."""
        before = self._now.channels
        # An idle channel's counts are kept once, however many moments are remembered.
        channels = {
            channel: _same(before.get(channel, ()), page.status.delay.counts)
            for channel, page in host.readers.items()
        }
        publisher = host.publisher.status.delivery.counts if host.publisher else ()
        self._now = _Histograms(channels, publisher)
        self._window.add(host.at_ms, self._now)

    def of_channel(self, channel: str) -> Delay:
        """Return the delays of *channel*."""
        _, then = self._window.oldest()
        now, before = self._now.channels.get(channel, ()), then.channels.get(channel, ())
        return UNKNOWN if now is before else _quantiles(difference(now, before))

    def of_publisher(self) -> Delay:
        """Return the delays of all that the publisher has published."""
        _, then = self._window.oldest()
        return _quantiles(difference(self._now.publisher, then.publisher))


def difference(now: Counts, before: Counts) -> list[int]:
    """Return what the histogram *now* has more than *before*. A smaller one has begun again."""
    if len(before) > len(now) or any(map(int.__gt__, before, now)):
        before = ()
    return [new - old for new, old in zip_longest(now, before, fillvalue=0)]


def _same(before: Counts, now: Counts) -> Counts:
    return before if before == now else now


def _quantiles(counts: Counts) -> Delay:
    if not any(counts):
        return UNKNOWN
    return quantile(DELIVERY_S, counts, 0.5), quantile(DELIVERY_S, counts, 0.99)
