"""Dead letters: which refusals are final, and what is kept of a record that meets one."""

from __future__ import annotations

from collections.abc import Callable

from confluent_kafka import KafkaError

from publisher.delivery.handover import Handover, Headers

#: The request is larger than the topic allows; if there is but one record in it, that one is.
TOO_LARGE = frozenset({KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE})

#: Errors that another attempt does not mend: Kafka has looked at the record, or at its topic's
#: name and permissions, and said no. (https://kafka.apache.org/protocol#protocol_error_codes)
FINAL = TOO_LARGE | {
    KafkaError.INVALID_MSG,
    KafkaError.INVALID_MSG_SIZE,
    KafkaError.INVALID_RECORD,
    KafkaError.INVALID_TIMESTAMP,
    KafkaError.UNSUPPORTED_FOR_MESSAGE_FORMAT,
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.TOPIC_EXCEPTION,
}

#: What is kept of a value, in bytes. No chat message comes near it, and it fits into any topic that
#: was not made for smaller ones.
KEPT_BYTES = 64 * 1024


def dead_letter(
    handover: Handover, index: int, error: KafkaError, *, bare: bool
) -> tuple[bytes, bytes | None, Headers]:
    """
    Return value, key and headers of the dead letter for a record that was refused with *error*.

    The headers are the record's own, and: `topic` it was meant for, `reason` it
    was refused, its `timestamp` in Unix milliseconds (the letter has one of its own, since the
    record's may be the reason) and the `size` of its value in bytes. The value is cut where it is
    longer than KEPT_BYTES; a *bare* letter has neither value nor key.
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


def log_refusal(
    log: Callable[..., None], handover: Handover, index: int, error: KafkaError, topic: str
) -> None:
    """Have *log* say that the record at *index* becomes a dead letter in *topic*."""
    log(
        "Kafka refuses record %d of %s for topic %s (%s: %s); it goes to %s",
        handover.delivery.seqs[index],
        handover.delivery.reader,
        handover.topic,
        error.name(),
        error.str(),
        topic,
    )
