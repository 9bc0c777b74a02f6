"""
The frames that readers and publisher exchange, and the bytes of a batch.

1. Every frame begins with one byte, its version, and goes on in msgpack.
2. A batch is encoded once, by its reader; the same bytes lie in the outbox and travel the link.
3. A reader sends two frames at a time: the envelope, which changes when a batch is sent again,
   and the batch, which does not. The publisher answers on a PUB socket with two: topic and body.
"""

from __future__ import annotations

import enum

import msgspec

VERSION = 1

#: The largest batch frame a publisher takes, in bytes. A reader's batches stay far below it.
MAX_FRAME_BYTES = 8 * 1024 * 1024

_PREFIX = bytes([VERSION])


class FrameError(Exception):
    """Raised when a frame is not what its sender should have sent; the text says how."""


class UnknownVersionError(FrameError):
    """Raised when a frame carries a version that this program does not speak."""


class Kind(enum.IntEnum):
    """What the records of a batch are; it decides the topic they go to."""

    CHAT = 1
    GAP = 2


class Record(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One Kafka record to be."""

    key: bytes
    #: Unix time in milliseconds.
    timestamp: int
    value: bytes


class Batch(msgspec.Struct, array_like=True, frozen=True):
    """Records of one kind, numbered one after the other by their reader."""

    kind: Kind
    records: list[Record]


class Envelope(msgspec.Struct, array_like=True, frozen=True):
    """What a reader says about the batch that follows."""

    #: The reader's outbox: names the channel, and is new whenever numbering begins anew.
    reader: str
    #: The publisher's session that the reader is sending in.
    session: int
    #: Number of the batch's first record; the others follow without a gap.
    first_seq: int
    #: Number of the oldest record that the reader still holds.
    oldest_seq: int


class Acknowledgement(msgspec.Struct, array_like=True, frozen=True):
    """Kafka has confirmed every record of a reader up to and including `seq`."""

    session: int
    seq: int


class Announcement(msgspec.Struct, array_like=True, frozen=True):
    """A publisher is there, and this is its session."""

    session: int


#: The topic that announcements are published under.
ANNOUNCEMENT_TOPIC = b"publisher"

_encode = msgspec.msgpack.Encoder().encode
_decode_batch = msgspec.msgpack.Decoder(Batch).decode
_decode_envelope = msgspec.msgpack.Decoder(Envelope).decode
_decode_acknowledgement = msgspec.msgpack.Decoder(Acknowledgement).decode
_decode_announcement = msgspec.msgpack.Decoder(Announcement).decode


def acknowledgement_topic(reader: str) -> bytes:
    """Return the topic that a reader's acknowledgements are published under."""
    # ZeroMQ matches topics by prefix: without an end mark "xqc" would also hear "xqcow".
    return b"reader " + reader.encode() + b"\0"


def encode_frame(value: Batch | Envelope | Acknowledgement | Announcement) -> bytes:
    """Return the frame that carries *value*."""
    return _PREFIX + _encode(value)


def decode_batch(frame: bytes) -> Batch:
    """Return the batch in *frame*. Raises FrameError when there is none."""
    body = _body(frame)
    try:
        return _decode_batch(body)
    except msgspec.MsgspecError as error:
        raise FrameError(f"not a batch: {error}") from None


def decode_envelope(frame: bytes) -> Envelope:
    """Return the envelope in *frame*. Raises FrameError when there is none."""
    body = _body(frame)
    try:
        return _decode_envelope(body)
    except msgspec.MsgspecError as error:
        raise FrameError(f"not an envelope: {error}") from None


def decode_acknowledgement(frame: bytes) -> Acknowledgement:
    """Return the acknowledgement in *frame*. Raises FrameError when there is none."""
    body = _body(frame)
    try:
        return _decode_acknowledgement(body)
    except msgspec.MsgspecError as error:
        raise FrameError(f"not an acknowledgement: {error}") from None


def decode_announcement(frame: bytes) -> Announcement:
    """Return the announcement in *frame*. Raises FrameError when there is none."""
    body = _body(frame)
    try:
        return _decode_announcement(body)
    except msgspec.MsgspecError as error:
        raise FrameError(f"not an announcement: {error}") from None


def _body(frame: bytes) -> memoryview:
    if not frame:
        raise FrameError("an empty frame")
    if frame[0] != VERSION:
        raise UnknownVersionError(f"version {frame[0]} where {VERSION} is spoken")
    return memoryview(frame)[1:]
