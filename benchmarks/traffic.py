"""Chat with the distribution of Twitch's: few busy channels, many quiet ones, and bursts."""

from __future__ import annotations

import asyncio
import heapq
import random
import re
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import count, cycle

from benchmarks.load import chat_lines
from common.unix_time import unix_ms
from simulator.chat_server import ChatServer

#: Seconds between two sends. Messages of a channel that are due within it are one send.
_TICK_S = 0.002

#: A burst: the busiest channel has BURST times its rate for BURST_S seconds.
BURST = 20
BURST_S = 1.0
BURST_EVERY_S = 10.0

_TEMPLATES = 1000
_CHANNEL = "the_channel"

#: What differs from line to line, and the name of its place in a template.
_PLACES = (
    (rb"(?<=[@;]id=)[^; ]+", b"%(id)032x"),
    (rb"(?<=[@;]room-id=)[^; ]+", b"%(room)s"),
    (rb"(?<=[@;]tmi-sent-ts=)[^; ]+", b"%(ms)d"),
    (rb"(?<= PRIVMSG #)\S+", b"%(channel)s"),
    # The number is the last word. \x01 ends the text of a /me.
    (rb"(?=\x01?\r\n$)", b" %(number)d"),
)

#: The time at which something is due, in seconds after the start, and its channel.
Due = tuple[float, str]


def zipf(channels: Sequence[str], rate: float) -> dict[str, float]:
    """Return each channel's messages per second after Zipf's law; *rate* is the total."""
    whole = sum(1 / rank for rank in range(1, len(channels) + 1))
    return {name: rate / rank / whole for rank, name in enumerate(channels, start=1)}


def due_messages(rates: Mapping[str, float], *, bursts: bool) -> Iterator[Due]:
    """
    Yield each message's time and channel, in order and without an end.

    *rates* are messages per second, by channel. The times are those of independent people (a
    Poisson process), and are the same each time.
    """
    chance = random.Random(0)
    busiest = max(rates, key=rates.__getitem__) if bursts else None

    def after(now: float, channel: str) -> float:
        bursting = channel == busiest and now % BURST_EVERY_S > BURST_EVERY_S - BURST_S
        return now + chance.expovariate(rates[channel] * (BURST if bursting else 1))

    upcoming = [(after(0, channel), channel) for channel in rates]
    heapq.heapify(upcoming)
    while True:
        now, channel = upcoming[0]
        yield now, channel
        heapq.heapreplace(upcoming, (after(now, channel), channel))


class Traffic:
    """Sends lines, and records when each was written to the server's socket."""

    def __init__(self, server: ChatServer, rates: Mapping[str, float], *, bursts: bool) -> None:
        """*rates* are messages per second, by channel."""
        self._server = server
        self._rates = rates
        self._bursts = bursts
        self._templates = cycle(_templates())
        self._ids = count(1)
        #: When each line was sent (time.monotonic), by channel, in order. The text of the n-th
        #: line of a channel ends with the number n.
        self.said: dict[str, list[float]] = {name: [] for name in rates}

    async def run(self, seconds: float) -> None:
        """Send lines at the set rates for *seconds*."""
        started = time.monotonic()
        upcoming = due_messages(self._rates, bursts=self._bursts)
        at, channel = next(upcoming)
        while at < seconds:
            await asyncio.sleep(max(_TICK_S, at - (time.monotonic() - started)))
            until = min(seconds, time.monotonic() - started)
            due: defaultdict[str, int] = defaultdict(int)
            while at < until:
                due[channel] += 1
                at, channel = next(upcoming)
            for name, lines in due.items():
                await self._say(name, lines)

    async def say_in_each(self) -> None:
        """Send one line to each channel."""
        for channel in self._rates:
            await self._say(channel, 1)

    async def _say(self, channel: str, lines: int) -> None:
        said = self.said[channel]
        fields: dict[bytes, bytes | int] = {
            b"room": self._server.state.room_id(channel).encode(),
            b"channel": channel.encode(),
            b"ms": unix_ms(),
        }
        data = []
        for number in range(len(said) + 1, len(said) + lines + 1):
            fields[b"id"] = next(self._ids)
            fields[b"number"] = number
            data.append(next(self._templates) % fields)
        said += [time.monotonic()] * lines
        await self._server.send_lines(channel, b"".join(data))


def _templates() -> list[bytes]:
    """Return lines of chat with the places of _PLACES."""
    templates = []
    for line in chat_lines(_CHANNEL, _TEMPLATES):
        template = line.replace(b"%", b"%%")
        for pattern, place in _PLACES:
            template = re.sub(pattern, place, template, count=1)
        templates.append(template)
    return templates
