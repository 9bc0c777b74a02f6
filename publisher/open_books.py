"""Opens the publisher's books: with every count that there can be, also those that are still 0."""

from __future__ import annotations

import confluent_kafka
from confluent_kafka import KafkaError

from common.settings import Settings
from common.status.page import StatusPage
from common.status.publisher_status import PUBLISHER_PAGE_BYTES, PublisherStatus, publisher_page
from publisher.books import Books, from_zero
from publisher.delivery.dead_letters import FINAL
from publisher.kafka.needed_topics import record_topics
from publisher.link.connection_counts import REFUSAL_REASONS
from publisher.link.frame_validation import MalformedReason
from publisher.link.sequence import Refusal


def open_books(settings: Settings) -> Books:
    """Return the books of this host's publisher, which go on where the last process stopped."""
    page = StatusPage(publisher_page(settings.state_dir), PublisherStatus, PUBLISHER_PAGE_BYTES)
    status = page.previous or PublisherStatus()
    # A count that appears only with its first event would hide that event from Prometheus's rates.
    topics = sorted(set(record_topics(settings).values()))
    errors = sorted(KafkaError(code).name() for code in FINAL)
    status.published = from_zero(topics, status.published)
    status.dead_letters = from_zero(errors, status.dead_letters)
    status.refused_batches = from_zero([one.value for one in Refusal], status.refused_batches)
    status.malformed_frames = from_zero(
        [one.value for one in MalformedReason], status.malformed_frames
    )
    status.refused_connections = from_zero(REFUSAL_REASONS, status.refused_connections)
    status.delivery_kind = settings.delivery
    status.librdkafka = confluent_kafka.libversion()[0]
    return Books(page, status)
