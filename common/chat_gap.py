"""ChatGap: a record of a time span in which messages of a channel may be missing."""

from __future__ import annotations

import enum

import msgspec


class GapReason(enum.Enum):
    """Why messages may be missing."""

    #: The connection to Twitch was lost.
    DISCONNECTED = "disconnected"
    #: Twitch removed the reader from the channel, for example because it was banned.
    DROPPED = "dropped"
    #: The reader was stopped or killed, and started again.
    RESTARTED = "restarted"
    #: The outbox was full, and its oldest messages were evicted.
    OVERFLOWED = "overflowed"
    #: The outbox was damaged, and what could not be read of it is lost.
    DAMAGED = "damaged"

    @property
    def loses_received_messages(self) -> bool:
        """Whether messages may be missing although the reader was in the channel."""
        return self in {GapReason.OVERFLOWED, GapReason.DAMAGED}


class ChatGap(msgspec.Struct, frozen=True, rename={"from_ms": "from", "to_ms": "to"}):
    """
    A time span in which messages of a channel may be missing from the topic.

    The span is never too short. Some messages sent within it may still be in the topic.
    """

    #: Twitch's id of the channel.
    channel_id: str
    #: The channel's login name.
    channel: str
    #: Start and end of the span, Unix time in milliseconds.
    from_ms: int
    to_ms: int
    reason: GapReason


#: Encodes a ChatGap as the UTF-8 JSON that goes to Kafka.
encode_chat_gap = msgspec.json.Encoder().encode

#: Decodes that JSON. Raises msgspec.DecodeError if it is not a ChatGap.
decode_chat_gap = msgspec.json.Decoder(ChatGap).decode
