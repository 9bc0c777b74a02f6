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
from readers.parsing.numbers import whole_number
from readers.parsing.received import ReceivedEvent
from readers.parsing.timestamps import event_time_ms

if TYPE_CHECKING:
    from readers.parsing.irc import IrcMessage


def moderation_event(irc: IrcMessage, room_id: str, now_ms: int) -> ReceivedEvent | None:
    """
    Return the event in *irc*, or None if it is no such line. Never raises.

    *room_id* (the channel's Twitch id) and *now_ms* (Unix time in milliseconds) replace tags that
    are missing or invalid.
    """
    make = _MAKERS.get(irc.command)
    if make is None or (channel := irc.channel) is None:
        return None
    # In CLEARMSG, this tag is there and empty in every recorded line.
    return make(irc, channel, irc.text("room-id") or room_id, now_ms)


def _message_delete(
    irc: IrcMessage, channel: str, channel_id: str, now_ms: int
) -> ReceivedEvent | None:
    message_id = irc.text("target-msg-id")
    if not message_id:
        return None
    event = ChatEvent(
        channel_id=channel_id,
        channel=channel,
        type="message_delete",
        timestamp=event_time_ms(irc.tag("tmi-sent-ts"), now_ms),
        message_delete=MessageDelete(message_id, irc.text("login").lower() or None),
    )
    return ReceivedEvent(event, f"message_delete:{message_id}")


def _clear(irc: IrcMessage, channel: str, channel_id: str, now_ms: int) -> ReceivedEvent:
    sent = irc.tag("tmi-sent-ts")
    timestamp = event_time_ms(sent, now_ms)
    user_id = irc.text("target-user-id")
    login = "".join(irc.params[1:2]).lower()
    if user_id or login:
        kind, whose = "clear_user_messages", f":{user_id or login}"
        seconds = whole_number(irc.tag("ban-duration"))
        user, clear = ClearUserMessages(user_id or None, login or None, seconds), None
    else:
        kind, whose = "clear", ""
        user, clear = None, Clear()
    event = ChatEvent(
        channel_id=channel_id,
        channel=channel,
        type=kind,
        timestamp=timestamp,
        clear_user_messages=user,
        clear=clear,
    )
    # Without Twitch's own time, two timeouts of a user would have the same id.
    has_time = sent == str(timestamp)
    return ReceivedEvent(event, f"{kind}:{channel_id}{whose}:{sent}" if has_time else "")


#: The function for a line, by its command.
_MAKERS = {"CLEARMSG": _message_delete, "CLEARCHAT": _clear}
