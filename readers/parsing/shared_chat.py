"""
Read where a line of a shared chat was written.

Twitch sends a line to each channel of a shared chat, each time with the id of that channel and an
id of its own, and the tags `source-*` say what the original was. It sends those tags to the channel
of the original, too. There they say nothing new, and are left out, as EventSub does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from common.extended_message import Badge
from readers.parsing.badges import standing
from readers.parsing.irc import unescape_tag

if TYPE_CHECKING:
    from readers.parsing.irc import IrcMessage


class Source(NamedTuple):
    """The fields `source_*` of a record; the defaults are for a line of the channel itself."""

    broadcaster_user_id: str = ""
    message_id: str = ""
    badges: tuple[Badge, ...] = ()


_ITSELF = Source()


def source(tags: Mapping[str, str], channel_id: str) -> Source:
    """
    Return where the line with *tags*, as sent to the channel *channel_id*, was written.

    Never raises, whatever the tags hold.
    """
    room_id = unescape_tag(tags.get("source-room-id", ""))
    if room_id in {"", channel_id}:
        return _ITSELF
    shown, _ = standing(tags.get("source-badge-info", ""), tags.get("source-badges", ""))
    return Source(room_id, unescape_tag(tags.get("source-id", "")), shown)


def notice_kind(irc: IrcMessage) -> str:
    """
    Return the `msg-id` of a notice as sent; of a notice from another channel, the one it has there.

    Never raises, whatever the tags hold.
    """
    kind = irc.tag("msg-id")
    return (kind == "sharedchatnotice" and irc.tag("source-msg-id")) or kind


def is_source_only(tags: Mapping[str, str]) -> bool:
    """Return whether the line is only shown in the channel that it was written in."""
    return tags.get("source-only") == "1"
