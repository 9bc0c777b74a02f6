"""What counts as heard."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from simulator.background import BackgroundChatServer
from tests.faults.speaker import Speaker
from tests.simulator.raw_client import RawClient


@pytest.fixture
def chat() -> Iterator[BackgroundChatServer]:
    """A running Twitch."""
    with BackgroundChatServer() as server:
        yield server


async def enter(port: int) -> RawClient:
    """Return a client that is in the channel."""
    client = await RawClient.connect(port)
    await client.log_in()
    await client.join("xqc")
    return client


async def answer_a_ping(client: RawClient) -> None:
    """Read until a PING comes, and answer it."""
    while not (line := await client.read_line()).startswith("PING "):
        pass
    client.send(line.replace("PING", "PONG"))


def hear(speaker: Speaker, chat: BackgroundChatServer, client: RawClient) -> None:
    """Have *speaker* ask, and *client* answer."""
    answer = asyncio.run_coroutine_threadsafe(answer_a_ping(client), chat.loop)
    speaker.hear()
    answer.result(10)


def test_what_was_said_to_one_that_answers_later_was_heard(chat: BackgroundChatServer) -> None:
    """All that it was sent before it was asked; not what came before it or after."""
    speaker = Speaker(chat, ["xqc"])
    speaker.say(2)
    client = chat.run(enter(chat.port))
    speaker.say(3)
    hear(speaker, chat, client)
    speaker.say(1)
    chat.run(client.close())
    assert [saying.heard for saying in speaker.said] == [False] * 2 + [True] * 3 + [False]
    assert [saying.text for saying in speaker.said] == [f"xqc {number}" for number in range(1, 7)]


def test_what_one_was_sent_that_has_gone_is_not_heard_by_another(
    chat: BackgroundChatServer,
) -> None:
    """The successor answers for itself."""
    speaker = Speaker(chat, ["xqc"])
    gone = chat.run(enter(chat.port))
    speaker.say(1)
    chat.run(gone.close())
    chat.run(chat.server.wait_until(lambda: not chat.server.sessions, what="it to go"))
    successor = chat.run(enter(chat.port))
    speaker.say(1)
    hear(speaker, chat, successor)
    chat.run(successor.close())
    assert [saying.heard for saying in speaker.said] == [False, True]


def test_speaking_goes_on_until_the_end_of_the_block(chat: BackgroundChatServer) -> None:
    """At the given rate, which is shared by the channels."""
    speaker = Speaker(chat, ["xqc", "shroud"])
    with speaker.speaking(500):
        chat.run(asyncio.sleep(0.2))
    count = len(speaker.said)
    assert count >= 20
    assert {saying.channel for saying in speaker.said} == {"xqc", "shroud"}
    chat.run(asyncio.sleep(0.1))
    assert len(speaker.said) == count
