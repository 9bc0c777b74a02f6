"""
librdkafka's statistics of the producers, as the figures of the status page.

Each producer counts from 0, and each session has its own: here the totals go on over sessions, and
over restarts of the process. A producer forgets a broker that has left the cluster, as all do that
shut down, and counts from 0 again when it is back: here the totals go on over that, too. The format
is described in
https://github.com/confluentinc/librdkafka/blob/master/STATISTICS.md.
"""

from __future__ import annotations

import logging
from typing import Annotated

import msgspec

from common.logs import BoundedLog
from common.status.publisher_status import SHOWN_BROKERS, BrokerFigures, KafkaFigures
from common.unix_time import unix_ms

logger = logging.getLogger(__name__)

#: The source of a broker that is in the cluster's metadata; others are bootstrap addresses,
#: coordinators (which are also in the metadata) and librdkafka's internal one.
_LEARNED = "learned"
#: The states of a connection that can be used.
_UP = {"UP", "UPDATE"}

#: Far less than what fits into the status page, so that sums do, too.
_Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class _Window(msgspec.Struct):
    """A value's quantiles since the last statistics."""

    p50: _Count = 0
    p99: _Count = 0


class _Broker(msgspec.Struct):
    nodename: Annotated[str, msgspec.Meta(max_length=256)]
    source: str
    state: str
    tx: _Count
    txerrs: _Count
    txretries: _Count
    req_timeouts: _Count
    #: In microseconds.
    rtt: _Window
    #: In microseconds.
    outbuf_latency: _Window
    #: In milliseconds.
    throttle: _Window


class _Average(msgspec.Struct):
    avg: _Count


class _Topic(msgspec.Struct):
    batchcnt: _Average


class _Statistics(msgspec.Struct):
    #: Of the producer, unique in its process.
    name: str
    msg_cnt: _Count
    msg_size: _Count
    msg_max: _Count
    tx: _Count
    tx_bytes: _Count
    brokers: dict[str, _Broker]
    topics: dict[str, _Topic]


_decode = msgspec.json.Decoder(_Statistics).decode


class Statistics:
    """The figures of all producers so far."""

    def __init__(self, earlier: KafkaFigures) -> None:
        """*earlier* are the figures of the last process, of which the totals count."""
        #: The newest statistics of the producer; none before its first.
        self._newest: _Statistics | None = None
        self._log = BoundedLog(logger.warning, interval_s=3600.0)
        #: The totals of the producers before this one, and of brokers that this one has forgotten.
        self._requests, self._sent_bytes = earlier.requests, earlier.sent_bytes
        self._brokers = {broker.name: broker for broker in earlier.brokers}
        self.figures = KafkaFigures(
            requests=earlier.requests,
            sent_bytes=earlier.sent_bytes,
            brokers=[
                BrokerFigures(
                    broker.name,
                    requests=broker.requests,
                    request_errors=broker.request_errors,
                    retries=broker.retries,
                    timeouts=broker.timeouts,
                )
                for broker in earlier.brokers
            ],
        )

    def update(self, text: str) -> None:
        """Take the statistics of a producer; if they cannot be read, the figures stay."""
        try:
            statistics = _decode(text)
        except (msgspec.MsgspecError, UnicodeEncodeError) as error:
            self._log("cannot read librdkafka's statistics, so they are not updated: %s", error)
            return
        newest, self._newest = self._newest, statistics
        if newest is None or statistics.name != newest.name:
            self._requests, self._sent_bytes = self.figures.requests, self.figures.sent_bytes
            self._brokers |= {broker.name: broker for broker in self.figures.brokers}
        else:
            self._keep_forgotten(newest, statistics)
        brokers = [
            self._broker(broker)
            for broker in statistics.brokers.values()
            if broker.source == _LEARNED
        ]
        brokers.sort(key=lambda broker: (-broker.requests, broker.name))
        self.figures = KafkaFigures(
            at_ms=unix_ms(),
            queue_messages=statistics.msg_cnt,
            queue_bytes=statistics.msg_size,
            queue_limit_messages=statistics.msg_max,
            requests=self._requests + statistics.tx,
            sent_bytes=self._sent_bytes + statistics.tx_bytes,
            brokers=brokers[:SHOWN_BROKERS],
            batch_messages={
                name: float(topic.batchcnt.avg) for name, topic in statistics.topics.items()
            },
        )

    def _keep_forgotten(self, before: _Statistics, now: _Statistics) -> None:
        """Keep what a producer had counted *before*, and does not count *now* any more."""
        self._requests += max(0, before.tx - now.tx)
        self._sent_bytes += max(0, before.tx_bytes - now.tx_bytes)
        for name, broker in before.brokers.items():
            known = now.brokers.get(name)
            if broker.source == _LEARNED and (known is None or known.tx < broker.tx):
                self._brokers[broker.nodename] = self._broker(broker)

    def _broker(self, broker: _Broker) -> BrokerFigures:
        earlier = self._brokers.get(broker.nodename) or BrokerFigures(broker.nodename)
        return BrokerFigures(
            broker.nodename,
            is_up=broker.state in _UP,
            requests=earlier.requests + broker.tx,
            request_errors=earlier.request_errors + broker.txerrs,
            retries=earlier.retries + broker.txretries,
            timeouts=earlier.timeouts + broker.req_timeouts,
            rtt_p50_s=broker.rtt.p50 / 1e6,
            rtt_p99_s=broker.rtt.p99 / 1e6,
            queue_p50_s=broker.outbuf_latency.p50 / 1e6,
            queue_p99_s=broker.outbuf_latency.p99 / 1e6,
            throttle_p50_s=broker.throttle.p50 / 1e3,
            throttle_p99_s=broker.throttle.p99 / 1e3,
        )
