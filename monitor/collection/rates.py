"""Messages per second, over the last seconds."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.collection.host import Host
from monitor.collection.window import Window, grown

_SPAN_MS = 10_000
_STEP_MS = 1_000


@dataclass(frozen=True)
class Counted:
    """How many records there were until a moment."""

    #: Chat messages, by channel.
    received: dict[str, int]
    #: Records, by channel.
    acknowledged: dict[str, int]
    #: Records that Kafka has confirmed.
    published: int


def counted(host: Host) -> Counted:
    """Return the counts of *host*."""
    return Counted(
        {channel: page.status.received for channel, page in host.readers.items()},
        {channel: page.status.acknowledged for channel, page in host.readers.items()},
        sum(host.publisher.status.published.values()) if host.publisher else 0,
    )


def received_between(before: Counted, now: Counted) -> int:
    """Return the number of messages of all channels. A channel that is new has no rate yet."""
    return sum(
        grown(received, before.received.get(channel, received))
        for channel, received in now.received.items()
    )


class Rates:
    """How many messages per second a host receives and publishes."""

    def __init__(self) -> None:
        self._window: Window[Counted] = Window(_SPAN_MS, _STEP_MS)
        self._now = Counted({}, {}, 0)
        self._at_ms = 0

    def add(self, host: Host) -> None:
        """Take the counts of *host*."""
        self._now, self._at_ms = counted(host), host.at_ms
        self._window.add(host.at_ms, self._now)

    def of_channel(self, channel: str) -> float:
        """Return the messages per second that *channel* receives."""
        then_ms, then = self._window.oldest()
        now = self._now.received.get(channel, 0)
        return self._per_s(then_ms, grown(now, then.received.get(channel, now)))

    def is_acknowledged(self, channel: str) -> bool:
        """Return whether records of *channel* were acknowledged in the last seconds."""
        _, then = self._window.oldest()
        now = self._now.acknowledged.get(channel, 0)
        return now != then.acknowledged.get(channel, now)

    def received(self) -> float:
        """Return the messages per second that all channels receive."""
        then_ms, then = self._window.oldest()
        return self._per_s(then_ms, received_between(then, self._now))

    def published(self) -> float:
        """Return the records per second that Kafka confirms."""
        then_ms, then = self._window.oldest()
        return self._per_s(then_ms, grown(self._now.published, then.published))

    def _per_s(self, then_ms: int, number: int) -> float:
        took_ms = self._at_ms - then_ms
        return number * 1000 / took_ms if took_ms else 0.0
