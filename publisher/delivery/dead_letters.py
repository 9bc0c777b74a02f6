"""Dead letters: which refusals are final, and what is kept of a refused record."""

from __future__ import annotations

from collections.abc import Callable

from confluent_kafka import KafkaError

from publisher.delivery.handover import Handover, Headers

#: The request is larger than the topic allows. If it has only one record, that record is too large.
TOO_LARGE = frozenset({KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE})

#: Errors that a retry does not fix: Kafka refuses the record itself, or its topic's name. A missing
#: permission is none of them: it can be granted. (https://kafka.apache.org/protocol#protocol_error_codes)
FINAL = TOO_LARGE | {
    KafkaError.INVALID_MSG,
    KafkaError.INVALID_MSG_SIZE,
    KafkaError.INVALID_RECORD,
    KafkaError.INVALID_TIMESTAMP,
    KafkaError.UNSUPPORTED_FOR_MESSAGE_FORMAT,
    KafkaError.TOPIC_EXCEPTION,
}

#: The part of a value that is kept, in bytes. Chat messages are far smaller, and every topic with
#: default limits accepts it.
KEPT_BYTES = 64 * 1024


def dead_letter(
    handover: Handover, index: int, error: KafkaError, *, bare: bool
) -> tuple[bytes, bytes | None, Headers]:
    """
    Return value, key and headers of the dead letter for a record that was refused with *error*.

    The headers are the record's own and four more: the `topic` it was for, the `reason` of the
    refusal, its `timestamp` in Unix milliseconds, and the `size` of its value in bytes. The letter
    itself has another timestamp, because the record's may be the reason. The value is cut to
    KEPT_BYTES; a *bare* letter has neither value nor key.
    """
    record = handover.records[index]
    headers = [
        *handover.headers(index),
        ("topic", handover.topic),
        ("reason", f"{error.name()}: {error.str()}"),
        ("timestamp", str(record.timestamp)),
        ("size", str(len(record.value))),
    ]
    if bare:
        return b"", None, headers
    return record.value[:KEPT_BYTES], record.key[:KEPT_BYTES], headers


def log_dead_letter(
    log: Callable[..., None], handover: Handover, index: int, error: KafkaError, topic: str
) -> None:
    """Log, by *log*, that the record at *index* becomes a dead letter in *topic*."""
    log(
        "Kafka refused record %d of %s for topic %s (%s: %s): writing it to %s",
        handover.delivery.seqs[index],
        handover.delivery.reader,
        handover.topic,
        error.name(),
        error.str(),
        topic,
    )


def log_too_large(log: Callable[..., None], topic: str, error: KafkaError) -> None:
    """Log, by *log*, that *topic* refused several records together if *error* is their size."""
    if error.code() in TOO_LARGE:
        log(
            "topic %s refused a request as too large (%s): sending its records again, one per "
            "request, which is slower. If this repeats, set KAFKA_CONF_BATCH_SIZE to less than the "
            "topic's max.message.bytes",
            topic,
            error.str(),
        )
