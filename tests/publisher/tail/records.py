"""A record as Kafka's client returns it, without a Kafka."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from confluent_kafka import TIMESTAMP_CREATE_TIME, Message

#: 2026-01-31, 18:00:05 UTC.
AT_MS = 1_769_882_405_000


@dataclass(frozen=True)
class _Record:
    of_value: bytes | None
    of_topic: str
    of_offset: int
    at_ms: int
    of_key: bytes | None
    of_headers: Mapping[str, bytes] = field(default_factory=dict)

    def value(self) -> bytes | None:
        return self.of_value

    def topic(self) -> str:
        return self.of_topic

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return self.of_offset

    def key(self) -> bytes | None:
        return self.of_key

    def timestamp(self) -> tuple[int, int]:
        return TIMESTAMP_CREATE_TIME, self.at_ms

    def headers(self) -> list[tuple[str, bytes]]:
        return list(self.of_headers.items())


def record(
    value: bytes | None,
    topic: str,
    *,
    offset: int = 0,
    at_ms: int = AT_MS,
    key: bytes | None = b"71092938",
    headers: Mapping[str, bytes] | None = None,
) -> Message:
    """Return a record of the channel alpha, unless *key* or *headers* say something else."""
    if headers is None:
        headers = {"reader": b"alpha/0123456789abcdef", "seq": b"1"}
    return cast("Message", _Record(value, topic, offset, at_ms, key, headers))
