"""The last messages of a channel, which its reader keeps while MONITOR_SHOW_MESSAGES is true."""

from __future__ import annotations

from pathlib import Path

import msgspec

from common.chat_message import decode_chat_message
from common.status.last_messages import (
    MESSAGES_PAGE_BYTES,
    LastMessage,
    LastMessages,
    messages_page,
)
from common.status.page import read_page


class Message(msgspec.Struct):
    """A message as it is shown."""

    #: When it was said, Unix milliseconds.
    timestamp: int
    username: str
    message: str


class Messages(msgspec.Struct):
    """The last messages of a channel, oldest first."""

    messages: list[Message]


def last_messages(state_dir: Path, channel: str) -> Messages:
    """
    Return the last messages of *channel*, which has a reader; none if it has kept none.

    Raises PageError if they cannot be read.
    """
    path = messages_page(state_dir, channel)
    if not path.exists():
        return Messages([])
    kept = read_page(path, LastMessages, MESSAGES_PAGE_BYTES).status.messages
    return Messages([shown for message in kept if (shown := _shown(message))])


def _shown(message: LastMessage) -> Message | None:
    try:
        chat = decode_chat_message(message.value)
    except msgspec.MsgspecError:
        return None
    return Message(chat.timestamp, chat.username, chat.message)
