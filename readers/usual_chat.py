"""
A line of chat as Twitch usually sends it, taken apart in one go: in two thirds of the time that it
takes the way that all lines can go, through irc.py and chat_parser.py.

It is left to that way when anything about it is unusual: tags that are missing or in another order
than the alphabet's, an id that is not a number, a `/me`. Otherwise what comes out is the same, as
long as no tag is there twice, which Twitch does not do.
"""

from __future__ import annotations

import re

from common.chat_message import ChatMessage
from readers.chat_parser import HeardMessage
from readers.emotes import emote_names

# Atomic groups, `(?>`, go past other tags to the next one that is needed, and never back.
_TAGS = re.compile(
    r"@(?>(?:[^;]*;)*?emotes=)([^;]*);"
    r"(?>(?:[^;]*;)*?flags=)([^;]*);"
    r"(?>(?:[^;]*;)*?id=)([^;]*);"
    r"(?>(?:[^;]*;)*?room-id=)([0-9]+);"
    r"(?>(?:[^;]*;)*?tmi-sent-ts=)([1-9][0-9]{0,17});"
    r"(?>(?:[^;]*;)*?user-id=)([0-9]+)(?![^;])"
)
_PRIVMSG = re.compile(r":([a-z0-9_]+)![^ ]* PRIVMSG #[^ ]* :(?!\x01)(.*)", re.DOTALL)


def usual_chat(line: bytes) -> HeardMessage | None:
    """
    Return what a line of chat says, or None when that is not to be found out here.

    The line may end in CR LF, in either of them, or in neither. Never raises, whatever the bytes.
    """
    tags, _, rest = line.decode("utf-8", "replace").rstrip("\r\n").partition(" ")
    tagged, said = _TAGS.match(tags), _PRIVMSG.match(rest)
    if tagged is None or said is None:
        return None
    emotes, flags, message_id, room_id, sent_ms, user_id = tagged.groups()
    username, text = said.groups()
    names, skipped = emote_names(emotes, text, flags)
    message = ChatMessage(room_id, user_id, username, text, int(sent_ms), names)
    return HeardMessage(message, message_id, skipped)
