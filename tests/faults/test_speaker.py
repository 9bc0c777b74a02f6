"""Which messages count as received."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from simulator.background import BackgroundChatServer
from tests.faults.speaker import Speaker
from tests.processes import wait_for
from tests.simulator.raw_client import RawClient


@pytest.fixture
def chat() -> Iterator[BackgroundChatServer]:
    """Yield a running simulated Twitch."""
    with BackgroundChatServer() as server:
        yield server


async def enter(port: int) -> RawClient:
    """Return a client that is in the channel."""
    client = await RawClient.connect(port)
    await client.log_in()
    await client.join("xqc")
    return client


async def respond_to_ping(client: RawClient) -> None:
    """Read until a PING arrives, and respond to it."""
    while not (line := await client.read_line()).startswith("PING "):
        pass
    client.send(line.replace("PING", "PONG"))


def check_received(speaker: Speaker, chat: BackgroundChatServer, client: RawClient) -> None:
    """Let *speaker* send a PING, and *client* respond."""
    response = asyncio.run_coroutine_threadsafe(respond_to_ping(client), chat.loop)
    speaker.check_received()
    response.result(60)


def test_messages_before_an_answered_ping_count_as_received(chat: BackgroundChatServer) -> None:
    """Not messages from before the client joined, or from after the PING."""
    speaker = Speaker(chat, ["xqc"])
    speaker.say(2)
    client = chat.run(enter(chat.port))
    speaker.say(3)
    check_received(speaker, chat, client)
    speaker.say(1)
    chat.run(client.close())
    assert [message.is_announcement for message in speaker.sent] == [False] * 4 + [True, False]
    assert [message.received for message in speaker.sent] == [False] * 2 + [True] * 3 + [False]
    assert [message.text for message in speaker.sent] == [f"xqc {number}" for number in range(1, 7)]


def test_messages_to_a_client_that_has_left_do_not_count_as_received(
    chat: BackgroundChatServer,
) -> None:
    """Its successor responds only for its own messages."""
    speaker = Speaker(chat, ["xqc"])
    gone = chat.run(enter(chat.port))
    speaker.say(1)
    chat.run(gone.close())
    chat.run(
        chat.server.wait_until(lambda: not chat.server.sessions, what="the client to disconnect")
    )
    successor = chat.run(enter(chat.port))
    speaker.say(1)
    check_received(speaker, chat, successor)
    chat.run(successor.close())
    assert [message.received for message in speaker.sent] == [False, True]


def test_speaking_goes_on_until_the_end_of_the_block(chat: BackgroundChatServer) -> None:
    """At the given rate, over all channels."""
    speaker = Speaker(chat, ["xqc", "shroud"])
    with speaker.speaking(500):
        wait_for(lambda: len(speaker.sent) >= 100, 60, "a hundred messages")
    count = len(speaker.sent)
    assert {message.channel for message in speaker.sent} == {"xqc", "shroud"}
    chat.run(asyncio.sleep(0.1))
    assert len(speaker.sent) == count
