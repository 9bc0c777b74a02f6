"""
Which readers have subscribed to announcements, from an XPUB socket's subscription messages
(https://rfc.zeromq.org/spec/29/, "The XPUB Socket Type").
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from common.frames import PERSONAL_ANNOUNCEMENT

_SUBSCRIBE = b"\x01"
_UNSUBSCRIBE = b"\x00"

#: How many are remembered; about a thousand run. Any others receive only the general announcements.
_REMEMBERED = 10_000


class Listeners:
    """The topics of the announcements to single readers."""

    def __init__(self) -> None:
        self._topics: dict[bytes, None] = {}

    @property
    def topics(self) -> Collection[bytes]:
        """The topics of the connected readers."""
        return self._topics.keys()

    def on_message(self, frames: Sequence[bytes]) -> bytes | None:
        """Handle a message of the socket; return the topic of a reader that has subscribed."""
        kind, topic = frames[0][:1], frames[0][1:]
        if not topic.startswith(PERSONAL_ANNOUNCEMENT):
            return None
        if kind == _UNSUBSCRIBE:
            self._topics.pop(topic, None)
            return None
        is_full = len(self._topics) >= _REMEMBERED and topic not in self._topics
        if kind != _SUBSCRIBE or is_full:
            return None
        self._topics[topic] = None
        return topic
