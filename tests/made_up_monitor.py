"""
`python -m tests.made_up_monitor CHANNELS BROKEN`: a real monitor of a host that is made up.

BROKEN of its readers do not run.

Its hour of figures has passed when it starts, and goes on. It listens at MONITOR_BIND.
"""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from common.program_names import READER_PREFIX
from common.startup import start
from common.status.auth_status import AuthStatus
from common.status.histogram import DELIVERY_S, Histogram
from common.status.page import ReadPage
from common.status.publisher_status import KafkaFigures, PublisherState, PublisherStatus
from common.status.reader_status import ReaderState, ReaderStatus, ShownGap
from common.unix_time import unix_ms
from monitor.collection.collector import Collector
from monitor.collection.host import Host, Program
from monitor.collection.observer import Observer
from monitor.web.server import serve

_HOUR_MS = 3_600_000
_STEP_MS = 10_000

_FEW = ("demo_kitchen", "demo_lounge", "demo_speedrun")
_FIRST = [
    "quiet",
    "swift",
    "amber",
    "crisp",
    "lunar",
    "tidal",
    "mossy",
    "vivid",
    "rusty",
    "noble",
    "early",
    "windy",
]
_SECOND = [
    "otter",
    "comet",
    "pixel",
    "harbor",
    "maple",
    "falcon",
    "ember",
    "lantern",
    "willow",
    "badger",
]


@dataclass
class _MadeUpReader:
    """A channel with about *per_s* messages per second."""

    per_s: float
    status: ReaderStatus
    is_running: bool = True
    rest: float = field(default_factory=random.random)


class _MadeUpHost(Collector):
    """A host on which time passes as the caller says, with chat that comes and goes in waves."""

    def __init__(self, channels: Sequence[str], now_ms: int) -> None:
        self.now_ms = (now_ms - _HOUR_MS) // _STEP_MS * _STEP_MS
        #: Whether time passes by itself.
        self.is_live = False
        # Who reads a few channels has chosen lively ones.
        self._mean = 2.2 if len(channels) <= len(_FEW) else 0.5
        self._readers = {name: self._reader(name) for name in channels}
        self._publisher = PublisherStatus(
            pid=1,
            state=PublisherState.IN_SESSION,
            state_since_ms=self.now_ms,
            session=random.getrandbits(64),
            sessions=1,
            delivery_kind="at-least-once",
            kafka_brokers="kafka-1:9092,kafka-2:9092,kafka-3:9092",
            kafka_is_reachable=True,
            kafka_since_ms=self.now_ms,
            published={"twitch-chat-messages": 0},
            readers=len(self._readers),
            kafka=KafkaFigures(queue_limit_messages=100_000),
        )
        self._auth = AuthStatus(
            login="reading_bot", is_valid=True, expires_ms=now_ms + 3 * _HOUR_MS + 1_000_000
        )

    def pass_time(self, until_ms: int) -> None:
        """Let everything happen that happens until *until_ms*."""
        seconds = (until_ms - self.now_ms) / 1000
        self.now_ms = until_ms
        wave = 1 + 0.5 * math.sin(until_ms / 600_000) + 0.2 * math.sin(until_ms / 90_000)
        for reader in self._readers.values():
            if reader.is_running:
                self._say(reader, reader.per_s * wave * seconds * random.uniform(0.7, 1.3))
        publisher, auth = self._publisher, self._auth
        publisher.written_ms = publisher.turned_ms = auth.written_ms = until_ms
        auth.turned_ms = auth.validated_ms = until_ms

    def break_down(self, channel: str) -> None:
        """Let the reader of *channel* be one that supervisord cannot start."""
        self._readers[channel].is_running = False

    def collect(self) -> Host:
        """Return what is known of the host now."""
        if self.is_live:
            self.pass_time(unix_ms())
        running = Program("RUNNING", "pid 1, uptime 1:00:00", 1)
        broken = Program("BACKOFF", "Exited too quickly (process log may have details)", 0)
        programs = dict.fromkeys(("auth", "monitor", "publisher"), running)
        for name, reader in self._readers.items():
            programs[READER_PREFIX + name] = running if reader.is_running else broken
        return Host(
            at_ms=self.now_ms,
            readers={
                name: ReadPage(_copied(reader.status), reader.is_running)
                for name, reader in self._readers.items()
            },
            publisher=ReadPage(self._copied_publisher(), is_written=True),
            auth=ReadPage(self._auth, is_written=True),
            programs=programs,
            usage={},
            free_bytes=200 << 30,
        )

    def _reader(self, name: str) -> _MadeUpReader:
        status = ReaderStatus(
            channel=name,
            pid=1,
            state=ReaderState.IN_CHANNEL,
            state_since_ms=self.now_ms + random.randrange(9000),
            connects=1,
            outbox_bytes=8192,
            outbox_limit_bytes=1 << 30,
        )
        if random.random() < 0.3:
            length_ms = random.randrange(800, 9000)
            began_ms = self.now_ms + random.randrange(_HOUR_MS)
            status.connects += 1
            status.gaps = status.acknowledged = 1
            status.gaps_by_reason = {"reconnected": (1, length_ms)}
            status.last_gaps = [ShownGap(began_ms, began_ms + length_ms, "reconnected")]
        return _MadeUpReader(random.lognormvariate(self._mean, 0.8), status)

    def _copied_publisher(self) -> PublisherStatus:
        status = self._publisher
        published, delivery = dict(status.published), _copied_histogram(status.delivery)
        return replace(status, published=published, delivery=delivery)

    def _say(self, reader: _MadeUpReader, messages: float) -> None:
        whole, reader.rest = divmod(messages + reader.rest, 1)
        count, status, publisher = int(whole), reader.status, self._publisher
        status.written_ms = self.now_ms
        if not count:
            return
        status.received += count
        status.acknowledged += count
        status.last_message_ms = self.now_ms - random.randrange(900)
        publisher.taken += count
        publisher.published["twitch-chat-messages"] += count
        for histogram in (status.delay, publisher.delivery):
            histogram.observe(DELIVERY_S, random.lognormvariate(-2.3, 0.5), count)


def _copied(status: ReaderStatus) -> ReaderStatus:
    """Return *status* as it is now: what is observed must not change afterwards."""
    return replace(status, delay=_copied_histogram(status.delay))


def _copied_histogram(histogram: Histogram) -> Histogram:
    return Histogram(list(histogram.counts), histogram.total_s)


def _names(count: int) -> list[str]:
    """Return *count* names of channels."""
    if count <= len(_FEW):
        return list(_FEW[:count])
    pairs = [f"{first}_{second}" for first in _FIRST for second in _SECOND]
    return [f"{pairs[number % len(pairs)]}{number // len(pairs) or ''}" for number in range(count)]


def main() -> None:
    """Serve until SIGTERM."""
    count = int(sys.argv[1])
    broken = int(sys.argv[2])
    settings = start("monitor")
    random.seed(count)
    now_ms = unix_ms()
    names = _names(count)
    host = _MadeUpHost(names, now_ms)
    observer = Observer(host)
    at_ms = host.now_ms
    # With many channels an hour takes so long that several steps pass meanwhile.
    while (at_ms := at_ms + _STEP_MS) < unix_ms():
        host.pass_time(at_ms)
        if at_ms > now_ms - 60_000:
            for name in random.sample(names, broken):
                host.break_down(name)
            broken = 0
        observer.observe()
    host.is_live = True
    serve(settings, observer)


if __name__ == "__main__":
    main()
