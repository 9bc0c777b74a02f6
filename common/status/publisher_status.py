"""What the publisher tells about itself. Times in _ms are Unix milliseconds, 0 for never."""

from __future__ import annotations

import enum
from pathlib import Path

import msgspec

from common.status.histogram import DELIVERY_S, PUBLISH_S, Histogram, new_histogram
from common.status.reader_status import status_folder

#: Larger than a reader's: it has the figures of up to SHOWN_BROKERS brokers, twice.
PUBLISHER_PAGE_BYTES = 65536

#: The most characters of `problem` and of `kafka_brokers`.
PROBLEM_CHARACTERS = 1000

#: How many brokers it shows, those with the most requests.
SHOWN_BROKERS = 32


class PublisherState(enum.StrEnum):
    """What the publisher does."""

    STARTING = "starting"
    #: It prepares a session: Kafka has to be reachable, and the topics have to be there.
    BEGINNING = "beginning a session"
    IN_SESSION = "in session"
    STOPPED = "stopped"


class BrokerFigures(msgspec.Struct, array_like=True, gc=False):
    """librdkafka's statistics of a broker: STATISTICS.md in librdkafka. Quantiles in seconds."""

    name: str
    is_up: bool = False
    requests: int = 0
    request_errors: int = 0
    retries: int = 0
    timeouts: int = 0
    rtt_p50_s: float = 0.0
    rtt_p99_s: float = 0.0
    queue_p50_s: float = 0.0
    queue_p99_s: float = 0.0
    throttle_p50_s: float = 0.0
    throttle_p99_s: float = 0.0


class KafkaFigures(msgspec.Struct, array_like=True):
    """librdkafka's statistics of the producer."""

    at_ms: int = 0
    queue_messages: int = 0
    queue_bytes: int = 0
    queue_limit_messages: int = 0
    #: Totals of all producers of the process.
    requests: int = 0
    sent_bytes: int = 0
    brokers: list[BrokerFigures] = []
    #: By topic, the average number of messages in a batch.
    batch_messages: dict[str, float] = {}


class PublisherStatus(msgspec.Struct, array_like=True):
    """
    The publisher's figures. Counts continue after a restart, and count records of all kinds.

    Whenever the page is written: taken = published + duplicates + left_out_gaps + left_out_events +
    dead_letters + unconfirmed + abandoned. A batch is unconfirmed until Kafka has confirmed all of
    it.
    """

    pid: int = 0
    written_ms: int = 0
    #: When the main loop turned last.
    turned_ms: int = 0
    state: str = PublisherState.STARTING
    state_since_ms: int = 0
    #: Why there is no session, or why Kafka confirms nothing.
    problem: str = ""
    session: int = 0
    sessions: int = 0
    delivery_kind: str = ""
    kafka_brokers: str = ""
    kafka_is_reachable: bool = False
    #: Since when kafka_is_reachable has its value.
    kafka_since_ms: int = 0
    librdkafka: str = ""
    #: Records accepted from readers.
    taken: int = 0
    #: Records that Kafka has confirmed, by the topic of their kind, without dead letters.
    published: dict[str, int] = {}
    #: Messages left out because another reader had sent them too.
    duplicates: int = 0
    #: Gap records left out because another reader was in the channel.
    left_out_gaps: int = 0
    #: Records that Kafka refused for good, by librdkafka's name of the error.
    dead_letters: dict[str, int] = {}
    #: Records that Kafka has not confirmed yet.
    unconfirmed: int = 0
    #: When the oldest of them was taken, or up to 1 s earlier.
    oldest_unconfirmed_ms: int = 0
    #: Records that were unconfirmed when their session ended. Kafka may have some of them; their
    #: readers send again what it is not known to have.
    abandoned: int = 0
    #: Batches that were not accepted, by reason; their readers send them again.
    refused_batches: dict[str, int] = {}
    malformed_frames: dict[str, int] = {}
    refused_connections: dict[str, int] = {}
    ended_connections: int = 0
    #: Readers that are connected.
    readers: int = 0
    delivery: Histogram = msgspec.field(default_factory=lambda: new_histogram(DELIVERY_S))
    publish: Histogram = msgspec.field(default_factory=lambda: new_histogram(PUBLISH_S))
    kafka: KafkaFigures = msgspec.field(default_factory=KafkaFigures)
    #: Events left out because another reader had sent them too, or because no topic is set.
    left_out_events: int = 0


def publisher_page(state_dir: Path) -> Path:
    """Return the path of the publisher's page."""
    return status_folder(state_dir) / "publisher"
