"""Chat with the distribution of Twitch's: few busy channels, many quiet ones, and bursts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from itertools import count, cycle

from benchmarks.load import chat_lines, message_id
from simulator.chat_server import ChatServer

#: Seconds between two sends.
_TICK_S = 0.005

#: A burst: the busiest channel has BURST times its rate for BURST_S seconds.
BURST = 20
BURST_S = 1.0
BURST_EVERY_S = 10.0

_TEMPLATES = 1000
_CHANNEL = "the_channel"


def zipf(channels: Sequence[str], rate: float) -> dict[str, float]:
    """Return each channel's messages per second after Zipf's law; *rate* is the total."""
    whole = sum(1 / rank for rank in range(1, len(channels) + 1))
    return {name: rate / rank / whole for rank, name in enumerate(channels, start=1)}


class Traffic:
    """Sends lines, and records when each was written to the server's socket."""

    def __init__(self, server: ChatServer, rates: Mapping[str, float], *, bursts: bool) -> None:
        """*rates* are messages per second, by channel."""
        self._server = server
        self._rates = rates
        self._busiest = max(rates, key=rates.__getitem__) if bursts else None
        self._owed = dict.fromkeys(rates, 0.0)
        self._templates = cycle(_templates())
        self._ids = count(1)
        #: When each line was sent (time.perf_counter), by channel, in order.
        self.said: dict[str, list[float]] = {name: [] for name in rates}

    async def run(self, seconds: float) -> None:
        """Send lines at the set rates for *seconds*."""
        started = last = time.perf_counter()
        while last < started + seconds:
            await asyncio.sleep(_TICK_S)
            now = time.perf_counter()
            bursting = (now - started) % BURST_EVERY_S > BURST_EVERY_S - BURST_S
            for channel, rate in self._rates.items():
                times = BURST if bursting and channel == self._busiest else 1
                self._owed[channel] += (now - last) * rate * times
                await self._say(channel, int(self._owed[channel]))
            last = now

    async def _say(self, channel: str, lines: int) -> None:
        if not lines:
            return
        self._owed[channel] -= lines
        data = b"".join(self._line(channel.encode()) for _ in range(lines))
        self.said[channel] += [time.perf_counter()] * lines
        await self._server.send_lines(channel, data)

    def _line(self, channel: bytes) -> bytes:
        head, middle, end = next(self._templates)
        return b"%s%032x%s%s%s" % (head, next(self._ids), middle, channel, end)


def _templates() -> list[tuple[bytes, bytes, bytes]]:
    """Return lines in three parts: up to the id, up to the channel's name, and the rest."""
    parts = []
    for number, line in enumerate(chat_lines(_CHANNEL, _TEMPLATES), start=1):
        head, _, rest = line.partition(message_id(number))
        middle, _, end = rest.partition(b"PRIVMSG #" + _CHANNEL.encode())
        parts.append((head, middle + b"PRIVMSG #", end))
    return parts
