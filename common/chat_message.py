"""ChatMessage: one chat message, in the JSON format that consumers of the topic read."""

from __future__ import annotations

import msgspec


# gc=False: a message cannot be part of a reference cycle.
class ChatMessage(msgspec.Struct, frozen=True, gc=False):
    """
    One message of a Twitch chat.

    The JSON has the fields in this order.
    """

    #: Twitch's id of the channel (`room-id`); it does not change when the channel is renamed.
    channel_id: str
    #: Twitch's id of the chatter (`user-id`).
    user_id: str
    #: The chatter's login name, lower case.
    username: str
    #: The text as typed; for a `/me` message, the text inside the ACTION wrapper.
    message: str
    #: When Twitch received the message, Unix time in milliseconds (`tmi-sent-ts`).
    timestamp: int
    #: Names of the emotes, one per use, in text order.
    emotes: list[str]


#: Encodes a ChatMessage as the UTF-8 JSON that goes to Kafka.
encode_chat_message = msgspec.json.Encoder().encode

#: Decodes that JSON. Raises msgspec.DecodeError if it is not a ChatMessage.
decode_chat_message = msgspec.json.Decoder(ChatMessage).decode
