"""ChatGap: what tells a consumer that a reader was away from its channel, and since when."""

from __future__ import annotations

import enum

import msgspec


class GapReason(enum.Enum):
    """Why messages may be missing."""

    #: The connection to Twitch was lost.
    DISCONNECTED = "disconnected"
    #: Twitch took the reader out of the channel, as it does with whom it bans.
    DROPPED = "dropped"
    #: The reader was stopped or killed, and started again.
    RESTARTED = "restarted"
    #: The outbox was full, and its oldest messages were given up.
    OVERFLOWED = "overflowed"


class ChatGap(msgspec.Struct, frozen=True, rename={"from_ms": "from", "to_ms": "to"}):
    """
    A span of time in which messages of a channel may be missing from the topic.

    Some of what was said in it may be there all the same: a span is never too short.
    """

    #: Twitch's id of the channel.
    channel_id: str
    #: The channel's login name.
    channel: str
    #: Unix time in milliseconds, as are all times.
    from_ms: int
    to_ms: int
    reason: GapReason


#: Encodes a ChatGap as the UTF-8 JSON that goes to Kafka.
encode_chat_gap = msgspec.json.Encoder().encode

#: Decodes that JSON again. Raises msgspec.DecodeError when it is not a ChatGap.
decode_chat_gap = msgspec.json.Decoder(ChatGap).decode
