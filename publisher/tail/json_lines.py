"""Which records `tail` prints, and how."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection

from confluent_kafka import Message

#: Returns the line for a record, without its line end.
Formatter = Callable[[Message], bytes]


def is_of(channels: Collection[str], message: Message) -> bool:
    """
    Return whether *message* is of one of *channels*, each an id or a login name in lower case.

    The key is the channel's id. The name is the first part of the header `reader`.
    """
    key = (message.key() or b"").decode("utf-8", "replace")
    name = _headers(message).get("reader", "").partition("/")[0]
    return key in channels or name in channels


def value_of(message: Message) -> bytes:
    """Return the record's value, which is a line of JSON in the topics of messages and gaps."""
    return message.value() or b""


def with_headers(message: Message) -> bytes:
    """Return an object with headers and value: a dead letter's headers say why it is one."""
    return _encode({"headers": _headers(message), "value": _parsed(message)})


def with_topic(dead_letters: str) -> Formatter:
    """Return what makes an object of topic and value; in the topic *dead_letters* with headers."""

    def line(message: Message) -> bytes:
        topic = message.topic()
        headers = {"headers": _headers(message)} if topic == dead_letters else {}
        return _encode({"topic": topic, **headers, "value": _parsed(message)})

    return line


def _headers(message: Message) -> dict[str, str]:
    return {
        name: value.decode("utf-8", "replace") if isinstance(value, bytes) else value or ""
        for name, value in dict(message.headers() or ()).items()
    }


def _parsed(message: Message) -> object:
    """Return the value as JSON, or as text if it is none: a dead letter's may be cut."""
    text = value_of(message).decode("utf-8", "replace")
    try:
        return json.loads(text)
    except ValueError:
        return text


def _encode(line: object) -> bytes:
    return json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
