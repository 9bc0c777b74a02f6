"""TLS: clients that trust the authority accept the server, others refuse it."""

from __future__ import annotations

import asyncio
import ssl
import stat
from contextlib import suppress
from pathlib import Path

import pytest

from simulator.certificates import server_tls
from simulator.chat_server import ChatServer
from tests.simulator.raw_client import RawClient


async def test_a_client_that_trusts_the_authority_is_served(tmp_path: Path) -> None:
    """It verifies certificate and host name, logs in, joins, and receives a message."""
    async with ChatServer(tls=server_tls(tmp_path)) as server:
        trusting = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
        async with await RawClient.connect(server.port, trusting) as client:
            await client.log_in()
            await client.join("cooking")
            await server.say("cooking", "hello", login="alice")
            expected = ":alice!alice@alice.tmi.twitch.tv PRIVMSG #cooking :hello"
            assert await client.read_line() == expected


async def test_a_client_that_does_not_trust_the_authority_refuses_the_server(
    tmp_path: Path,
) -> None:
    """Verification fails in the client, and the server has no session."""
    async with ChatServer(tls=server_tls(tmp_path)) as server:
        with pytest.raises(ssl.SSLCertVerificationError):
            await RawClient.connect(server.port, ssl.create_default_context())
        assert server.history == []


async def test_tls_connections_can_be_reset_and_half_open(tmp_path: Path) -> None:
    """The client sees the reset through TLS. A half-open connection accepts what is sent to it."""
    async with ChatServer(tls=server_tls(tmp_path)) as server:
        trusting = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
        async with (
            await RawClient.connect(server.port, trusting) as first,
            await RawClient.connect(server.port, trusting) as second,
        ):
            for client in (first, second):
                await client.log_in()
                await client.join("cooking")
            sessions = server.members("cooking")

            await sessions[0].misbehave.reset_in_mid_line(b"0123456789\r\n")
            await sessions[1].misbehave.half_open()
            second.send("PING :is anybody there?")

            assert await first.reader.readexactly(6) == b"012345"
            with pytest.raises(ConnectionResetError):
                await first.read_line()
            assert not second.reader.at_eof()


def test_the_private_key_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    """Others cannot list its directory, either."""
    directory = tmp_path / "new" / "tls"
    server_tls(directory)

    assert stat.S_IMODE((directory / "server.key").stat().st_mode) == 0o600
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert b"PRIVATE" not in (directory / "ca.pem").read_bytes()


def test_certificates_are_reused(tmp_path: Path) -> None:
    """A client that trusts the authority still trusts the server after a restart."""
    server_tls(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    server_tls(tmp_path)

    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert sorted(before) == ["ca.pem", "server.key", "server.pem"]


async def test_a_connection_without_a_finished_handshake_is_closed_with_the_server(
    tmp_path: Path,
) -> None:
    """It has no session yet. Left open, it would be reported in a later test."""
    async with ChatServer(tls=server_tls(tmp_path)) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"\x16")
        for _ in range(5):
            await asyncio.sleep(0)  # the server, in the same event loop, accepts it
    async with asyncio.timeout(10):
        with suppress(ConnectionResetError):
            assert await reader.read() == b""
        writer.close()
        with suppress(ConnectionResetError):
            await writer.wait_closed()
