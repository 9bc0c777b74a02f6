"""How a test controls the chat server, waits for clients, and reads what they sent."""

from __future__ import annotations

import asyncio
import logging

import pytest

from simulator.chat_server import ChatServer
from tests.simulator.conftest import Connect
from tests.simulator.raw_client import CLOSED, RawClient


async def test_a_message_reaches_every_member_of_the_channel(
    server: ChatServer, connect: Connect
) -> None:
    """Both members receive the line with every given field. No other client receives it."""
    members = [await connect(), await connect()]
    for member in members:
        await member.log_in("justinfan1", "twitch.tv/tags", "twitch.tv/commands")
        await member.join("cooking")
    stranger = await connect()
    await stranger.log_in()
    await stranger.join("running")

    sent_to = await server.say(
        "cooking",
        "Kappa hi",
        login="alice",
        user_id="7",
        message_id="m-1",
        sent_ms=1700000000123,
        emotes="25:0-4",
        action=True,
        tags={"bits": "5", "display-name": "A; \\ B"},
    )

    room_id = server.state.room_id("cooking")
    expected = (
        r"@badge-info=;badges=;color=;display-name=A\:\s\\\sB;emotes=25:0-4;first-msg=0;flags=;"
        f"id=m-1;mod=0;returning-chatter=0;room-id={room_id};subscriber=0;"
        "tmi-sent-ts=1700000000123;turbo=0;user-id=7;user-type=;bits=5 "
        ":alice!alice@alice.tmi.twitch.tv PRIVMSG #cooking :\x01ACTION Kappa hi\x01"
    )
    assert sent_to == 2
    assert [await member.read_line() for member in members] == [expected, expected]
    assert await stranger.read_responses() == []


async def test_a_client_without_capabilities_receives_no_tags_and_no_commands(
    server: ChatServer, connect: Connect
) -> None:
    """Messages are sent without tags, and Twitch's own commands are not sent."""
    client = await connect()
    await client.log_in()
    await client.join("cooking")

    await server.send_lines(
        "cooking",
        b"@a=b :x!x@x.tmi.twitch.tv PRIVMSG #cooking :@not=a tag\r\n"
        b"@a=b :tmi.twitch.tv CLEARCHAT #cooking\r\n"
        b"@a=b :tmi.twitch.tv CLEARMSG #cooking :hello\r\n"
        b":tmi.twitch.tv HOSTTARGET #cooking :running 5\r\n"
        b"@a=b :tmi.twitch.tv ROOMSTATE #cooking\r\n"
        b"@a=b :tmi.twitch.tv USERNOTICE #cooking :hello\r\n"
        b":x!x@x.tmi.twitch.tv PRIVMSG #cooking :second\r\n",
    )

    assert await client.read_responses() == [
        ":x!x@x.tmi.twitch.tv PRIVMSG #cooking :@not=a tag",
        ":x!x@x.tmi.twitch.tv PRIVMSG #cooking :second",
    ]


async def test_a_broadcast_reaches_every_client_unchanged(
    server: ChatServer, connect: Connect
) -> None:
    """Also a client without capabilities and channels."""
    client = await connect()
    await client.log_in()

    await server.broadcast(b"@a=b :tmi.twitch.tv NOTICE * :to all\r\n")

    assert await client.read_line() == "@a=b :tmi.twitch.tv NOTICE * :to all"


async def test_waiting_for_a_join_ends_when_enough_have_joined(
    server: ChatServer, connect: Connect
) -> None:
    """It returns the two sessions in the order of their joins."""
    waiting = asyncio.create_task(server.wait_for_join("cooking", members=2))
    for login in ("justinfan1", "justinfan2"):
        client = await connect()
        await client.log_in(login)
        await client.join("cooking")

    assert [member.name for member in await waiting] == ["justinfan1", "justinfan2"]


async def test_waiting_for_a_join_times_out(server: ChatServer) -> None:
    """The error names the channel."""
    with pytest.raises(TimeoutError, match="1 to join #nobody"):
        await server.wait_for_join("nobody", timeout_s=0)


async def test_waiting_for_a_pong_ends_with_the_pong_of_the_client(
    server: ChatServer, connect: Connect
) -> None:
    """Not before. The PONG proves that the client has read all lines before the PING."""
    client = await connect()
    await client.log_in()
    await client.join("cooking")
    waiting = asyncio.create_task(server.ping_and_wait("cooking"))
    ping = await client.read_line()
    client.send("PONG :something else")
    assert await client.read_responses() == []
    assert not waiting.done()

    client.send(ping.replace("PING", "PONG"))

    await waiting


async def test_waiting_for_a_pong_fails_when_the_client_disconnects(
    server: ChatServer, connect: Connect
) -> None:
    """What the client has read is unknown then."""
    client = await connect()
    await client.log_in()
    await client.join("cooking")
    waiting = asyncio.create_task(server.ping_and_wait("cooking"))
    await client.read_line()

    await client.close()

    with pytest.raises(ConnectionError, match="justinfan123 disconnected"):
        await waiting


