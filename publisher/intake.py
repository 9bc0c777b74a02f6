"""What may come through the PULL socket: two frames, an envelope and a batch; all else is told."""

from __future__ import annotations

import re
from collections.abc import Sequence

from common.frames import (
    Batch,
    Envelope,
    FrameError,
    UnknownVersionError,
    decode_batch,
    decode_envelope,
)

#: A reader's name: it goes into log lines and headers, so it has to be short and plain.
_READER = re.compile(r"[!-~]{1,100}")

#: Records a batch may have; a reader's have some hundred.
MAX_RECORDS = 10_000

_MAX_INT64 = 2**63 - 1


class MalformedError(Exception):
    """Raised when a message is not one of ours; `reason` is a short one to count by."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason


def read_message(frames: Sequence[bytes]) -> tuple[Envelope, Batch]:
    """
    Return the envelope and the batch that a message from a reader consists of.

    Raises MalformedError when it is not made of these two, or when they hold what cannot be: then
    nothing in it can harm what comes after this.
    """
    if len(frames) != 2:
        raise MalformedError("wrong number of parts", f"{len(frames)} instead of 2")
    try:
        envelope, batch = decode_envelope(frames[0]), decode_batch(frames[1])
    except UnknownVersionError as error:
        raise MalformedError("unknown version", str(error)) from None
    except FrameError as error:
        raise MalformedError("undecodable", str(error)) from None
    _check(envelope, batch)
    return envelope, batch


def _check(envelope: Envelope, batch: Batch) -> None:
    count = len(batch.records)
    if not _READER.fullmatch(envelope.reader):
        raise MalformedError("impossible values", "the reader's name")
    if not 1 <= count <= MAX_RECORDS:
        raise MalformedError("impossible values", f"{count} records")
    if not 1 <= envelope.oldest_seq <= envelope.first_seq <= _MAX_INT64 - count:
        raise MalformedError("impossible values", f"seq of {envelope.reader}")
    timestamps = [record.timestamp for record in batch.records]
    # Kafka's are signed 64-bit milliseconds; confluent_kafka takes 0 for "now".
    if min(timestamps) < 1 or max(timestamps) > _MAX_INT64:
        raise MalformedError("impossible values", f"a timestamp of {envelope.reader}")
