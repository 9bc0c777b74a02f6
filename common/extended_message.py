"""
ExtendedMessage: a chat message with all that Twitch says about it
(`KAFKA_MESSAGE_FIELDS=extended`).

The record begins with the six fields of a ChatMessage. Names and values are those of EventSub
wherever the meaning is equal (https://dev.twitch.tv/docs/eventsub/eventsub-reference/). What Twitch
did not send, or is false or empty, is left out: no field is ever null.
"""

from __future__ import annotations

import msgspec

from common.chat_message import ChatMessage


class Badge(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A badge that is shown beside the name."""

    set_id: str
    id: str
    #: More about it: for the sets subscriber and founder, the months of the subscription.
    info: str = ""


class EmoteRange(msgspec.Struct, frozen=True, gc=False):
    """Where an emote is in the text: code points from 0; the end is exclusive."""

    id: str
    name: str
    begin: int
    end: int


class Gif(msgspec.Struct, frozen=True, gc=False):
    """Where a GIF is in the text, as `[title]`; places as in EmoteRange."""

    id: str
    url: str
    begin: int
    end: int


class Cheer(msgspec.Struct, frozen=True, gc=False):
    """Bits that were cheered with the message."""

    bits: int


class Reply(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The message that this one replies to, and the first message of that thread."""

    parent_message_id: str = ""
    parent_message_body: str = ""
    parent_user_id: str = ""
    parent_user_login: str = ""
    parent_user_name: str = ""
    thread_message_id: str = ""
    thread_user_id: str = ""
    thread_user_login: str = ""
    thread_user_name: str = ""


# gc=False: a message cannot be part of a reference cycle.
class ExtendedMessage(ChatMessage, frozen=True, gc=False, omit_defaults=True):
    """A chat message, and what Twitch says about it."""

    #: Twitch's id of the message.
    message_id: str = ""
    #: The channel's login name.
    channel: str = ""
    #: The chatter's name as shown, if that is not the login name.
    display_name: str = ""
    #: `#RRGGBB`; left out if the chatter never chose one.
    color: str = ""
    badges: tuple[Badge, ...] = ()
    #: What the chatter is in `channel_id`; docs/records.md lists the values.
    roles: tuple[str, ...] = ()
    #: EventSub's `message_type`; left out if it is `text`.
    message_type: str = ""
    is_action: bool = False
    #: Whether it is the chatter's first message ever in the channel.
    is_first_message: bool = False
    is_returning_chatter: bool = False
    is_emote_only: bool = False
    cheer: Cheer | None = None
    reply: Reply | None = None
    #: Not always a UUID.
    channel_points_custom_reward_id: str = ""
    channel_points_animation_id: str = ""
    #: The channel of a shared chat that the message was written in, if it is another one.
    source_broadcaster_user_id: str = ""
    source_message_id: str = ""
    source_badges: tuple[Badge, ...] = ()
    is_source_only: bool = False
    emote_ranges: tuple[EmoteRange, ...] = ()
    gifs: tuple[Gif, ...] = ()
    #: What AutoMod found, as Twitch sends it: `0-5:A.6/I.6`.
    automod_flags: str = ""
    client_nonce: str = ""


#: Decodes the JSON of a record. Raises msgspec.DecodeError if it is not an ExtendedMessage.
decode_extended_message = msgspec.json.Decoder(ExtendedMessage).decode
