"""Bytes from the server that are cut anywhere, incomplete or malformed."""

from __future__ import annotations

import time

import pytest

from readers.twitch.client import TwitchClient
from readers.twitch.credentials import Credentials
from simulator.chat_server import ChatServer
from tests.readers.memberships import (
    CHANNEL,
    ROOM_ID,
    SHORT_TIMEOUTS,
    Listener,
    membership_of,
    settings_for,
)
from tests.readers.polling import until


async def test_a_reset_in_the_middle_of_a_line_loses_only_that_line(
    twitch: ChatServer, listener: Listener
) -> None:
    """Half a line does not become a message, and the reader reconnects."""
    async with membership_of(settings_for(twitch), listener):
        (session,) = await twitch.wait_for_join(CHANNEL)
        await twitch.say(CHANNEL, "before")
        await session.misbehave.reset_in_mid_line(
            b":viewer!viewer@viewer.tmi.twitch.tv PRIVMSG #xqc :cut off here\r\n"
        )
        await twitch.wait_until(lambda: session.closed, what="the end of the connection")
        await twitch.wait_for_join(CHANNEL)
        await twitch.say(CHANNEL, "after")
        await twitch.ping_and_wait(CHANNEL)
    assert listener.texts == ["before", "after"]


async def test_lines_that_arrive_in_pieces_are_joined(
    twitch: ChatServer, listener: Listener
) -> None:
    """Wherever the network splits them."""
    line = ":viewer!viewer@viewer.tmi.twitch.tv PRIVMSG #xqc :żółw 🐢\r\n".encode()
    async with membership_of(settings_for(twitch), listener):
        (session,) = await twitch.wait_for_join(CHANNEL)
        await session.misbehave.dribble(line * 3, chunk_bytes=7)
        await twitch.ping_and_wait(CHANNEL)
    assert listener.texts == ["żółw 🐢"] * 3


async def test_missing_tags_are_filled_in(twitch: ChatServer, listener: Listener) -> None:
    """With the channel's id from the join, and the time of this host."""
    began_ms = time.time_ns() // 1_000_000
    async with membership_of(settings_for(twitch), listener):
        await twitch.wait_for_join(CHANNEL)
        await twitch.send_line(CHANNEL, b":ann!ann@ann.tmi.twitch.tv PRIVMSG #xqc :hello")
        await twitch.ping_and_wait(CHANNEL)
    (message,) = listener.messages
    assert message.channel_id == ROOM_ID
    assert began_ms <= message.timestamp <= time.time_ns() // 1_000_000


async def test_garbage_does_not_end_the_connection(
    twitch: ChatServer, listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    """The messages after it are received, and no traceback is logged."""
    async with membership_of(settings_for(twitch), listener):
        (session,) = await twitch.wait_for_join(CHANNEL)
        await session.misbehave.send_garbage()
        await twitch.say(CHANNEL, "hello")
        await twitch.ping_and_wait(CHANNEL)
        assert twitch.sessions == [session]
    assert listener.texts[-1] == "hello"
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize(
    "line",
    [
        b"CAP *",
        b"CAP",
        b"PING",
        b":x 001",
        b":x KICK",
        b":x " + b"9" * 5000,
        b"NOTICE",
        b"ERROR :x",
    ],
)
async def test_malformed_commands_are_ignored(
    twitch: ChatServer, listener: Listener, line: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """They log no traceback, and the connection stays."""
    async with membership_of(settings_for(twitch), listener):
        (session,) = await twitch.wait_for_join(CHANNEL)
        await session.misbehave.send_raw(line + b"\r\n")
        await twitch.say(CHANNEL, "hello")
        await twitch.ping_and_wait(CHANNEL)
        assert twitch.sessions == [session]
    assert listener.texts == ["hello"]
    assert "Traceback" not in caplog.text


async def test_chat_is_passed_on_before_what_follows_it_is_handled(twitch: ChatServer) -> None:
    """
    Otherwise the absence would begin, or a PONG confirm, before earlier chat is in the outbox.

    All lines come with one read, because they are one write over TLS.
    """
    events: list[str] = []
    client = TwitchClient(
        CHANNEL,
        Credentials("justinfan1", None),
        lambda chat: events.extend(received.message.message for received in chat),
        SHORT_TIMEOUTS,
        on_received=lambda _: events.append("received"),
        on_lost=lambda _: events.append("lost"),
    )
    await client.log_in("localhost", twitch.port, tls=True)
    await client.enter()
    (session,) = await twitch.wait_for_join(CHANNEL)
    events.clear()
    say = b":ann!ann@ann.tmi.twitch.tv PRIVMSG #xqc :%s\r\n"
    part = b":justinfan1!justinfan1@justinfan1.tmi.twitch.tv PART #xqc\r\n"
    await session.misbehave.send_raw(say % b"one" + part + say % b"two")
    await until(lambda: len(events) >= 4)
    await client.leave()
    assert events[:4] == ["one", "lost", "two", "received"]
