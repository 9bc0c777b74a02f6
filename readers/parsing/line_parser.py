"""
The parser of a reader: which functions make records of its lines, by KAFKA_MESSAGE_FIELDS.

`fast` makes the message of a usual line, in half the time. What it returns None for goes to `parse`
after `parse_irc`. No I/O, no clock.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple, Protocol

from readers.parsing.chat_parser import received_message
from readers.parsing.extended_fast_path import extended_fast_path
from readers.parsing.extended_parser import extended_received_message
from readers.parsing.fast_path import fast_path
from readers.parsing.irc import IrcMessage
from readers.parsing.moderation import moderation_event
from readers.parsing.notice_parser import notice_event
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


class _MessageParser(Protocol):
    def __call__(self, irc: IrcMessage, *, room_id: str, now_ms: int) -> ReceivedMessage | None: ...


def line_parser(*, extended: bool = False) -> LineParser:
    """Return the parser that makes a ChatMessage of a message or, if *extended*, all of it."""
    if extended:
        return LineParser(extended_fast_path, partial(_parse, extended_received_message))
    return LineParser(fast_path, partial(_parse, received_message))


def _parse(
    message_parser: _MessageParser, irc: IrcMessage, room_id: str, now_ms: int
) -> list[Received]:
    found = (
        message_parser(irc, room_id=room_id, now_ms=now_ms),
        notice_event(irc, room_id, now_ms),
        moderation_event(irc, room_id, now_ms),
    )
    return [received for received in found if received]
