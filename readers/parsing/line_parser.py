"""
The parser of a reader: which functions make records of its lines, by KAFKA_MESSAGE_FIELDS.

`fast` makes the message of a usual line, in half the time. What it returns None for goes to `parse`
after `parse_irc`. No I/O, no clock.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from readers.parsing.chat_parser import received_message
from readers.parsing.fast_path import fast_path
from readers.parsing.irc import IrcMessage
from readers.parsing.moderation import moderation_event
from readers.parsing.notices import notice_event
from readers.parsing.received import Received, ReceivedMessage

#: The commands of the lines that are messages or events.
COMMANDS = {"PRIVMSG", "USERNOTICE", "CLEARCHAT", "CLEARMSG"}


class LineParser(NamedTuple):
    """The parser of a reader. Neither function ever raises."""

    fast: Callable[[bytes], ReceivedMessage | None]
    #: Arguments: a line whose command is one of COMMANDS; the channel's Twitch id and the Unix time
    #: in milliseconds, for tags that are missing. Returns what the line is, in the order in which
    #: it is to be published.
    parse: Callable[[IrcMessage, str, int], list[Received]]


def line_parser() -> LineParser:
    """Return the parser."""
    return LineParser(fast_path, _parse)


def _parse(irc: IrcMessage, room_id: str, now_ms: int) -> list[Received]:
    found = (
        received_message(irc, room_id=room_id, now_ms=now_ms),
        notice_event(irc, room_id, now_ms),
        moderation_event(irc, room_id, now_ms),
    )
    return [received for received in found if received]
