"""ChatMessage: what was said in a channel, in the JSON format that the topic's consumers read."""

from __future__ import annotations

import msgspec


# A message refers to nothing that could refer back to it: the garbage collector need not look.
class ChatMessage(msgspec.Struct, frozen=True, gc=False):
    """
    One message of a Twitch chat.

    The order of the fields is the order in the JSON.
    """

    #: Twitch's id of the channel (`room-id`); it stays when the channel is renamed.
    channel_id: str
    #: Twitch's id of the chatter (`user-id`).
    user_id: str
    #: The chatter's login name, lower case.
    username: str
    #: The text as it was typed; of a `/me` message, what stands inside the ACTION wrapper.
    message: str
    #: When Twitch received the message, Unix time in milliseconds.
    timestamp: int
    #: Names of the emotes, one per use, in the order they stand in the text.
    emotes: list[str]


#: Encodes a ChatMessage as the UTF-8 JSON that goes to Kafka.
encode_chat_message = msgspec.json.Encoder().encode

#: Decodes that JSON again. Raises msgspec.DecodeError when it is not a ChatMessage.
decode_chat_message = msgspec.json.Decoder(ChatMessage).decode
