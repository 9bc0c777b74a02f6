"""Who stays in the channel, for a test, and who hears what is said there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from common.chat_gap import ChatGap, decode_chat_gap
from common.chat_message import ChatMessage
from common.frames import decode_batch
from common.settings import Settings, read_settings
from readers.attendance import Attendance
from readers.chat_parser import HeardMessage
from readers.credentials import Credentials, credentials
from readers.membership import Membership
from readers.outbox import Outbox
from readers.timing import Timing
from simulator.chat_server import ChatServer

CHANNEL = "xqc"
ROOM_ID = "71092938"

#: A reader that does not wait where a test has nothing to wait for.
BRISK = Timing(
    ping_after_s=0.2,
    pong_within_s=0.2,
    join_within_s=0.3,
    reconnect_first_s=0.01,
    reconnect_last_s=0.05,
    rejoin_first_s=0.02,
    rejoin_last_s=0.05,
)


class Listener:
    """What a membership has heard."""

    def __init__(self) -> None:
        self.outbox = Outbox(Path(":memory:"), CHANNEL, max_bytes=10**9)
        self.messages: list[ChatMessage] = []

    @property
    def texts(self) -> list[str]:
        """What was said, in that order."""
        return [message.message for message in self.messages]

    def gaps(self) -> list[ChatGap]:
        """Return the gaps that went into the outbox."""
        gaps = []
        seq = 0
        while stored := self.outbox.batch_after(seq):
            gaps += [decode_chat_gap(r.value) for r in decode_batch(stored.body).records]
            seq = stored.last_seq
        return gaps

    def take(self, chat: list[HeardMessage]) -> None:
        """Take note of *chat*."""
        self.messages += [heard.message for heard in chat]


def settings_for(server: ChatServer, **more: str) -> Settings:
    """Return settings that lead to *server*."""
    return read_settings(
        {
            "TWITCH_IRC_HOST": "localhost",
            "TWITCH_IRC_PORT": str(server.port),
            # Whoever runs the tests may have logged in.
            "TWITCH_TOKEN_STORE": str(Path(__file__).with_name("no token store")),
            **more,
        }
    )


@asynccontextmanager
async def membership_of(
    settings: Settings,
    listener: Listener,
    log_in_as: Callable[[], Credentials] | None = None,
) -> AsyncIterator[None]:
    """Stay in the channel while the block runs."""
    membership = Membership(
        CHANNEL,
        settings,
        log_in_as or (lambda: credentials(settings)),
        listener.take,
        Attendance(CHANNEL, listener.outbox, lambda *_: False, lambda: None),
        timing=BRISK,
    )
    task = asyncio.create_task(membership.stay())
    try:
        yield
        assert not task.done(), task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
    """Wait for *condition*, for which there is no event. Raises TimeoutError."""
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 - a log tells nobody that it has grown
            await asyncio.sleep(0.01)
