"""Each way of failing a client looks to the client as it is meant to."""

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


async def test_a_half_open_connection_stays_and_is_silent(
    server: ChatServer, member: RawClient, session: ChatSession
) -> None:
    """The client can write, gets no answer, and is a member no more; another one is served."""
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


async def test_a_reset_is_one(member: RawClient, session: ChatSession) -> None:
    """The client reads what was said before, and then gets ECONNRESET instead of an end."""
    await session.misbehave.send_raw(b"last words\r\n")
    await session.misbehave.reset()

    assert await member.read_line() == "last words"
    with pytest.raises(ConnectionResetError):
        await member.read_line()


async def test_a_reset_in_mid_line_leaves_half_of_it(
    member: RawClient, session: ChatSession
) -> None:
    """The client has read the first half when the reset comes."""
    await session.misbehave.reset_in_mid_line(b"0123456789\r\n")

    assert await member.reader.readexactly(6) == b"012345"
    with pytest.raises(ConnectionResetError):
        await member.read_line()


async def test_a_slow_server_sends_piece_by_piece(member: RawClient, session: ChatSession) -> None:
    """A byte at a time still makes the line, and each was sent before the next."""
    dribbling = asyncio.create_task(session.misbehave.dribble(b"slowly\r\n"))
    first = await member.reader.read(100)
    assert len(first) < len(b"slowly\r\n")

    assert first.decode() + await member.read_line() == "slowly"
    await dribbling


async def test_garbage_arrives_as_it_is(member: RawClient, session: ChatSession) -> None:
    """Every byte does, whatever the client has asked for."""
    await session.misbehave.send_garbage()

    assert await member.reader.readexactly(len(GARBAGE)) == GARBAGE


async def test_resetting_a_client_that_is_gone_is_an_error(
    server: ChatServer, member: RawClient, session: ChatSession
) -> None:
    """A test that thinks it has reset a connection must not go on believing so."""
    await member.close()
    await server.wait_until(lambda: not server.sessions, what="the client to be gone")

    with pytest.raises(ConnectionError, match="has disconnected"):
        await session.misbehave.reset()
