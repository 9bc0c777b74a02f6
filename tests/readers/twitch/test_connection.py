"""A connection to a peer on loopback, with and without TLS."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from readers.twitch import chat_host
from readers.twitch import connection as module
from readers.twitch.chat_host import ChatHost
from readers.twitch.connection import CHUNK_BYTES, ChatConnection
from readers.twitch.timing import Timing
from readers.twitch.tls import PIECE_BYTES
from simulator.certificates import AUTHORITY_FILE, server_tls
from tests.readers.polling import until

#: More than the buffers of a socket hold.
_FLOOD = b"".join(b"%07d\n" % number for number in range(1_500_000))


class Peer:
    """The other side of a connection, and what the connection has passed on from it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        #: What was passed on, one item for each read, and then why the connection has ended.
        self.passed_on: list[bytes] = []
        self.ends: list[Exception | None] = []

    def received(self) -> bytes:
        """Return all that was passed on."""
        return b"".join(self.passed_on)


Connected = contextlib.AbstractAsyncContextManager[tuple[ChatConnection, Peer]]
Connect = Callable[[], Connected]


@pytest.fixture(params=["with TLS", "without TLS"])
def connect(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Connect:
    """Return what connects to a new peer, and begins to read."""
    tls: ssl.SSLContext | None = None
    if request.param == "with TLS":
        chat_host.tls_context.cache_clear()
        tls = server_tls(tmp_path)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / AUTHORITY_FILE))

    @contextlib.asynccontextmanager
    async def connected() -> AsyncIterator[tuple[ChatConnection, Peer]]:
        accepted: asyncio.Queue[Peer] = asyncio.Queue()

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            accepted.put_nowait(Peer(reader, writer))

        server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
        port = server.sockets[0].getsockname()[1]
        connection = await ChatHost("localhost", port, Timing(), tls=bool(tls)).connect()
        peer = await accepted.get()
        connection.start(peer.passed_on.append, peer.ends.append)
        try:
            yield connection, peer
        finally:
            connection.close()
            if not peer.writer.is_closing():
                peer.writer.transport.abort()
            server.close()

    return connected


def is_watched(connection: ChatConnection) -> bool:
    """Return whether the loop is told when something comes."""
    selector = connection._loop._selector  # type: ignore[attr-defined]
    return connection._socket in selector.get_map()


async def test_a_flood_arrives_whole_and_no_turn_reads_more_than_its_share(
    connect: Connect,
) -> None:
    """Timers and other sockets have their turn in between."""
    async with connect() as (_, peer):
        peer.writer.write(_FLOOD)
        await until(lambda: sum(map(len, peer.passed_on)) == len(_FLOOD))
    assert peer.received() == _FLOOD
    # A part of a record may have come before.
    assert max(map(len, peer.passed_on)) <= CHUNK_BYTES + PIECE_BYTES


async def test_all_that_came_is_passed_on_before_the_end(connect: Connect) -> None:
    """Also if it is more than one turn reads. An orderly end has no error."""
    async with connect() as (connection, peer):
        peer.writer.write(_FLOOD)
        peer.writer.close()
        await until(lambda: bool(peer.ends))
        assert not connection.connected
    assert peer.received() == _FLOOD
    assert peer.ends == [None]


async def test_a_reset_is_an_error(connect: Connect) -> None:
    """It has the reason of the operating system."""
    async with connect() as (_, peer):
        peer.writer.write(b"before")
        await until(lambda: peer.received() == b"before")
        raw = peer.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0" + bytes(4))
        peer.writer.transport.abort()
        await until(lambda: bool(peer.ends))
    assert "Connection reset by peer" in str(peer.ends)


async def test_a_busy_connection_is_read_by_a_timer(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What comes in quick succession is read together."""
    monkeypatch.setattr(module, "QUICK_S", 600.0)
    monkeypatch.setattr(module, "READ_EVERY_S", 0.1)
    async with connect() as (connection, peer):
        for number in range(100):
            peer.writer.write(b"%02d" % number)
            await asyncio.sleep(0)
        await until(lambda: len(peer.received()) == 200)
        assert peer.received() == b"".join(b"%02d" % number for number in range(100))
        assert len(peer.passed_on) < 50
        # Then it is watched again.
        await until(lambda: is_watched(connection))


async def test_what_does_not_fit_is_sent_once_there_is_room(connect: Connect) -> None:
    """Nobody waits for that here, and nothing is lost."""
    async with connect() as (connection, peer):
        sent = 0
        while not connection._unsent:
            connection.send(_FLOOD[sent : sent + 10_000])
            sent += 10_000
        connection.send(_FLOOD[sent : sent + 10_000])
        sent += 10_000
        assert await peer.reader.readexactly(sent) == _FLOOD[:sent]


async def test_a_peer_that_takes_nothing_ends_the_connection(connect: Connect) -> None:
    """What is to be sent to it does not fill the memory. What it has sent is passed on."""
    async with connect() as (connection, peer):
        peer.writer.write(b"before")
        peer.writer.transport.pause_reading()  # type: ignore[attr-defined]
        # The loop has no turn to read in between.
        while not connection._failure:
            connection.send(_FLOOD[:10_000])
        await until(lambda: bool(peer.ends))
        assert "does not take" in str(peer.ends)
        assert peer.received() == b"before"


async def test_the_peer_gets_what_was_sent_before_the_end(connect: Connect) -> None:
    """What it sends until it ends the connection, too, is passed on."""
    async with connect() as (connection, peer):
        connection.send(b"QUIT\r\n")
        finishing = asyncio.create_task(connection.finish())
        assert await peer.reader.readline() == b"QUIT\r\n"
        # asyncio's TLS sends nothing after the other side's goodbye.
        has_tls = peer.writer.get_extra_info("sslcontext") is not None
        if not has_tls:
            peer.writer.write(b"late")
        peer.writer.close()
        await asyncio.wait_for(finishing, 60)
        connection.send(b"nobody gets this")
        assert peer.ends == [None]
        assert peer.received() == (b"" if has_tls else b"late")


async def test_an_error_of_who_gets_the_data_is_reported_and_leaves_time_for_a_last_word(
    connect: Connect,
) -> None:
    """The peer is not left without a goodbye."""

    def fail(_: bytes) -> None:
        raise ZeroDivisionError

    async with connect() as (connection, peer):
        connection.start(fail, peer.ends.append)
        peer.writer.write(b"1")
        await until(lambda: bool(peer.ends))
        assert [type(end) for end in peer.ends] == [ZeroDivisionError]
        connection.send(b"QUIT\r\n")
        assert await peer.reader.readline() == b"QUIT\r\n"
        peer.writer.close()
        await asyncio.wait_for(connection.finish(), 60)
        assert len(peer.ends) == 1


async def test_a_closed_connection_sends_and_passes_on_nothing(connect: Connect) -> None:
    """And nothing fails."""
    async with connect() as (connection, peer):
        connection.close()
        connection.close()
        connection.send(b"PING\r\n")
        connection.start(peer.passed_on.append, peer.ends.append)
        await connection.finish()
        assert (peer.passed_on, peer.ends) == ([], [])
