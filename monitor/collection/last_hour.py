"""What was given up, missed and refused in the last hour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from monitor.collection.host import Host
from monitor.collection.window import Window, grown

_SPAN_MS = 3_600_000
_STEP_MS = 120_000

_Key = TypeVar("_Key")


@dataclass(frozen=True)
class Counts:
    """What there was until a moment; what is zero is left out."""

    #: Messages given up, by channel and reason.
    dropped: Mapping[tuple[str, str], int] = field(default_factory=dict)
    #: What gap records cover, in milliseconds, by channel.
    gap_ms: Mapping[str, int] = field(default_factory=dict)
    #: Records that Kafka has refused for good, by error.
    dead_letters: Mapping[str, int] = field(default_factory=dict)


class LastHour:
    """Counts of the last hour, or since this process started."""

    def __init__(self) -> None:
        self._window: Window[Counts] = Window(_SPAN_MS, _STEP_MS)
        self.counts = Counts()

    def add(self, host: Host) -> None:
        """Take the counts of *host*."""
        now = _until_now(host)
        self._window.add(host.at_ms, now)
        _, then = self._window.oldest()
        self.counts = Counts(
            _grown(now.dropped, then.dropped),
            _grown(now.gap_ms, then.gap_ms),
            _grown(now.dead_letters, then.dead_letters),
        )


def _until_now(host: Host) -> Counts:
    dropped, gap_ms = {}, {}
    for channel, page in host.readers.items():
        for reason, number in page.status.dropped.items():
            if number:
                dropped[channel, reason] = number
        if total_ms := page.status.gap_ms:
            gap_ms[channel] = total_ms
    return Counts(dropped, gap_ms, host.publisher.status.dead_letters if host.publisher else {})


def _grown(now: Mapping[_Key, int], before: Mapping[_Key, int]) -> dict[_Key, int]:
    more = {key: grown(number, before.get(key, 0)) for key, number in now.items()}
    return {key: number for key, number in more.items() if number}
