"""
Convert an IRC message to a ChatMessage, if a chatter wrote it. No I/O, no clock.

1. A PRIVMSG to a channel is a chat message. A PRIVMSG to a user is not: Twitch once used it to
   notify a channel's owner of hosts.
2. A USERNOTICE with a text is a chat message if it is an announcement, including an announcement
   from another channel of a shared chat (`sharedchatnotice`). The tag `login` holds its sender.
3. Nothing else is a chat message. The text of a resubscription is not: clients show it as part
   of the notice.

Any tag may be missing (https://dev.twitch.tv/docs/chat/irc/).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from common.chat_message import ChatMessage
from readers.parsing.action import before_in_notice, without_action
from readers.parsing.emotes import emote_names
from readers.parsing.received import ReceivedMessage
from readers.parsing.shared_chat import notice_kind
from readers.parsing.timestamps import message_time_ms

if TYPE_CHECKING:
    from readers.parsing.irc import IrcMessage


def received_message(irc: IrcMessage, *, room_id: str, now_ms: int) -> ReceivedMessage | None:
    """
    Return the chat message in *irc*, or None if a chatter did not write it. Never raises.

    *room_id* (the channel's Twitch id) and *now_ms* (Unix time in milliseconds) replace tags that
    are missing or invalid.
    """
    params = irc.params
    if len(params) < 2 or not params[0].startswith("#"):
        return None
    typed = params[1]
    text = without_action(typed)
    if irc.command == "PRIVMSG":
        username = irc.nick
        counted = text
    elif irc.command == "USERNOTICE" and notice_kind(irc) == "announcement":
        username = irc.text("login")
        counted = before_in_notice(typed) + text
    else:
        return None
    emotes, skipped = emote_names(irc.tag("emotes"), counted, irc.tag("flags"))
    message = ChatMessage(
        irc.text("room-id") or room_id,
        irc.text("user-id"),
        username.lower(),
        text,
        message_time_ms(irc.tag("tmi-sent-ts"), now_ms),
        emotes,
    )
    return ReceivedMessage(message, irc.tag("id"), skipped)
