"""
The last messages of a channel, which the live page shows on request. They are personal data: there
is such a page only while MONITOR_SHOW_MESSAGES is true.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

#: Large enough for ten messages of the usual length.
MESSAGES_PAGE_BYTES = 16384

#: How many messages a page holds at most.
SHOWN_MESSAGES = 10


class LastMessage(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A message."""

    #: When it was said, Unix milliseconds.
    said_ms: int
    #: The ChatMessage, as `encode_chat_message` encodes it.
    value: bytes


class LastMessages(msgspec.Struct, array_like=True):
    """The last messages, oldest first."""

    messages: list[LastMessage] = []


def messages_folder(state_dir: Path) -> Path:
    """Return the folder of these pages."""
    return state_dir / "messages"


def messages_page(state_dir: Path, channel: str) -> Path:
    """Return the path of the page of *channel*."""
    return messages_folder(state_dir) / channel
