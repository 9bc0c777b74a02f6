"""
Convert an IRC message to an ExtendedMessage, if a chatter wrote it. No I/O, no clock.

chat_parser.py decides what is a message, and makes its first six fields. Any tag may be missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from common.extended_message import ExtendedMessage
from readers.parsing.action import before_in_notice
from readers.parsing.badges import STANDING_TAGS, standing, with_broadcaster
from readers.parsing.chat_parser import received_message
from readers.parsing.emotes import emote_ranges
from readers.parsing.extended_fields import extended_fields
from readers.parsing.names import display_name
from readers.parsing.received import ReceivedMessage

if TYPE_CHECKING:
    from readers.parsing.irc import IrcMessage

_ANNOUNCEMENT = "announcement"


def extended_received_message(
    irc: IrcMessage, *, room_id: str, now_ms: int
) -> ReceivedMessage | None:
    """
    Return what `received_message` returns, with an ExtendedMessage. Never raises.

    Arguments as of `received_message`.
    """
    received = received_message(irc, room_id=room_id, now_ms=now_ms)
    if received is None:
        return None
    basic = received.message
    tags = irc.tags
    typed = irc.params[1]
    is_action = basic.message != typed
    is_notice = irc.command == "USERNOTICE"
    before = before_in_notice(typed) if is_notice else ""
    text = before + basic.message
    fields = extended_fields(tags, channel_id=basic.channel_id, text=text, offset=len(before))
    if is_notice:
        fields["message_type"] = _ANNOUNCEMENT
    if basic.emotes:
        fields["emote_ranges"] = emote_ranges(
            irc.tag("emotes"), text, irc.tag("flags"), len(before)
        )
    is_broadcaster = basic.user_id == basic.channel_id != ""
    shown, held = standing(*[tags.get(tag, "") for tag in STANDING_TAGS])
    message = ExtendedMessage(
        basic.channel_id,
        basic.user_id,
        basic.username,
        basic.message,
        basic.timestamp,
        basic.emotes,
        message_id=received.id,
        channel=irc.channel or "",
        display_name=display_name(tags.get("display-name", ""), basic.username),
        color=tags.get("color", ""),
        badges=shown,
        roles=with_broadcaster(held) if is_broadcaster else held,
        is_action=is_action,
        **fields,
    )
    return ReceivedMessage(message, received.id, received.skipped_emotes)
