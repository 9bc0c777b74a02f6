"""
What moderators remove: the messages of a user, all messages, or one. No I/O, no clock.

1. CLEARCHAT with a user is a timeout or a ban. Without one, the whole chat was cleared.
2. CLEARMSG is the deletion of one message. The line holds its text, which is not read here: nobody
   should see it any more.
3. These lines have no id. Their content is one, if they have a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from common.chat_event import ChatEvent
from common.event_payloads import Clear, ClearUserMessages, MessageDelete
from readers.parsing.irc import unescape_tag
from readers.parsing.received import ReceivedEvent
from readers.parsing.timestamps import event_time_ms

if TYPE_CHECKING:
    from readers.parsing.irc import IrcMessage

# More than the seconds of any timeout have.
_MAX_DIGITS = 15


def moderation_event(irc: IrcMessage, room_id: str, now_ms: int) -> ReceivedEvent | None:
    """
    Return the event in *irc*, or None if it is no such line. Never raises.

    *room_id* (the channel's Twitch id) and *now_ms* (Unix time in milliseconds) replace tags that
    are missing or invalid.
    """
    params = irc.params
    if not params or not params[0].startswith("#"):
        return None
    if irc.command == "CLEARMSG":
        return _message_delete(irc, room_id, now_ms)
    if irc.command == "CLEARCHAT":
        return _clear(irc, room_id, now_ms)
    return None


def _message_delete(irc: IrcMessage, room_id: str, now_ms: int) -> ReceivedEvent | None:
    message_id = unescape_tag(irc.tag("target-msg-id"))
    if not message_id:
        return None
    event = ChatEvent(
        # Its tag is there and empty in every recorded line.
        channel_id=unescape_tag(irc.tag("room-id")) or room_id,
        channel=_channel(irc),
        type="message_delete",
        timestamp=event_time_ms(irc.tag("tmi-sent-ts"), now_ms),
        message_delete=MessageDelete(message_id, unescape_tag(irc.tag("login")).lower() or None),
    )
    return ReceivedEvent(event, f"message_delete:{message_id}")


def _clear(irc: IrcMessage, room_id: str, now_ms: int) -> ReceivedEvent:
    channel_id = unescape_tag(irc.tag("room-id")) or room_id
    sent = irc.tag("tmi-sent-ts")
    timestamp = event_time_ms(sent, now_ms)
    user_id = unescape_tag(irc.tag("target-user-id"))
    login = "".join(irc.params[1:2]).lower()
    if user_id or login:
        kind, whose = "clear_user_messages", f":{user_id or login}"
        user = ClearUserMessages(user_id or None, login or None, _seconds(irc.tag("ban-duration")))
        clear = None
    else:
        kind, whose = "clear", ""
        user, clear = None, Clear()
    event = ChatEvent(
        channel_id=channel_id,
        channel=_channel(irc),
        type=kind,
        timestamp=timestamp,
        clear_user_messages=user,
        clear=clear,
    )
    # Without Twitch's own time, two timeouts of a user would have the same id.
    has_time = sent == str(timestamp)
    return ReceivedEvent(event, f"{kind}:{channel_id}{whose}:{sent}" if has_time else "")


def _channel(irc: IrcMessage) -> str:
    return irc.params[0][1:].lower()


def _seconds(sent: str) -> int | None:
    # Check the length first: int() raises ValueError for several thousand digits.
    if len(sent) <= _MAX_DIGITS and sent.isascii() and sent.isdecimal():
        return int(sent)
    return None
