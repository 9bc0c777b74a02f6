"""
Read the fields of an extended message that most messages do not have.

Each is in a tag of its own, which Twitch leaves out, or sends empty or as 0, otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from common.extended_message import Cheer, Reply
from readers.parsing.gifs import gifs
from readers.parsing.irc import unescape_tag
from readers.parsing.numbers import whole_number
from readers.parsing.shared_chat import is_source_only, source

# Tags whose value is published as sent, and the field that it is for.
_TEXTS = (
    ("animation-id", "channel_points_animation_id"),
    ("client-nonce", "client_nonce"),
    ("custom-reward-id", "channel_points_custom_reward_id"),
    ("flags", "automod_flags"),
)

# Tags whose value 1 makes the field true.
_TRUTHS = (
    ("emote-only", "is_emote_only"),
    ("first-msg", "is_first_message"),
    ("returning-chatter", "is_returning_chatter"),
)

# The tags of the fields of a Reply, in the same order.
_REPLY = (
    "reply-parent-msg-id",
    "reply-parent-msg-body",
    "reply-parent-user-id",
    "reply-parent-user-login",
    "reply-parent-display-name",
    "reply-thread-parent-msg-id",
    # Twitch does not document the thread's user id and display name, and does not always send them.
    "reply-thread-parent-user-id",
    "reply-thread-parent-user-login",
    "reply-thread-parent-display-name",
)

# EventSub's `message_type` for a `msg-id`. One that is not here is published as it is.
_MESSAGE_TYPES = {
    "highlighted-message": "channel_points_highlighted",
    "skip-subs-mode-message": "channel_points_sub_only",
    "user-intro": "user_intro",
    "animated-message": "power_ups_message_effect",
    "gigantified-emote-message": "power_ups_gigantified_emote",
}


def extended_fields(
    tags: Mapping[str, str], *, channel_id: str, text: str, offset: int = 0
) -> dict[str, Any]:
    """
    Return the fields of an ExtendedMessage that *tags*, as sent, have values for.

    Positions refer to *text*, and the message begins at *offset* in it. The fields that nearly
    every message has, and `emote_ranges`, are not among them. Never raises, whatever the tags hold.
    """
    fields: dict[str, Any] = {}
    for tag, field in _TEXTS:
        if value := tags.get(tag):
            fields[field] = value
    for tag, field in _TRUTHS:
        if tags.get(tag) == "1":
            fields[field] = True
    if replied := reply(tags):
        fields["reply"] = replied
    if (value := tags.get("bits")) and (bits := whole_number(value)):
        fields["cheer"] = Cheer(bits)
    if value := tags.get("gifs"):
        fields["gifs"] = gifs(unescape_tag(value), text, offset)
    if value := tags.get("msg-id"):
        fields["message_type"] = _MESSAGE_TYPES.get(value) or unescape_tag(value)
    if "source-room-id" in tags or "source-only" in tags:
        fields |= source_fields(tags, channel_id)
    return fields


def reply(tags: Mapping[str, str]) -> Reply | None:
    """Return what the message with *tags*, as sent, replies to. Never raises."""
    if "reply-parent-msg-id" not in tags:
        return None
    values = [tags.get(tag, "") for tag in _REPLY]
    # Hardly any value has an escape, and a call for each would take half the time of all this.
    values = [unescape_tag(value) if "\\" in value else value for value in values]
    return Reply(*values) if any(values) else None


def source_fields(tags: Mapping[str, str], channel_id: str) -> dict[str, Any]:
    """Return the fields that *tags*, as sent to *channel_id*, have for a line of a shared chat."""
    origin = source(tags, channel_id)
    return {
        "source_broadcaster_user_id": origin.broadcaster_user_id,
        "source_message_id": origin.message_id,
        "source_badges": origin.badges,
        "is_source_only": is_source_only(tags),
    }
