"""How long adding a channel takes, from the command to its first message in Kafka."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count

from benchmarks.arrivals import Arrivals
from benchmarks.supervised import Running
from tests.processes import wait_for

NEWCOMER = "newcomer"

_WITHIN_S = 60.0
_SAY_EVERY_S = 0.05


def newcomer_s(running: Running, arrivals: Arrivals) -> float:
    """
    Add a channel with constant chat; return the seconds until a consumer has its first message.

    The time runs from `channels apply`. Raises TimeoutError after a minute.
    """

    def first_arrival() -> float | None:
        arrivals.look()
        return arrivals.first.get(NEWCOMER)

    speaking = asyncio.run_coroutine_threadsafe(_speak(running), running.chat.loop)
    try:
        started = time.monotonic()
        # The command waits until the reader has run for some seconds.
        with ThreadPoolExecutor() as thread:
            applied = thread.submit(running.service.read, "\n".join([*running.channels, NEWCOMER]))
            arrived = wait_for(first_arrival, _WITHIN_S, "the new channel's first message")
        applied.result().check_returncode()
        return arrived - started
    finally:
        if not speaking.cancel():
            speaking.result()


async def _speak(running: Running) -> None:
    for number in count(1):
        await running.chat.server.say(NEWCOMER, f"is anybody there? {number}")
        await asyncio.sleep(_SAY_EVERY_S)
