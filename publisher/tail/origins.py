"""What the headers and the key of a record say: the channel that it is of."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from confluent_kafka import Message


def headers_of(message: Message) -> dict[str, str]:
    """Return the record's headers as text; the last one of each name."""
    return {
        name: value.decode("utf-8", "replace") if isinstance(value, bytes) else value or ""
        for name, value in dict(message.headers() or ()).items()
    }


def channel_of(message: Message, headers: Mapping[str, str]) -> str:
    """Return the channel's login name, else the key, which is its id, else ""."""
    return _name(headers) or _key(message)


def is_of(channels: Collection[str], message: Message) -> bool:
    """Return whether *message* is of one of *channels*: ids, or login names in lower case."""
    return _key(message) in channels or _name(headers_of(message)) in channels


def _name(headers: Mapping[str, str]) -> str:
    """Return the first part of the header `reader`."""
    return headers.get("reader", "").partition("/")[0]


def _key(message: Message) -> str:
    return (message.key() or b"").decode("utf-8", "replace")
