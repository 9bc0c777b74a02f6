"""A membership that runs during a test, and the chat that it receives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from common.chat_gap import ChatGap, decode_chat_gap
from common.chat_message import ChatMessage
from common.settings import Settings, read_settings
from readers.membership import Membership
from readers.outbox.outbox import Outbox
from readers.parsing.line_parser import LineParser, line_parser
from readers.parsing.received import Received, ReceivedMessage
from readers.presence import ChannelPresence
from readers.room_settings import RoomSettings
from readers.status_keeper import StatusKeeper
from readers.twitch.credentials import Credentials, credentials
from readers.twitch.timing import Timing
from simulator.chat_server import ChatServer
from tests.readers.outboxes import batches_after

CHANNEL = "xqc"
ROOM_ID = "71092938"

#: Delays short enough for tests. Answers are waited for as long as a busy machine needs for them.
SHORT_DELAYS = Timing(
    ping_after_s=60.0,
    pong_within_s=60.0,
    join_within_s=60.0,
    overlap_s=0.05,
    reconnect_first_s=0.01,
    reconnect_last_s=0.05,
    rejoin_first_s=0.02,
    rejoin_last_s=0.05,
)

#: For tests in which an answer does not come, or need not come in time.
IMPATIENT = SHORT_DELAYS._replace(ping_after_s=0.2, pong_within_s=1.0, join_within_s=0.3)


class Listener:
    """Records the chat that a membership receives."""

    def __init__(self, outbox: Outbox) -> None:
        self.outbox = outbox
        self.messages: list[ChatMessage] = []
        #: Whether the publisher takes events.
        self.takes_events = True

    @property
    def texts(self) -> list[str]:
        """The texts of the messages, in the order of receiving."""
        return [message.message for message in self.messages]

    def gaps(self) -> list[ChatGap]:
        """Return the gaps in the outbox."""
        return [
            decode_chat_gap(record.value)
            for batch in batches_after(self.outbox, 0)
            for record in batch.records
        ]

    def take(self, chat: list[Received]) -> None:
        """Record *chat*."""
        self.messages += messages_in(chat)


def messages_in(chat: list[Received]) -> list[ChatMessage]:
    """Return the messages in *chat*, without the events."""
    return [received.message for received in chat if isinstance(received, ReceivedMessage)]


def fail_on_messages(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have *listener* raise ZeroDivisionError when it gets a message."""

    def fail(chat: list[Received]) -> None:
        if messages_in(chat):
            raise ZeroDivisionError

    monkeypatch.setattr(listener, "take", fail)


def errors_in(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what was logged as an error."""
    return [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]


def settings_for(server: ChatServer, **more: str) -> Settings:
    """Return settings that connect to *server*."""
    return read_settings(
        {
            "TWITCH_IRC_HOST": "localhost",
            "TWITCH_IRC_PORT": str(server.port),
            # The user who runs the tests may have logged in.
            "TWITCH_TOKEN_STORE": str(Path(__file__).with_name("no token store")),
            **more,
        }
    )


def membership(
    settings: Settings,
    listener: Listener,
    log_in_as: Callable[[], Credentials] | None = None,
    timing: Timing = SHORT_DELAYS,
    parser: Callable[[], LineParser] = line_parser,
) -> Membership:
    """Return a membership of CHANNEL that has not begun."""
    status = StatusKeeper(CHANNEL, settings)
    return Membership(
        CHANNEL,
        settings,
        log_in_as or (lambda: credentials(settings)),
        listener.take,
        ChannelPresence(CHANNEL, listener.outbox, listener.outbox.append, lambda *_: False),
        parser=parser,
        room_settings=RoomSettings(
            CHANNEL, status.status, listener.take, lambda: listener.takes_events
        ),
        status=status,
        timing=timing,
    )


@asynccontextmanager
async def membership_of(
    settings: Settings,
    listener: Listener,
    log_in_as: Callable[[], Credentials] | None = None,
    timing: Timing = SHORT_DELAYS,
    parser: Callable[[], LineParser] = line_parser,
) -> AsyncIterator[None]:
    """Stay in the channel while the block runs."""
    staying = membership(settings, listener, log_in_as, timing, parser)
    task = asyncio.create_task(staying.stay())
    try:
        yield
        assert not task.done(), task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        staying._status.on_stopped()
