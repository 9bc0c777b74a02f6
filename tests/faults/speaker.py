"""Sends numbered messages on the simulated Twitch, and records which of them were received."""

from __future__ import annotations

import asyncio
import uuid
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from common.unix_time import unix_ms
from simulator.background import BackgroundChatServer
from simulator.chat_session import ChatSession
from tests.faults.records import SentMessage

_InChannel = Callable[[str], Awaitable[None]]

#: The age of a message, by its timestamp, when it is sent to the readers: its delay within Twitch
#: (the median of 798 recorded messages; they were between 152 ms and 6 s old).
_AGE_MS = 180

#: One in so many messages of a channel is an announcement, which is a message and an event.
ANNOUNCED = 5

#: Seconds between two checks of how many messages are due.
_TICK_S = 0.01

#: Seconds between two PINGs to each reader.
_PING_EVERY_S = 0.2

#: Seconds to wait for a reader to read a message; then the next one is sent.
_READ_WITHIN_S = 0.05

#: Seconds to wait for a PONG; later another PING is sent.
_PONG_WITHIN_S = 2.0

#: Seconds for the readers to reconnect after any fault, and to receive messages.
_RECEIVED_WITHIN_S = 90.0


class Speaker:
    """
    Sends messages in *channels*. Each channel should have one reader.

    A message counts as received once a client that it was sent to has responded to a later PING:
    the client has then read, and stored, everything before the PING.
    """

    def __init__(
        self, chat: BackgroundChatServer, channels: Sequence[str], *, padding: str = ""
    ) -> None:
        """*padding* is appended to every text, to make it longer."""
        self.sent: list[SentMessage] = []
        self.channels = channels
        self._chat = chat
        self._padding = padding
        self._counts: defaultdict[str, int] = defaultdict(int)
        self._unconfirmed: defaultdict[ChatSession, deque[SentMessage]] = defaultdict(deque)

    @contextmanager
    def speaking(self, per_second: float) -> Iterator[None]:
        """Send *per_second* messages a second, over all channels, until the end of the block."""
        stop = asyncio.Event()
        sending = asyncio.run_coroutine_threadsafe(
            self._say_in_all(per_second, stop), self._chat.loop
        )
        try:
            yield
        finally:
            self._chat.loop.call_soon_threadsafe(stop.set)
            sending.result(timeout=30)

    def say(self, count: int) -> None:
        """Send *count* messages in each channel, as fast as readers read them."""

        async def say_in(channel: str) -> None:
            for _ in range(count):
                await self._say(channel)

        self._in_each_channel(say_in)

    def check_received(self) -> None:
        """Find out which messages were received. Raises TimeoutError if a channel has no reader."""

        async def check_in(channel: str) -> None:
            await self._chat.server.wait_for_join(channel, timeout_s=_RECEIVED_WITHIN_S)
            await self._check_received(channel)

        self._in_each_channel(check_in)

    def forget_received(self) -> None:
        """Let no message so far count as received: readers have lost what was only in memory."""
        for message in self.sent:
            message.received = False

    def say_until_received(self, count: int) -> None:
        """
        Send *count* messages in each channel, repeatedly until all *count* were received.

        Raises TimeoutError if that takes longer than 90 s.
        """

        async def say_until_received_in(channel: str) -> None:
            async with asyncio.timeout(_RECEIVED_WITHIN_S):
                received = False
                while not received:
                    await self._chat.server.wait_for_join(channel, timeout_s=_RECEIVED_WITHIN_S)
                    messages = [await self._say(channel) for _ in range(count)]
                    await self._check_received(channel)
                    received = all(message.received for message in messages)

        self._in_each_channel(say_until_received_in)

    def _in_each_channel(self, do: _InChannel) -> None:
        async def do_in_all() -> None:
            await asyncio.gather(*(do(channel) for channel in self.channels))

        self._chat.run(do_in_all(), timeout_s=2 * _RECEIVED_WITHIN_S)

    async def _say_in_all(self, per_second: float, stop: asyncio.Event) -> None:
        per_channel = per_second / len(self.channels)
        async with asyncio.TaskGroup() as tasks:
            for channel in self.channels:
                tasks.create_task(self._say_repeatedly(channel, per_channel, stop))
                tasks.create_task(self._keep_checking(channel, stop))

    async def _say_repeatedly(self, channel: str, per_second: float, stop: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        started = loop.time()
        count = 0
        while not await _is_set(stop, _TICK_S):
            while count < (loop.time() - started) * per_second and not stop.is_set():
                await self._say(channel)
                count += 1

    async def _keep_checking(self, channel: str, stop: asyncio.Event) -> None:
        while not await _is_set(stop, _PING_EVERY_S):
            await self._check_received(channel)

    async def _say(self, channel: str) -> SentMessage:
        self._counts[channel] += 1
        number = self._counts[channel]
        text = f"{channel} {number}{self._padding}"
        message = SentMessage(
            channel,
            number,
            text,
            sent_ms=unix_ms() - _AGE_MS,
            id=str(uuid.uuid4()),
            is_announcement=number % ANNOUNCED == 0,
        )
        self.sent.append(message)
        for member in self._chat.server.members(channel):
            self._unconfirmed[member].append(message)
        with suppress(TimeoutError):
            async with asyncio.timeout(_READ_WITHIN_S):
                await self._send(message)
        return message

    async def _send(self, message: SentMessage) -> None:
        server, channel, text = self._chat.server, message.channel, message.text
        if message.is_announcement:
            tags = {"id": message.id, "tmi-sent-ts": str(message.sent_ms)}
            await server.notice_event(channel, "announcement", text=text, tags=tags)
        else:
            await server.say(channel, text, message_id=message.id, sent_ms=message.sent_ms)

    async def _check_received(self, channel: str) -> None:
        for member in self._chat.server.members(channel):
            unconfirmed = self._unconfirmed[member]
            before_ping = list(unconfirmed)
            with suppress(ConnectionError, TimeoutError):
                await member.ping_and_wait(timeout_s=_PONG_WITHIN_S)
                for message in before_ping:
                    message.received = True
            while unconfirmed and unconfirmed[0].received:
                unconfirmed.popleft()


async def _is_set(event: asyncio.Event, timeout_s: float) -> bool:
    """Wait for *event*, at most *timeout_s*; return whether it is set."""
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            await event.wait()
    return event.is_set()
