"""
Convert a USERNOTICE to a ChatEvent. No I/O, no clock.

1. The tag `msg-id` says what happened. A notice from another channel of a shared chat is a
   `sharedchatnotice`; its `source-msg-id` says what happened there.
2. A msg-id that this service does not know makes an event of type `unknown`, with all parameters.
3. Whoever gives anonymously stays unknown: the event has neither a name of theirs nor an id, color,
   badge, role or number of gifts.

Any tag may be missing (https://dev.twitch.tv/docs/chat/irc/).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from common.chat_event import UNKNOWN, ChatEvent
from common.extended_message import Badge, EmoteRange
from readers.parsing.action import before_in_notice, without_action
from readers.parsing.badges import badges, roles
from readers.parsing.emotes import emote_ranges
from readers.parsing.irc import unescape_tag
from readers.parsing.names import display_name
from readers.parsing.notice import Notice, User
from readers.parsing.notice_payloads import PAYLOADS, goal
from readers.parsing.received import ReceivedEvent
from readers.parsing.shared_chat import is_source_only, notice_kind, source
from readers.parsing.timestamps import event_time_ms

if TYPE_CHECKING:
    from readers.parsing.irc import IrcMessage

_PARAM = "msg-param-"


class _Chatter(NamedTuple):
    """The fields of an event that say who did it."""

    user_id: str = ""
    username: str = ""
    display_name: str = ""
    color: str = ""
    badges: tuple[Badge, ...] = ()
    roles: tuple[str, ...] = ()


def notice_event(irc: IrcMessage, room_id: str, now_ms: int) -> ReceivedEvent | None:
    """
    Return the event in *irc*, or None if it is no USERNOTICE to a channel. Never raises.

    *room_id* (the channel's Twitch id) and *now_ms* (Unix time in milliseconds) replace tags that
    are missing or invalid.
    """
    if irc.command != "USERNOTICE":
        return None
    channel, typed = irc.channel, "".join(irc.params[1:2])
    tags = irc.tags
    notice = _notice(unescape_tag(notice_kind(irc)), tags)
    if channel is None or not notice.msg_id:
        return None
    channel_id = _text(tags, "room-id") or room_id
    chatter = _Chatter() if notice.is_anonymous else _chatter(tags, channel_id)
    text, emotes = _typed(typed, tags)
    origin = source(tags, channel_id)
    kind, payload = _payload(notice)
    is_known = payload is not None
    event = ChatEvent(
        channel_id=channel_id,
        channel=channel,
        type=kind,
        event_id=tags.get("id", ""),
        timestamp=event_time_ms(tags.get("tmi-sent-ts", ""), now_ms),
        chatter_is_anonymous=notice.is_anonymous,
        user_id=chatter.user_id,
        username=chatter.username,
        display_name=chatter.display_name,
        color=chatter.color,
        badges=chatter.badges,
        roles=chatter.roles,
        system_message=_text(tags, "system-msg"),
        message=text,
        emotes=tuple([emote.name for emote in emotes]),
        emote_ranges=emotes,
        source_broadcaster_user_id=origin.broadcaster_user_id,
        source_message_id=origin.message_id,
        # They are of the chatter, too.
        source_badges=() if notice.is_anonymous else origin.badges,
        is_source_only=is_source_only(tags),
        goal=goal(notice) if is_known else None,
        msg_id="" if is_known else notice.msg_id,
        params={} if is_known else notice.params,
        **({kind: payload} if is_known else {}),
    )
    return ReceivedEvent(event, event.event_id or _id_of_content(irc))


def _notice(msg_id: str, tags: Mapping[str, str]) -> Notice:
    user = User(_text(tags, "user-id"), _text(tags, "login").lower())
    params = {
        name.removeprefix(_PARAM): unescape_tag(value)
        for name, value in tags.items()
        if name.startswith(_PARAM)
    }
    # Notices of anonymous gifts name the channel itself as the giver, or an account for that. Of an
    # anongiftpaidupgrade, it is the earlier gift that is anonymous.
    anonymous = user.is_anonymous_gifter or (
        msg_id.startswith("anon") and msg_id != "anongiftpaidupgrade"
    )
    return Notice(msg_id, params, "" if anonymous else user.id or "", anonymous)


def _chatter(tags: Mapping[str, str], channel_id: str) -> _Chatter:
    user_id, login = _text(tags, "user-id"), _text(tags, "login").lower()
    return _Chatter(
        user_id,
        login,
        display_name(tags.get("display-name", ""), login),
        _text(tags, "color"),
        badges(tags.get("badges", ""), tags.get("badge-info", "")),
        roles(tags, is_broadcaster=user_id == channel_id != ""),
    )


def _typed(typed: str, tags: Mapping[str, str]) -> tuple[str, tuple[EmoteRange, ...]]:
    """Return the text that the user typed, and the emotes in it."""
    text, before = without_action(typed), before_in_notice(typed)
    emotes, flags = tags.get("emotes", ""), tags.get("flags", "")
    return text, emote_ranges(emotes, before + text, flags, len(before))


def _payload(notice: Notice) -> tuple[str, Any]:
    """Return the type of the event, and its payload, None if the type is unknown."""
    kind, make = PAYLOADS.get(notice.msg_id, (UNKNOWN, None))
    payload = make(notice) if make else None
    return (UNKNOWN if payload is None else kind), payload


def _text(tags: Mapping[str, str], name: str) -> str:
    return unescape_tag(tags.get(name, ""))


def _id_of_content(irc: IrcMessage) -> str:
    """
    Return an id for a notice without one, the same on every connection; empty without a time.

    Two notices may be equal but for their times.
    """
    if not irc.tag("tmi-sent-ts"):
        return ""
    content = "\0".join([*sorted(irc.raw_tags.split(";")), irc.raw_params])
    return "usernotice:" + hashlib.sha256(content.encode()).hexdigest()
