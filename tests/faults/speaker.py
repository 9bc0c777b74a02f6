"""Says numbered messages on the simulated Twitch, and keeps account of which of them were heard."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from simulator.background import BackgroundChatServer
from simulator.chat_session import ChatSession
from tests.faults.judge import Saying

_InChannel = Callable[[str], Awaitable[None]]

#: How old a message is, by its timestamp, when it is sent to the readers: on its way from Twitch it
#: ages by that much (the median of 798 recorded ones; the youngest was 152 ms, the oldest 6 s old).
_AGE_MS = 180

#: Seconds between two looks at what is to be said.
_TICK_S = 0.01

#: Seconds between two questions to each reader whether it has heard what was said.
_HEAR_EVERY_S = 0.2

#: Seconds that a reader may take to take in what is said; longer, and Twitch goes on without it.
_TAKE_WITHIN_S = 0.05

#: Seconds for a reader to answer; one that does not is asked again later.
_ANSWER_WITHIN_S = 2.0

#: Seconds for the readers to come back, whatever was done to them, and to hear the last words.
_LAST_WORDS_WITHIN_S = 90.0


class Speaker:
    """
    Speaks in *channels*, of which each should have one reader.

    A message was heard when one of those that it was sent to has answered a question that was put
    to it afterwards: it has then read, and stored, all that came before.
    """

    def __init__(
        self, chat: BackgroundChatServer, channels: Sequence[str], *, padding: str = ""
    ) -> None:
        """*padding* is added to every text, to make it longer."""
        self.said: list[Saying] = []
        self.channels = channels
        self._chat = chat
        self._padding = padding
        self._counts: defaultdict[str, int] = defaultdict(int)
        self._unheard: defaultdict[ChatSession, deque[Saying]] = defaultdict(deque)

    @contextmanager
    def speaking(self, per_second: float) -> Iterator[None]:
        """Say *per_second* messages a second, over all channels, until the end of the block."""
        stop = asyncio.Event()
        speech = asyncio.run_coroutine_threadsafe(self._speak(per_second, stop), self._chat.loop)
        try:
            yield
        finally:
            self._chat.loop.call_soon_threadsafe(stop.set)
            speech.result(timeout=30)

    def say(self, count: int) -> None:
        """Say *count* messages in each channel, as fast as readers take them."""

        async def say_in(channel: str) -> None:
            for _ in range(count):
                await self._say(channel)

        self._in_each_channel(say_in)

    def hear(self) -> None:
        """Find out what was heard; raises TimeoutError where there is nobody to hear."""

        async def receive_in(channel: str) -> None:
            await self._chat.server.wait_for_join(channel, timeout_s=_LAST_WORDS_WITHIN_S)
            await self._on_readable(channel)

        self._in_each_channel(receive_in)

    def say_last_words(self, count: int) -> None:
        """
        Say *count* messages in each channel that are heard.

        Raises TimeoutError when a reader does not hear any within 90 s.
        """

        async def say_last_words_in(channel: str) -> None:
            async with asyncio.timeout(_LAST_WORDS_WITHIN_S):
                heard = False
                while not heard:
                    await self._chat.server.wait_for_join(channel, timeout_s=_LAST_WORDS_WITHIN_S)
                    words = [await self._say(channel) for _ in range(count)]
                    await self._on_readable(channel)
                    heard = all(word.heard for word in words)

        self._in_each_channel(say_last_words_in)

    def _in_each_channel(self, do: _InChannel) -> None:
        async def do_in_all() -> None:
            await asyncio.gather(*(do(channel) for channel in self.channels))

        self._chat.run(do_in_all(), timeout_s=2 * _LAST_WORDS_WITHIN_S)

    async def _speak(self, per_second: float, stop: asyncio.Event) -> None:
        per_channel = per_second / len(self.channels)
        async with asyncio.TaskGroup() as tasks:
            for channel in self.channels:
                tasks.create_task(self._speak_in(channel, per_channel, stop))
                tasks.create_task(self._listen_to(channel, stop))

    async def _speak_in(self, channel: str, per_second: float, stop: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        started = loop.time()
        count = 0
        while not await _is_set(stop, _TICK_S):
            while count < (loop.time() - started) * per_second and not stop.is_set():
                await self._say(channel)
                count += 1

    async def _listen_to(self, channel: str, stop: asyncio.Event) -> None:
        while not await _is_set(stop, _HEAR_EVERY_S):
            await self._on_readable(channel)

    async def _say(self, channel: str) -> Saying:
        self._counts[channel] += 1
        number = self._counts[channel]
        text = f"{channel} {number}{self._padding}"
        saying = Saying(channel, number, text, sent_ms=time.time_ns() // 1_000_000 - _AGE_MS)
        self.said.append(saying)
        for member in self._chat.server.members(channel):
            self._unheard[member].append(saying)
        with suppress(TimeoutError):
            async with asyncio.timeout(_TAKE_WITHIN_S):
                await self._chat.server.say(channel, text, sent_ms=saying.sent_ms)
        return saying

    async def _on_readable(self, channel: str) -> None:
        for member in self._chat.server.members(channel):
            unheard = self._unheard[member]
            asked_about = list(unheard)
            with suppress(ConnectionError, TimeoutError):
                await member.ping_and_wait(timeout_s=_ANSWER_WITHIN_S)
                for saying in asked_about:
                    saying.heard = True
            while unheard and unheard[0].heard:
                unheard.popleft()


async def _is_set(event: asyncio.Event, timeout_s: float) -> bool:
    """Return whether *event* is set, which is waited for at most *timeout_s*."""
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            await event.wait()
    return event.is_set()
