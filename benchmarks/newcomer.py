"""How long adding a channel takes, from the command to Kafka's first confirmation."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

from benchmarks.supervised import Supervised

CHANNEL = "newcomer"

_WITHIN_S = 60.0
_SAY_EVERY_S = 0.05


def newcomer_s(running: Supervised) -> float:
    """
    Add a channel with constant chat; return the seconds until its first message is confirmed.

    The time runs from `channels apply` to Kafka's confirmation. Raises TimeoutError
    after a minute.
    """
    speaking = asyncio.run_coroutine_threadsafe(_speak(running), running.chat.loop)
    try:
        started = time.perf_counter()
        # The command waits until the reader has run for some seconds.
        with ThreadPoolExecutor() as thread:
            applied = thread.submit(running.service.read, "\n".join([*running.channels, CHANNEL]))
            running.wait_until_confirmed({CHANNEL: 1}, _WITHIN_S)
            took_s = time.perf_counter() - started
        applied.result().check_returncode()
        return took_s
    finally:
        if not speaking.cancel():
            speaking.result()


async def _speak(running: Supervised) -> None:
    while True:
        await running.chat.server.say(CHANNEL, "is anybody there?")
        await asyncio.sleep(_SAY_EVERY_S)
