"""
The frames that readers and publisher exchange, and their encoding.

1. A frame is one version byte, followed by msgpack.
2. The reader encodes a batch once. The outbox and the link carry the same bytes.
3. A reader sends a batch as two frames: an envelope, which changes when the batch is sent again,
   and the batch, which does not. It sends a presence as a single frame. The publisher sends two
   frames on an XPUB socket: topic and body.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import TypeVar

import msgspec

#: A field appended to a struct with a default needs no new version: older senders omit it, and
#: older receivers ignore it.
VERSION = 1

#: The largest batch frame that a publisher accepts, in bytes. Readers' batches are far smaller.
MAX_FRAME_BYTES = 8 * 1024 * 1024

_PREFIX = bytes([VERSION])


class FrameError(Exception):
    """Raised when a frame is malformed. The text says how."""


class UnknownVersionError(FrameError):
    """Raised when a frame has a version that this program does not support."""


class Kind(enum.IntEnum):
    """The kind of a batch's records. It determines their topic."""

    CHAT = 1
    GAP = 2
    EVENT = 3


class Record(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One Kafka record to produce."""

    key: bytes
    #: Unix time in milliseconds.
    timestamp: int
    value: bytes
    #: Twitch's id of the message or event. Of an event without one, what identifies it: the same in
    #: every reader of the channel. Empty if it has none.
    id: bytes = b""


class Batch(msgspec.Struct, array_like=True, frozen=True):
    """Records of one kind. Their reader numbers them consecutively."""

    kind: Kind
    records: list[Record]


class Envelope(msgspec.Struct, array_like=True, frozen=True):
    """Identifies the batch frame that follows."""

    #: Name of the reader's numbering. It begins with the channel, and is another one when numbers
    #: begin again at 1, or when a copy of the outbox has used the same numbers.
    reader: str
    #: The publisher session that this batch is sent in.
    session: int
    #: seq of the batch's first record; the other records follow without a gap.
    first_seq: int
    #: seq of the oldest record that the reader still stores.
    oldest_seq: int
    #: The incarnation that gave the batch its numbers: each opening of an outbox draws a random one
    #: from 1 to 2**63 - 1. 0 stands for an unknown one, and comes from older versions.
    incarnation: int = 0
    #: seq of the record that comes before the batch in the outbox, or was acknowledged last; the
    #: numbers between them are not in use.
    follows: int = 0
    #: The incarnation that gave that number, 0 if unknown.
    follows_incarnation: int = 0
    #: Whether the reader waits for the acknowledgement: it should not be held.
    is_awaited: bool = False


class Acknowledgement(msgspec.Struct, array_like=True, frozen=True):
    """Kafka has confirmed every record of a reader up to and including `seq`."""

    session: int
    seq: int
    #: The incarnation that gave `seq`, 0 if unknown. Copies of an outbox can use a number twice.
    incarnation: int = 0
    #: When Kafka confirmed what it had not confirmed before the last acknowledgement: the last seq
    #: of each part, ascending, and Unix time in microseconds. Only statistics use it: an
    #: acknowledgement may come later, and a repeated one has none.
    confirmed: tuple[tuple[int, int], ...] = ()


class Announcement(msgspec.Struct, array_like=True, frozen=True):
    """A publisher is running, in this session."""

    session: int
    #: Whether the publisher drops duplicates that several readers of a channel send.
    deduplicates: bool = False
    #: Whether it takes batches of kind EVENT. Older publishers refuse them as malformed.
    takes_events: bool = False


class Presence(msgspec.Struct, array_like=True, frozen=True):
    """
    A reader has been in a channel without a break. Times are Unix times in milliseconds.

    The next presence repeats `since_ms`, so the loss of one does not matter.
    """

    reader: str
    channel_id: str
    since_ms: int
    until_ms: int


#: The topic of announcements to all readers.
ANNOUNCEMENT_TOPIC = b"publisher"

#: The prefix of the topic of announcements to one reader.
PERSONAL_ANNOUNCEMENT = b"session "

_Frame = TypeVar("_Frame")

_encode = msgspec.msgpack.Encoder().encode


def acknowledgement_topic(reader: str) -> bytes:
    """Return the topic of acknowledgements to *reader*."""
    # ZeroMQ matches topics by prefix: without a terminator, "xqc" would also receive "xqcow".
    return b"reader " + reader.encode() + b"\0"


def announcement_topic(reader: str) -> bytes:
    """Return the topic of the announcement that the publisher sends when *reader* subscribes."""
    return PERSONAL_ANNOUNCEMENT + reader.encode() + b"\0"


def encode_frame(value: Batch | Envelope | Presence | Acknowledgement | Announcement) -> bytes:
    """Encode *value* as a frame."""
    return _PREFIX + _encode(value)


def _decoder(kind: type[_Frame], what: str) -> Callable[[bytes], _Frame]:
    """Return a function that decodes a frame to *kind*, or raises FrameError, naming *what*."""
    decode = msgspec.msgpack.Decoder(kind).decode

    def decode_frame(frame: bytes) -> _Frame:
        body = _body(frame)
        try:
            return decode(body)
        # For invalid UTF-8, msgspec's msgpack decoder raises UnicodeDecodeError, not its own.
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise FrameError(f"not {what}: {error}") from None

    return decode_frame


def _body(frame: bytes) -> memoryview:
    if not frame:
        raise FrameError("empty frame")
    if frame[0] != VERSION:
        raise UnknownVersionError(f"version {frame[0]}, but this program supports {VERSION}")
    return memoryview(frame)[1:]


decode_batch = _decoder(Batch, "a batch")
decode_envelope = _decoder(Envelope, "an envelope")
decode_presence = _decoder(Presence, "a presence")
decode_acknowledgement = _decoder(Acknowledgement, "an acknowledgement")
decode_announcement = _decoder(Announcement, "an announcement")