async def test_the_lines_of_a_client_are_kept_without_its_password(
    server: ChatServer, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    """The token is neither in `received` nor in a log line."""
    caplog.set_level(logging.DEBUG)
    client = await connect()
    client.send("pass oauth:secretsecret", "NICK bot", "JOIN #cooking")
    await server.wait_for_join("cooking")

    (session,) = server.history
    assert session.received == ["PASS ***", "NICK bot", "JOIN #cooking"]
    assert "bot joined #cooking" in caplog.text
    assert "secretsecret" not in caplog.text


async def test_a_disconnected_client_is_no_member(server: ChatServer, connect: Connect) -> None:
    """The channel is empty again, and a message there reaches no client."""
    client = await connect()
    await client.log_in()
    await client.join("cooking")

    await client.close()
    await server.wait_until(lambda: not server.sessions, what="the client to disconnect")

    assert server.members("cooking") == []
    assert await server.say("cooking", "is anybody there?") == 0


async def test_a_client_with_the_capability_membership_sees_joins_and_parts(
    connect: Connect,
) -> None:
    """A client without it sees only itself."""
    watcher, other = await connect(), await connect()
    await watcher.log_in("justinfan1", "twitch.tv/membership")
    await watcher.join("cooking")
    await other.log_in("justinfan2")
    responses = await other.join("cooking")
    other.send("PART #cooking")
    await other.read_responses()

    prefix = ":justinfan2!justinfan2@justinfan2.tmi.twitch.tv"
    assert await watcher.read_responses() == [f"{prefix} JOIN #cooking", f"{prefix} PART #cooking"]
    assert ":justinfan2.tmi.twitch.tv 353 justinfan2 = #cooking :justinfan2" in responses


async def test_a_banned_client_is_removed_from_the_channel(
    server: ChatServer, connect: Connect
) -> None:
    """It receives its own PART, and is no longer a member."""
    client = await connect()
    await client.log_in()
    await client.join("cooking")

    await server.members("cooking")[0].part("cooking")

    prefix = ":justinfan123!justinfan123@justinfan123.tmi.twitch.tv"
    assert await client.read_line() == f"{prefix} PART #cooking"
    assert server.members("cooking") == []


async def test_a_client_receives_notices_and_reconnect_requests(
    server: ChatServer, connect: Connect
) -> None:
    """They have Twitch's form, and the connection stays open."""
    client = await connect()
    await client.log_in("justinfan1", "twitch.tv/tags", "twitch.tv/commands")
    await client.join("cooking")
    (session,) = server.members("cooking")

    await session.notify("cooking", "You are gone.", message_id="msg_banned")
    await session.request_reconnect()
    await session.ping()

    assert await client.read_responses() == [
        "@msg-id=msg_banned :tmi.twitch.tv NOTICE #cooking :You are gone.",
        ":tmi.twitch.tv RECONNECT",
        "PING :tmi.twitch.tv",
    ]


async def test_logins_are_refused_until_they_are_accepted_again(
    server: ChatServer, connect: Connect
) -> None:
    """The client receives the chosen NOTICE, and the connection is closed."""
    await server.refuse_logins("Login unsuccessful")
    refused = await connect()
    refused.send("NICK justinfan1")
    assert await refused.read_responses() == [
        ":tmi.twitch.tv NOTICE * :Login unsuccessful",
        CLOSED,
    ]

    await server.accept_logins()

    await (await connect()).log_in()


async def test_pings_get_no_pong_until_they_are_answered_again(
    server: ChatServer, connect: Connect
) -> None:
    """Of two PINGs only the second gets a PONG."""
    client = await connect()
    await client.log_in()
    await server.stop_answering_pings()
    client.send("PING :first")
    (session,) = server.sessions
    await server.wait_until(lambda: "PING :first" in session.received, what="the PING")

    await server.answer_pings()

    assert await client.read_responses() == []


async def test_an_orderly_close_loses_nothing(server: ChatServer, connect: Connect) -> None:
    """The client receives every line that was sent before the close."""
    client = await connect()
    await client.log_in()
    await client.join("cooking")
    lines = b":x!x@x.tmi.twitch.tv PRIVMSG #cooking :hello\r\n" * 10_000
    sending = asyncio.create_task(server.send_lines("cooking", lines))
    received = [await client.read_line() for _ in range(9_000)]
    await sending

    await server.members("cooking")[0].close()

    received += [await client.read_line() for _ in range(1_000)]
    assert set(received) == {":x!x@x.tmi.twitch.tv PRIVMSG #cooking :hello"}
    assert await client.read_line() == CLOSED


async def test_a_client_that_sends_a_line_without_an_end_is_disconnected(connect: Connect) -> None:
    """Here after 100 kB."""
    client = await connect()
    client.writer.write(b"x" * 100_000)

    assert await client.read_line() == CLOSED


async def test_closing_ends_every_connection() -> None:
    """No session is left, and the port is free again."""
    first = ChatServer()
    await first.start()
    async with await _connect_to(first) as client:
        await client.log_in()
        await first.close()
        assert await client.read_line() == CLOSED
    async with ChatServer(port=first.port):
        assert first.sessions == []


async def _connect_to(server: ChatServer) -> RawClient:
    return await RawClient.connect(server.port)
