"""Keeps the last messages of a channel in a page, for the live page; or removes that page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from common.extended_message import ExtendedMessage, decode_extended_message
from common.frames import Batch, Kind
from common.status.last_messages import (
    MESSAGES_PAGE_BYTES,
    SHOWN_MESSAGES,
    LastMessage,
    LastMessages,
    messages_page,
)
from common.status.page import StatusPage, remove_page

#: How many bytes of messages fit into a page: it has two slots, and each message takes some more.
_BYTES = MESSAGES_PAGE_BYTES // 2 - 32 * SHOWN_MESSAGES


class MessageKeeper:
    """The last messages of a channel."""

    def __init__(self, state_dir: Path, channel: str) -> None:
        """Continue the page that the last reader of *channel* has left."""
        path = messages_page(state_dir, channel)
        self._page = StatusPage(path, LastMessages, MESSAGES_PAGE_BYTES)
        self._messages = self._page.previous or LastMessages()
        self._page.write(self._messages)

    def on_put(self, batch: Batch) -> None:
        """Note the messages of *batch*."""
        if batch.kind != Kind.CHAT:
            return
        new = [
            LastMessage(record.timestamp, record.value)
            for record in batch.records[-SHOWN_MESSAGES:]
            if len(record.value) <= _BYTES
        ]
        self._messages.messages = _fitting([*self._messages.messages, *new])
        self._page.write(self._messages)

    def remove(self, is_unwanted: Callable[[ExtendedMessage], bool]) -> None:
        """
        Remove the messages that *is_unwanted* is true of, and those that cannot be read.

        Whatever else the file may still have of earlier messages goes, too.
        """
        self._messages.messages = [
            message for message in self._messages.messages if not _is(is_unwanted, message)
        ]
        self._page.write_over(self._messages)

    def close(self) -> None:
        """Close the page."""
        self._page.close()


def remove_messages(state_dir: Path, channel: str) -> None:
    """Remove the messages of *channel* that a reader with another setting has left."""
    remove_page(messages_page(state_dir, channel))


def _is(is_unwanted: Callable[[ExtendedMessage], bool], message: LastMessage) -> bool:
    try:
        # A message of six fields is one, too.
        return is_unwanted(decode_extended_message(message.value))
    except msgspec.MsgspecError:
        return True


def _fitting(messages: list[LastMessage]) -> list[LastMessage]:
    """Return the newest of *messages* that a page has room for, in the same order."""
    fitting, left = list[LastMessage](), _BYTES
    for message in reversed(messages[-SHOWN_MESSAGES:]):
        left -= len(message.value)
        if left < 0:
            break
        fitting.append(message)
    return fitting[::-1]
