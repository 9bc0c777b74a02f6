"""
An IRC message into a ChatMessage, when it is something a chatter said. No I/O, no clock.

1. A PRIVMSG to a channel is. One to a user is not: it is how Twitch once told a channel's owner
   of hosts.
2. A USERNOTICE with a typed text is when it is an announcement, also one that a shared chat
   brought in from another channel (`sharedchatnotice`). Its sender is in the tag `login`.
3. Everything else is not. So a text typed with a resubscription is not one either: clients show
   it as part of the notice.

Every tag may be missing (https://dev.twitch.tv/docs/chat/irc/).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from common.chat_message import ChatMessage
from readers.twitch.emotes import emote_names
from readers.twitch.irc import unescape_tag

if TYPE_CHECKING:
    from readers.twitch.irc import IrcMessage

# What `/me` puts round a text (CTCP ACTION).
_ACTION = "\x01ACTION"
_ACTION_END = "\x01"

_MAX_INT64 = 2**63 - 1
_MAX_INT64_DIGITS = 19


# As IrcMessage, nothing for the garbage collector.
class ReceivedMessage(msgspec.Struct, frozen=True, gc=False):
    """What a line of chat says."""

    message: ChatMessage
    #: Twitch's id of the message, the same for whoever hears it; empty when it has none.
    id: str
    #: How many emote positions had to be skipped.
    skipped_emotes: int


def received_message(irc: IrcMessage, *, room_id: str, now_ms: int) -> ReceivedMessage | None:
    """
    Return what the line says.

    `room_id`, the channel's Twitch id, and `now_ms`, Unix time in milliseconds, stand in where
    the message's own tags are missing or make no sense. Returns None for anything that is not
    a chatter's message. Never raises.
    """
    params = irc.params
    if len(params) < 2 or not params[0].startswith("#"):
        return None
    typed = params[1]
    text = _without_action(typed)
    if irc.command == "PRIVMSG":
        username = irc.nick
        counted = text
    elif irc.command == "USERNOTICE" and _is_announcement(irc):
        username = unescape_tag(irc.tag("login"))
        # In notices the positions of a `/me` text count from the word ACTION: a recorded
        # resubscription shows it.
        counted = text if text == typed else f"ACTION {text}"
    else:
        return None
    emotes, skipped = emote_names(irc.tag("emotes"), counted, irc.tag("flags"))
    message = ChatMessage(
        unescape_tag(irc.tag("room-id")) or room_id,
        unescape_tag(irc.tag("user-id")),
        username.lower(),
        text,
        _timestamp_ms(irc.tag("tmi-sent-ts"), now_ms),
        emotes,
    )
    return ReceivedMessage(message, irc.tag("id"), skipped)


def _is_announcement(irc: IrcMessage) -> bool:
    kind = irc.tag("msg-id")
    if kind == "sharedchatnotice":
        kind = irc.tag("source-msg-id")
    return kind == "announcement"


def _without_action(typed: str) -> str:
    """Take the ACTION wrapper off. Twitch may cut its end from a long text."""
    if not typed.startswith(_ACTION):
        return typed
    inner = typed.removeprefix(_ACTION).removesuffix(_ACTION_END)
    if inner and not inner.startswith(" "):
        return typed
    return inner[1:]


def _timestamp_ms(sent: str, now_ms: int) -> int:
    # The length comes first: Python refuses to read numbers of several thousand digits.
    if len(sent) <= _MAX_INT64_DIGITS and sent.isascii() and sent.isdecimal():
        timestamp = int(sent)
        # To Kafka's clients a time of 0 is none at all.
        if 0 < timestamp <= _MAX_INT64:
            return timestamp
    return now_ms
