"""Prints records as JSON, for a pipe."""

from __future__ import annotations

import json
from collections.abc import Callable

from confluent_kafka import Message

from publisher.tail.origins import headers_of

#: Returns the line for a record, without its line end.
Formatter = Callable[[Message], bytes]


def value_of(message: Message) -> bytes:
    """Return the record's value, which is a line of JSON except in the topic of dead letters."""
    return message.value() or b""


def with_headers(message: Message) -> bytes:
    """Return an object with headers and value: a dead letter's headers say why it is one."""
    return _encode({"headers": headers_of(message), "value": _parsed(message)})


def with_topic(dead_letters: str) -> Formatter:
    """Return what makes an object of topic and value; in the topic *dead_letters* with headers."""

    def line(message: Message) -> bytes:
        topic = message.topic()
        headers = {"headers": headers_of(message)} if topic == dead_letters else {}
        return _encode({"topic": topic, **headers, "value": _parsed(message)})

    return line


def escaped(format_record: Formatter) -> Formatter:
    """Return *format_record* with what a terminal would obey as `\\uXXXX`, which is JSON too."""

    def line(message: Message) -> bytes:
        text = format_record(message).decode("utf-8", "replace")
        if text.isprintable():
            return text.encode()
        return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text).encode()

    return line


def _parsed(message: Message) -> object:
    """Return the value as JSON, or as text if it is none: a dead letter's may be cut."""
    text = value_of(message).decode("utf-8", "replace")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _encode(line: object) -> bytes:
    return json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
