"""Recorded notices, and helpers that parse them."""

from __future__ import annotations

from common.chat_event import ChatEvent
from readers.parsing.irc import parse_irc
from readers.parsing.line_parser import COMMANDS, line_parser
from readers.parsing.received import Received, ReceivedEvent
from tests.corpora import OWN_RECORDINGS, recorded_lines
from tests.readers.chat_lines import NOW_MS, ROOM_ID

_EVENTS = recorded_lines(OWN_RECORDINGS / "events.txt")


def recorded(number: int, *changes: tuple[str, str]) -> bytes:
    """Return a line of `events.txt`, by its number from 1; *changes* replace parts of it."""
    line = _EVENTS[number - 1].decode()
    for old, new in changes:
        assert old in line
        line = line.replace(old, new)
    return line.encode()


def received_in(line: bytes, now_ms: int = NOW_MS) -> list[Received]:
    """Return what *line* is, as a reader's parser finds it."""
    irc = parse_irc(line)
    assert irc is not None
    assert irc.command in COMMANDS
    return line_parser().parse(irc, ROOM_ID, now_ms)


def event_in(line: bytes) -> ChatEvent:
    """Return the event in a line that is one, and no message."""
    (received,) = received_in(line)
    assert isinstance(received, ReceivedEvent)
    return received.event
