"""
Validates what the PULL socket receives: two frames (an envelope and a batch), or one (a presence).
"""

from __future__ import annotations

import enum
import re
from collections.abc import Sequence

from common.frames import (
    Batch,
    Envelope,
    FrameError,
    Presence,
    UnknownVersionError,
    decode_batch,
    decode_envelope,
    decode_presence,
)

#: A reader's name, or a channel's id. These are stored, and go into log lines and headers, so they
#: must be short and printable.
_NAME = re.compile(r"[!-~]{1,100}")

#: Maximum number of records in a batch; a reader's batches have a few hundred.
MAX_RECORDS = 10_000

_MAX_INT64 = 2**63 - 1


class MalformedReason(enum.StrEnum):
    """Why a message is invalid."""

    UNKNOWN_VERSION = "unknown version"
    UNDECODABLE = "undecodable"
    WRONG_PARTS = "wrong number of parts"
    IMPOSSIBLE = "impossible values"


class MalformedError(Exception):
    """Raised when a message is invalid; `reason` is a short text to count by."""

    def __init__(self, reason: MalformedReason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason


def read_message(frames: Sequence[bytes]) -> tuple[Envelope, Batch] | Presence:
    """
    Return the envelope and the batch, or the presence, in a reader's message.

    Raises MalformedError when the frames are anything else, or hold an impossible value. Later
    steps can rely on all values that are returned.
    """
    try:
        match frames:
            case [frame]:
                presence = decode_presence(frame)
                _check_presence(presence)
                return presence
            case [first, second]:
                envelope, batch = decode_envelope(first), decode_batch(second)
                _check_batch(envelope, batch)
                return envelope, batch
    except UnknownVersionError as error:
        raise MalformedError(MalformedReason.UNKNOWN_VERSION, str(error)) from None
    except FrameError as error:
        raise MalformedError(MalformedReason.UNDECODABLE, str(error)) from None
    raise MalformedError(MalformedReason.WRONG_PARTS, f"{len(frames)} instead of 1 or 2")


def _check_presence(presence: Presence) -> None:
    if not _NAME.fullmatch(presence.reader):
        raise MalformedError(MalformedReason.IMPOSSIBLE, "the reader's name")
    if not _NAME.fullmatch(presence.channel_id):
        raise MalformedError(MalformedReason.IMPOSSIBLE, f"the channel's id, of {presence.reader}")
    if not 1 <= presence.since_ms <= presence.until_ms <= _MAX_INT64:
        raise MalformedError(MalformedReason.IMPOSSIBLE, f"times of {presence.reader}")


def _check_batch(envelope: Envelope, batch: Batch) -> None:
    count = len(batch.records)
    if not _NAME.fullmatch(envelope.reader):
        raise MalformedError(MalformedReason.IMPOSSIBLE, "the reader's name")
    if not 1 <= count <= MAX_RECORDS:
        raise MalformedError(MalformedReason.IMPOSSIBLE, f"{count} records")
    if not 1 <= envelope.oldest_seq <= envelope.first_seq <= _MAX_INT64 - count:
        raise MalformedError(MalformedReason.IMPOSSIBLE, f"seq of {envelope.reader}")
    if not 0 <= envelope.follows < envelope.first_seq:
        raise MalformedError(
            MalformedReason.IMPOSSIBLE, f"what a batch of {envelope.reader} follows"
        )
    # These are stored in the progress topic, too.
    if not (
        0 <= envelope.incarnation <= _MAX_INT64 and 0 <= envelope.follows_incarnation <= _MAX_INT64
    ):
        raise MalformedError(MalformedReason.IMPOSSIBLE, f"incarnations of {envelope.reader}")
    for record in batch.records:
        # Kafka's timestamps are signed 64-bit milliseconds; confluent_kafka takes 0 for "now".
        if not 1 <= record.timestamp <= _MAX_INT64:
            raise MalformedError(MalformedReason.IMPOSSIBLE, f"a timestamp of {envelope.reader}")
