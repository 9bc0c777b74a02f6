"""Twitch ends connections: with a TCP reset, and after having asked for new ones."""

from __future__ import annotations

import random
import time

from simulator.chat_server import ChatServer
from tests.faults.conftest import Conclude, Extent
from tests.faults.report import Allowed
from tests.faults.stage import CHANNELS, Stage

#: Enough for a message to come while two connections are there.
_BURST_PER_SECOND = 3000


def test_twitch_resets_connections(
    stage: Stage, extent: Extent, chance: random.Random, conclude: Conclude
) -> None:
    """A gap record tells of the time until the reader was back."""
    rounds = extent.rounds(quick=2, full=6)
    stage.start()
    server = stage.chat.server
    with stage.speaker.speaking(200):
        for _ in range(rounds):
            time.sleep(chance.uniform(0, 1))
            for member in server.members(chance.choice(CHANNELS)):
                stage.chat.run(member.misbehave.reset())
    conclude(stage, "TCP reset by Twitch", rounds=rounds, allowed=Allowed(gaps=True))


def test_twitch_asks_for_new_connections(
    stage: Stage, extent: Extent, chance: random.Random, conclude: Conclude
) -> None:
    """The new connection is there before the old one goes: no gap, and nothing twice."""
    rounds = extent.rounds(quick=1, full=3)
    stage.start()
    server = stage.chat.server
    with stage.speaker.speaking(_BURST_PER_SECOND):
        for _ in range(rounds):
            stage.chat.run(_ask_to_reconnect(server, chance.choice(CHANNELS)))
    conclude(stage, "RECONNECT by Twitch", rounds=rounds)


async def _ask_to_reconnect(server: ChatServer, channel: str) -> None:
    """Ask the reader of *channel* for a new connection, and return when the old one has ended."""
    (old,) = server.members(channel)
    await old.request_reconnect()
    await server.wait_until(lambda: old.closed, what="the old connection to end", timeout_s=60)
