"""
Prints records for a person: a line for each, with its time, its channel, and what it says.

What is in a record was written by people in chat. Nothing of it reaches the terminal as a command:
each line is made of printable characters, and of our own colors.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress

import msgspec
from confluent_kafka import Message

from common.chat_event import ChatEvent, decode_chat_event
from common.chat_gap import ChatGap, decode_chat_gap
from common.extended_message import ExtendedMessage, decode_extended_message
from common.opt_out import OptOut, decode_opt_out
from common.printable import printable
from publisher.tail import looks
from publisher.tail.chatter_names import chatter_name
from publisher.tail.colors import DIM, Colors
from publisher.tail.durations import duration
from publisher.tail.event_sentences import opt_out_sentence, sentence
from publisher.tail.json_lines import value_of
from publisher.tail.origins import channel_of, headers_of
from publisher.tail.topics import DEAD_LETTERS, EVENTS, GAPS, MESSAGES

#: They join the parts of an emoji, and are part of some languages' spelling.
_JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
_NO_TIME = "--:--:--"

_Record = ExtendedMessage | ChatEvent | ChatGap | OptOut
_Decoder = Callable[[bytes], _Record]

#: What a topic's values may be, by what it is for.
_DECODERS: dict[str, tuple[_Decoder, ...]] = {
    EVENTS: (decode_chat_event, decode_opt_out),
    GAPS: (decode_chat_gap,),
    MESSAGES: (decode_extended_message,),
}
_ALL_DECODERS = tuple(decode for decoders in _DECODERS.values() for decode in decoders)


class TextLines:
    """
    Makes the lines. *topics* are the names of the topics, by what they are for.

    Two settings may name the same topic, so a value is taken for what it looks like.
    """

    def __init__(self, topics: Mapping[str, str], colors: Colors) -> None:
        self._colors = colors
        self._dead_letters = topics[DEAD_LETTERS]
        self._decoders: dict[str, tuple[_Decoder, ...]] = {}
        for purpose, decoders in _DECODERS.items():
            name = topics[purpose]
            self._decoders[name] = (*self._decoders.get(name, ()), *decoders)

    def line(self, message: Message, now_s: float) -> str:
        """Return the line for *message*, without a line end. Today is the day of *now_s*."""
        headers = headers_of(message)
        value = value_of(message)
        topic = message.topic() or ""
        if topic == self._dead_letters and "reason" in headers:
            said, record = self._dead_letter(headers, value), None
        else:
            said, record = self._read(value, self._decoders.get(topic, _ALL_DECODERS))
        kind, at_ms = message.timestamp()
        when = _clock(at_ms, now_s) if kind else _NO_TIME
        # The key of a record about a person is that person, not a channel.
        channel = "" if isinstance(record, OptOut) else channel_of(message, headers)
        before = f"{when} #{_shown(channel)}" if channel else when
        return f"{self._colors.paint(before, DIM)} {said}"

    def _dead_letter(self, headers: Mapping[str, str], value: bytes) -> str:
        about = f"dead letter for {headers.get('topic', '?')}"
        if size := headers.get("size"):
            about += f", {size} bytes"
        about = f"{about}: {headers['reason']}"
        marked = self._marked(looks.DEAD_LETTER, about)
        return f"{marked} | {self._read(value, _ALL_DECODERS)[0]}" if value else marked

    def _read(self, value: bytes, decoders: tuple[_Decoder, ...]) -> tuple[str, _Record | None]:
        """Return what *value* says, and what it is; as it is, and None, if it is no record."""
        for decode in decoders:
            # Python refuses to print a number of thousands of digits.
            with suppress(msgspec.MsgspecError, ValueError, RecursionError):
                record = decode(value)
                return self._told(record), record
        return _shown(value.decode("utf-8", "replace")), None

    def _told(self, record: _Record) -> str:
        if isinstance(record, ExtendedMessage):
            return self._message(record)
        if isinstance(record, ChatGap):
            length = duration((record.to_ms - record.from_ms) // 1000)
            return self._marked(looks.GAP, f"gap of {length}: {record.reason.value}")
        if isinstance(record, OptOut):
            return self._marked(looks.OPT_OUT, opt_out_sentence(record))
        typed = f" “{_shown(record.message)}”" if record.message else ""
        look = looks.LOOKS.get(record.type, looks.OTHER)
        return self._marked(look, sentence(record)) + typed

    def _message(self, record: ExtendedMessage) -> str:
        name = self._colors.name(
            _shown(chatter_name(record.display_name, record.username)),
            record.username,
            record.color,
        )
        text = _shown(record.message)
        return f"* {name} {text}" if record.is_action else f"{name}: {text}"

    def _marked(self, look: looks.Look, text: str) -> str:
        return self._colors.paint(f"{look.symbol} {_shown(text)}", look.code)


def _shown(text: str) -> str:
    return printable(text, keep=_JOINERS)


def _clock(at_ms: int, now_s: float) -> str:
    """Return the local time of day, and the date if that is not today's."""
    try:
        at = time.localtime(at_ms // 1000)
    except (OverflowError, ValueError, OSError):
        return _NO_TIME
    if at.tm_year > 9999:
        return _NO_TIME
    is_today = at[:3] == time.localtime(now_s)[:3]
    return time.strftime("%H:%M:%S" if is_today else "%Y-%m-%d %H:%M:%S", at)
