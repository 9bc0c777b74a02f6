"""
The frames that readers and publisher exchange, and the bytes of a batch.

1. Every frame begins with one byte, its version, and goes on in msgpack.
2. A batch is encoded once, by its reader; the same bytes lie in the outbox and travel the link.
3. A reader sends two frames at a time: the envelope, which changes when a batch is sent again,
   and the batch, which does not; or a single one: its presence. The publisher answers on an
   XPUB socket with two: topic and body.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import TypeVar

import msgspec

#: What is added at the end of a struct, with a default, needs no other version: a sender that does
#: not know it leaves it out, and a receiver that does not know it passes over it.
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
    #: What the message is known by wherever it is read; empty when it is known by nothing.
    id: bytes = b""


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
    #: Whether it publishes once what several readers of a channel send.
    deduplicates: bool = False


class Presence(msgspec.Struct, array_like=True, frozen=True):
    """
    A reader has been in a channel without a break; times are Unix times in milliseconds.

    The next one says so from the same moment on, so that it does not matter when one is lost.
    """

    reader: str
    channel_id: str
    since_ms: int
    until_ms: int


#: The topic that announcements are published under, to whoever listens.
ANNOUNCEMENT_TOPIC = b"publisher"

#: What the topics of announcements to one reader begin with.
PERSONAL_ANNOUNCEMENT = b"session "

_Frame = TypeVar("_Frame")

_encode = msgspec.msgpack.Encoder().encode


def acknowledgement_topic(reader: str) -> bytes:
    """Return the topic that a reader's acknowledgements are published under."""
    # ZeroMQ matches topics by prefix: without an end mark "xqc" would also hear "xqcow".
    return b"reader " + reader.encode() + b"\0"


def announcement_topic(reader: str) -> bytes:
    """Return the topic of the announcement that a reader gets whenever it subscribes to this."""
    return PERSONAL_ANNOUNCEMENT + reader.encode() + b"\0"


def encode_frame(value: Batch | Envelope | Presence | Acknowledgement | Announcement) -> bytes:
    """Return the frame that carries *value*."""
    return _PREFIX + _encode(value)


def _decoder(kind: type[_Frame], what: str) -> Callable[[bytes], _Frame]:
    """Return a function from a frame to *what* is in it; it raises FrameError when it is not."""
    decode = msgspec.msgpack.Decoder(kind).decode

    def decode_frame(frame: bytes) -> _Frame:
        body = _body(frame)
        try:
            return decode(body)
        # msgspec's own decoder of msgpack lets text that is not UTF-8 out as Python tells it.
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise FrameError(f"not {what}: {error}") from None

    return decode_frame


def _body(frame: bytes) -> memoryview:
    if not frame:
        raise FrameError("an empty frame")
    if frame[0] != VERSION:
        raise UnknownVersionError(f"version {frame[0]} where {VERSION} is spoken")
    return memoryview(frame)[1:]


decode_batch = _decoder(Batch, "a batch")
decode_envelope = _decoder(Envelope, "an envelope")
decode_presence = _decoder(Presence, "a presence")
decode_acknowledgement = _decoder(Acknowledgement, "an acknowledgement")
decode_announcement = _decoder(Announcement, "an announcement")
