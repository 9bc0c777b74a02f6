"""What the live page shows of the publisher."""

from __future__ import annotations

from common.status.publisher_status import PublisherState, PublisherStatus
from monitor.collection import parts, words
from monitor.collection.channel_rows import judge_process
from monitor.collection.figures import Figures
from monitor.collection.hangs import HANGS, publisher_hangs_ms, publisher_works
from monitor.collection.host import Host
from monitor.collection.parts import Run
from monitor.collection.snapshot import Level, Publisher

#: Milliseconds that Kafka may need to confirm a record.
CONFIRM_WITHIN_MS = 10_000

#: Milliseconds after which a trouble with Kafka is a warning, and a problem.
WARNING_AFTER_MS = 5_000
PROBLEM_AFTER_MS = 120_000


def publisher_row(host: Host, figures: Figures) -> Publisher | None:
    """Return what is known of the publisher of *host*; None if it has none."""
    if not parts.has_publisher(host):
        return None
    status = host.publisher.status if host.publisher else PublisherStatus()
    p50, p99 = figures.delays.of_publisher()
    row = Publisher(
        level=Level.OK,
        state=status.state,
        state_since_ms=status.state_since_ms,
        problem=status.problem,
        session=f"{status.session % 2**64:016x}" if status.session else "",
        kafka_brokers=status.kafka_brokers,
        kafka_is_reachable=status.kafka_is_reachable if publisher_works(host) else None,
        kafka_since_ms=status.kafka_since_ms,
        delivery=status.delivery_kind,
        queue_messages=status.kafka.queue_messages,
        queue_limit_messages=status.kafka.queue_limit_messages,
        unconfirmed=status.unconfirmed,
        oldest_unconfirmed_ms=status.oldest_unconfirmed_ms,
        published=sum(status.published.values()),
        published_per_s=figures.rates.published(),
        duplicates=status.duplicates,
        dead_letters=sum(status.dead_letters.values()),
        delay_p50_s=p50,
        delay_p99_s=p99,
        readers=status.readers,
    )
    run = parts.run_of(host, "publisher", host.publisher)
    if run is not Run.RUNNING:
        judge_process(row, "publisher", run, host, figures, last_ms=status.turned_ms)
        row.readers = 0
    elif publisher_hangs_ms(host):
        row.level, row.state, row.state_since_ms = Level.PROBLEM, HANGS, status.turned_ms
    else:
        row.level = _kafka_level(row, host, figures)
    return row


def _kafka_level(row: Publisher, host: Host, figures: Figures) -> Level:
    """Return how bad it is that Kafka confirms nothing. Say why in *row* if nothing does."""
    troubles = []
    if row.state != PublisherState.IN_SESSION:
        troubles.append(row.state_since_ms)
    if not row.kafka_is_reachable:
        troubles.append(row.kafka_since_ms)
    if is_slow(row, host):
        troubles.append(row.oldest_unconfirmed_ms)
        waits = words.duration(host.at_ms - row.oldest_unconfirmed_ms)
        row.problem = row.problem or f"a record has waited {waits} for Kafka's confirmation"
    if not troubles:
        return Level.OK
    since = figures.since.of("no confirmation", min(troubles))
    lasted_ms = host.at_ms - since
    if lasted_ms > PROBLEM_AFTER_MS:
        return Level.PROBLEM
    return Level.WARNING if lasted_ms > WARNING_AFTER_MS else Level.OK


def is_slow(row: Publisher, host: Host) -> bool:
    """Return whether a record waits too long for its confirmation."""
    waits_ms = host.at_ms - row.oldest_unconfirmed_ms
    return row.unconfirmed > 0 and row.oldest_unconfirmed_ms > 0 and waits_ms > CONFIRM_WITHIN_MS
