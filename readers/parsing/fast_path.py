"""
Parse the usual form of a chat line with one regular expression. This takes half the time of irc.py
and chat_parser.py, which parse any line.

They parse a line in which anything is unusual: tags missing or not in alphabetical order, a room or
user id that is not a number, an emote that is not where its tag says, a `/me`. Otherwise the result
is the same, unless a tag appears twice, which Twitch does not send.
"""

from __future__ import annotations

import re

from common.chat_message import ChatMessage
from readers.parsing.emotes import well_placed_emotes
from readers.parsing.received import ReceivedMessage

# The atomic groups, `(?>`, skip to the next tag that is needed, and never backtrack. A line that
# does not match ends in the last, empty alternative, and is not retried at a later `;emotes=`. So
# the time is linear in the length of any line. `well_placed_emotes` accepts only these characters.
_USUAL_CHAT = re.compile(
    r";emotes=(?:([a-zA-Z0-9_:/,-]*);"
    r"(?>(?:[^;]*;)*?id=)([^;]*);"
    r"(?>(?:[^;]*;)*?room-id=)([0-9]+);"
    r"(?>(?:[^;]*;)*?tmi-sent-ts=)([1-9][0-9]{0,17});"
    r"(?>(?:[^;]*;)*?user-id=)([0-9]+)(?:;[^ ]*)?"
    r" :([a-z0-9_]+)![^ ]* PRIVMSG #[^ ]* :(?!\x01)(.*)|)",
    re.DOTALL,
)
_LAST_TAG = 5


def fast_path(line: bytes) -> ReceivedMessage | None:
    """
    Return the chat message in *line*, or None if `parse_irc` has to parse the line.

    The line may end in CR LF, CR, LF or none of them. Never raises, whatever the bytes.
    """
    decoded = line.decode("utf-8", "replace").rstrip("\r\n")
    found = _USUAL_CHAT.search(decoded)
    if found is None or decoded[0] != "@":
        return None
    # A chatter may type text that looks like tags. Real tags end at the first space.
    if not 0 < found.end(_LAST_TAG) <= decoded.find(" "):
        return None
    emotes, message_id, room_id, sent_ms, user_id, username, text = found.groups()
    names = well_placed_emotes(emotes, text)
    if names is None:
        return None
    message = ChatMessage(room_id, user_id, username, text, int(sent_ms), names)
    return ReceivedMessage(message, message_id, skipped_emotes=0)
