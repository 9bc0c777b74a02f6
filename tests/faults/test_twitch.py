"""Twitch ends connections: with a TCP reset, and after a RECONNECT."""

from __future__ import annotations

import random
import time

from simulator.chat_server import ChatServer
from tests.faults.conftest import Conclude, Extent
from tests.faults.report import Allowed
from tests.faults.stage import CHANNELS, Stage

#: Enough for messages to arrive while there are two connections.
_BURST_PER_SECOND = 3000


def test_twitch_resets_connections(
    stage: Stage, extent: Extent, rng: random.Random, conclude: Conclude
) -> None:
    """A gap record covers the time until the reader has rejoined."""
    rounds = extent.rounds(quick=2, full=6)
    stage.start()
    server = stage.chat.server
    with stage.speaker.speaking(200):
        for _ in range(rounds):
            time.sleep(rng.uniform(0, 1))
            for member in server.members(rng.choice(CHANNELS)):
                stage.chat.run(member.misbehave.reset())
    conclude(stage, "TCP reset by Twitch", rounds=rounds, allowed=Allowed(gaps=True))


def test_twitch_asks_readers_to_reconnect(
    stage: Stage, extent: Extent, rng: random.Random, conclude: Conclude
) -> None:
    """The new connection joins before the old one ends: no gap and no duplicates."""
    rounds = extent.rounds(quick=1, full=3)
    stage.start()
    server = stage.chat.server
    with stage.speaker.speaking(_BURST_PER_SECOND):
        for _ in range(rounds):
            stage.chat.run(_ask_to_reconnect(server, rng.choice(CHANNELS)))
    conclude(stage, "RECONNECT by Twitch", rounds=rounds)


async def _ask_to_reconnect(server: ChatServer, channel: str) -> None:
    """Ask the reader of *channel* to reconnect, and return once its old connection has ended."""
    (old,) = server.members(channel)
    await old.request_reconnect()
    await server.wait_until(lambda: old.closed, what="the old connection to end", timeout_s=60)
