"""Each simulated failure, as the client sees it."""

from __future__ import annotations

import asyncio

import pytest

from simulator.chat_server import ChatServer
from simulator.chat_session import ChatSession
from simulator.misbehaviour import GARBAGE
from tests.simulator.conftest import Connect
from tests.simulator.raw_client import RawClient


@pytest.fixture
async def member(connect: Connect) -> RawClient:
    """Return a client that has joined #cooking."""
    client = await connect()
    await client.log_in("justinfan1", "twitch.tv/tags", "twitch.tv/commands")
    await client.join("cooking")
    return client


@pytest.fixture
async def session(server: ChatServer, member: RawClient) -> ChatSession:
    """Return the server's side of *member*."""
    (found,) = await server.wait_for_join("cooking")
    assert member.writer.get_extra_info("sockname")[1] == int(found.connection.peer.split(":")[1])
    return found


async def test_a_half_open_connection_stays_open_and_silent(
    server: ChatServer, member: RawClient, session: ChatSession
) -> None:
    """The client can write but gets no response and is no member. Others are served."""
    await session.misbehave.half_open()
    member.send("PING :is anybody there?")
    await server.say("cooking", "nobody hears this")
    async with await RawClient.connect(server.port) as other:
        await other.log_in()
        await other.join("cooking")
        assert [found.name for found in server.members("cooking")] == ["justinfan123"]
        await server.say("cooking", "hello")
        await other.read_line()

    assert session in server.sessions
    assert session.received[-1] != "PING :is anybody there?"
    assert not member.reader.at_eof()


async def test_a_reset_reaches_the_client_as_econnreset(
    member: RawClient, session: ChatSession
) -> None:
    """The client reads what was sent before, and then gets ECONNRESET, not end of file."""
    await session.misbehave.send_raw(b"last words\r\n")
    await session.misbehave.reset()

    assert await member.read_line() == "last words"
    with pytest.raises(ConnectionResetError):
        await member.read_line()


async def test_a_reset_in_mid_line_delivers_half_of_the_line(
    member: RawClient, session: ChatSession
) -> None:
    """The client reads the first half before the reset."""
    await session.misbehave.reset_in_mid_line(b"0123456789\r\n")

    assert await member.reader.readexactly(6) == b"012345"
    with pytest.raises(ConnectionResetError):
        await member.read_line()


async def test_a_slow_server_sends_a_line_in_pieces(
    member: RawClient, session: ChatSession
) -> None:
    """The first read returns only a part; all parts together are the line."""
    dribbling = asyncio.create_task(session.misbehave.dribble(b"slowly\r\n"))
    first = await member.reader.read(100)
    assert len(first) < len(b"slowly\r\n")

    assert first.decode() + await member.read_line() == "slowly"
    await dribbling


async def test_garbage_arrives_unchanged(member: RawClient, session: ChatSession) -> None:
    """Every byte, whatever capabilities the client has requested."""
    await session.misbehave.send_garbage()

    assert await member.reader.readexactly(len(GARBAGE)) == GARBAGE


async def test_resetting_a_disconnected_client_is_an_error(
    server: ChatServer, member: RawClient, session: ChatSession
) -> None:
    """A test must not continue as if it had reset the connection."""
    await member.close()
    await server.wait_until(lambda: not server.sessions, what="the client to disconnect")

    with pytest.raises(ConnectionError, match="has disconnected"):
        await session.misbehave.reset()
