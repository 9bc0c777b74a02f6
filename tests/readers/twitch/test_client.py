"""Bytes from the server: cut anywhere, malformed, or chat among other lines."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import pytest

from common.unix_time import unix_ms
from readers.parsing.line_parser import line_parser
from readers.parsing.received import Received
from readers.twitch.chat_host import ChatHost
from readers.twitch.client import TwitchClient
from readers.twitch.credentials import Credentials
from readers.twitch.timing import Timing
from simulator.chat_server import ChatServer
from tests.readers.memberships import (
    CHANNEL,
    ROOM_ID,
    Listener,
    fail_on_messages,
    membership,
    membership_of,
    messages_in,
    settings_for,
)


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
    began_ms = unix_ms()
    async with membership_of(settings_for(twitch), listener):
        await twitch.wait_for_join(CHANNEL)
        await twitch.send_line(CHANNEL, b":ann!ann@ann.tmi.twitch.tv PRIVMSG #xqc :hello")
        await twitch.ping_and_wait(CHANNEL)
    (message,) = listener.messages
    assert message.channel_id == ROOM_ID
    assert began_ms <= message.timestamp <= unix_ms()


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
        b"PING :\0",
        b"PING :" + b"9" * 600,
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


class Client(TwitchClient):
    """A client in the channel, and what it has reported since."""

    def __init__(self) -> None:
        self.events: list[str] = []
        super().__init__(
            CHANNEL,
            Credentials("justinfan1", None),
            line_parser,
            self.take,
            Timing(),
            on_received=lambda _: self.events.append("received"),
            on_malformed=lambda: self.events.append("malformed"),
            on_lost=lambda _: self.events.append("lost"),
            on_room_state=lambda *_: self.events.append("room state"),
        )

    def take(self, chat: list[Received]) -> None:
        """Record the texts of *chat*."""
        self.events += [message.message for message in messages_in(chat)]


@contextlib.asynccontextmanager
async def in_channel(
    client: Client, twitch: ChatServer, *, tls: bool = True
) -> AsyncIterator[None]:
    """Make *client* join the channel, and leave it after the block."""
    await client.log_in(ChatHost("localhost", twitch.port, Timing(), tls=tls))
    try:
        await client.enter()
        client.events.clear()
        yield
    finally:
        await client.leave()


def said(text: str) -> bytes:
    """Return a line of chat."""
    return f":ann!ann@ann.tmi.twitch.tv PRIVMSG #{CHANNEL} :{text}\r\n".encode()


PART = f":justinfan1!justinfan1@justinfan1.tmi.twitch.tv PART #{CHANNEL}\r\n".encode()


async def test_chat_before_another_line_is_passed_on_before_that_line_has_an_effect(
    twitch: ChatServer,
) -> None:
    """Also if both arrive in one read: a gap record must not come before the chat before it."""
    client = Client()
    async with in_channel(client, twitch):
        (session,) = twitch.sessions
        await session.misbehave.send_raw(said("before") + PART + said("after"))
        await session.ping_and_wait()
    assert client.events[:4] == ["before", "lost", "after", "received"]


async def test_a_pong_says_that_all_before_it_is_in_the_outbox(
    twitch: ChatServer, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the outbox fails, there is none. The error ends the reader, whatever it is."""
    fail_on_messages(listener, monkeypatch)
    staying = asyncio.create_task(membership(settings_for(twitch), listener).stay())
    (session,) = await twitch.wait_for_join(CHANNEL)
    await session.misbehave.send_raw(said("before") + b"PING :after\r\n")
    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(staying, 60)
    await twitch.wait_until(lambda: session.closed, what="the end of the connection")
    assert session.received[-1] == "QUIT goodbye"
    assert "PONG after" not in session.received


async def test_chat_after_a_ping_is_received_although_no_pong_can_be_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The connection may end while what it has brought is being processed."""
    client = Client()

    def take_and_lose_the_connection(chat: list[Received]) -> None:
        client.take(chat)
        client.connection._socket.shutdown(socket.SHUT_RDWR)

    monkeypatch.setattr(client, "_on_chat", take_and_lose_the_connection)
    async with ChatServer() as twitch, in_channel(client, twitch, tls=False):
        (session,) = twitch.sessions
        await session.misbehave.send_raw(said("before") + b"PING :x\r\n" + said("after"))
        async with asyncio.timeout(60):
            await client.finished.wait()
    assert client.events == ["before", "after", "received", "lost"]
