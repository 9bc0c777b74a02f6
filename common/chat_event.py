"""
ChatEvent: what happens in a channel besides messages, in the JSON that consumers of the topic read.

One envelope for all types. `type` is the `notice_type` of EventSub's channel.chat.notification, or
the last part of the name of a subscription type such as channel.chat.clear. What belongs to the
type is under a key of the same name. What Twitch did not send, or is false or empty, is left out.
"""

from __future__ import annotations

import msgspec

from common import event_payloads as payloads
from common.extended_message import Badge, EmoteRange

#: The type of an event that this service does not know: it has `msg_id` and `params`.
UNKNOWN = "unknown"


# gc=False: an event cannot be part of a reference cycle.
class ChatEvent(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """One event. The JSON has the fields in this order."""

    channel_id: str
    #: The channel's login name.
    channel: str
    type: str
    #: Twitch's id; left out if Twitch sends none.
    event_id: str = ""
    #: When Twitch sent it, else when it was received: Unix time in milliseconds.
    timestamp: int
    #: Whether whoever did it wants to be unknown. Then nothing of them follows.
    chatter_is_anonymous: bool = False
    user_id: str = ""
    #: Login name, lower case.
    username: str = ""
    #: The name as shown, if that is not the login name.
    display_name: str = ""
    color: str = ""
    badges: tuple[Badge, ...] = ()
    roles: tuple[str, ...] = ()
    #: Twitch's sentence about the event, in English.
    system_message: str = ""
    #: What the user typed with it.
    message: str = ""
    emotes: tuple[str, ...] = ()
    emote_ranges: tuple[EmoteRange, ...] = ()
    #: The channel of a shared chat that it happened in, if it is another one.
    source_broadcaster_user_id: str = ""
    source_message_id: str = ""
    source_badges: tuple[Badge, ...] = ()
    is_source_only: bool = False

    sub: payloads.Sub | None = None
    resub: payloads.Resub | None = None
    sub_gift: payloads.SubGift | None = None
    community_sub_gift: payloads.CommunitySubGift | None = None
    gift_paid_upgrade: payloads.GiftPaidUpgrade | None = None
    prime_paid_upgrade: payloads.PrimePaidUpgrade | None = None
    pay_it_forward: payloads.PayItForward | None = None
    raid: payloads.Raid | None = None
    unraid: payloads.Unraid | None = None
    announcement: payloads.Announcement | None = None
    bits_badge_tier: payloads.BitsBadgeTier | None = None
    watch_streak: payloads.WatchStreak | None = None
    modiversary: payloads.Modiversary | None = None
    charity_donation: payloads.CharityDonation | None = None
    social_sharing_badge: payloads.SocialSharingBadge | None = None
    clear_user_messages: payloads.ClearUserMessages | None = None
    clear: payloads.Clear | None = None
    message_delete: payloads.MessageDelete | None = None
    chat_settings_update: payloads.ChatSettings | None = None
    goal: payloads.Goal | None = None

    #: Of an event of type `unknown`: Twitch's msg-id, and all its parameters, `msg-param-*`.
    msg_id: str = ""
    params: dict[str, str] = {}


#: Encodes a ChatEvent as the UTF-8 JSON that goes to Kafka.
encode_chat_event = msgspec.json.Encoder().encode

#: Decodes the JSON of a ChatEvent. Raises msgspec.DecodeError if it is none.
decode_chat_event = msgspec.json.Decoder(ChatEvent).decode
