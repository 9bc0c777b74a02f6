"""Connecting to a host with several addresses, some of them out of reach. All are on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Awaitable, Callable, Iterator

import pytest

from readers.twitch import chat_host
from readers.twitch.chat_host import ChatHost
from readers.twitch.timing import Timing
from simulator.chat_server import ChatServer

Address = tuple[int, int, int, str, tuple[str, int]]
LookUp = Callable[[str, int], Awaitable[list[Address]]]

#: Seconds within which to connect. One address that is tried for too long would take more.
SOON_S = 30.0


class Dns:
    """Answers the look-ups of a ChatHost."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.hosts = ["127.0.0.1"]
        self.error: OSError | None = None
        self.answers = asyncio.Event()
        self.answers.set()
        self.questions = 0
        monkeypatch.setattr(chat_host, "_look_up", self._look_up)

    async def _look_up(self, _: str, port: int) -> list[Address]:
        self.questions += 1
        await self.answers.wait()
        if self.error:
            raise self.error
        return [address(host, port) for host in self.hosts]


def address(host: str, port: int) -> Address:
    """Return an address as getaddrinfo does."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port)


@pytest.fixture
async def dns(monkeypatch: pytest.MonkeyPatch) -> Dns:
    """Return a DNS in which the chat host has the address 127.0.0.1."""
    return Dns(monkeypatch)


@contextlib.contextmanager
def listening(host: str, port: int = 0, *, backlog: int = 100) -> Iterator[socket.socket]:
    """Listen at an address, and accept connections as far as the kernel does."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(backlog)
        yield listener


@contextlib.contextmanager
def swallowing_packets(host: str, port: int) -> Iterator[None]:
    """Make an address neither accept nor refuse a connection."""
    with listening(host, port, backlog=0), socket.create_connection((host, port)):
        # The queue of connections that wait to be accepted is full: the kernel drops further ones.
        yield


async def peer_of(host: ChatHost) -> str:
    """Connect to *host*; return the address that accepted."""
    async with asyncio.timeout(SOON_S):
        connection = await host.connect()
    peer: str = connection._socket.getpeername()[0]
    connection.close()
    return peer


async def test_an_address_that_swallows_packets_does_not_stand_in_the_way(dns: Dns) -> None:
    """The second one is tried 250 ms later. The next attempt begins with one that works."""
    dns.hosts = ["127.0.0.2", "127.0.0.1"]
    with listening("127.0.0.1") as good:
        port = good.getsockname()[1]
        with swallowing_packets("127.0.0.2", port):
            host = ChatHost("chat", port, Timing(), tls=False)
            assert await peer_of(host) == "127.0.0.1"
            assert await peer_of(host) == "127.0.0.1"
    assert len(asyncio.all_tasks()) == 1


async def test_the_next_attempt_begins_with_another_address(dns: Dns) -> None:
    """The connection to the first one has just failed. One that refused comes last."""
    dns.hosts = ["127.0.0.1", "127.0.0.2", "127.0.0.3"]
    with listening("127.0.0.2") as second:
        port = second.getsockname()[1]
        host = ChatHost("chat", port, Timing(), tls=False)
        with listening("127.0.0.3", port):
            assert await peer_of(host) == "127.0.0.2"
            with listening("127.0.0.1", port):
                assert await peer_of(host) == "127.0.0.3"
                assert await peer_of(host) == "127.0.0.1"


async def test_if_no_address_answers_they_are_named(dns: Dns) -> None:
    """The reader need not wait for the kernel, which tries for two minutes."""
    dns.hosts = ["127.0.0.2", "127.0.0.3", "127.0.0.1"]
    with listening("127.0.0.1") as bound:
        port = bound.getsockname()[1]
    with swallowing_packets("127.0.0.2", port), swallowing_packets("127.0.0.3", port):
        host = ChatHost("chat", port, Timing(accept_within_s=2), tls=False)
        with pytest.raises(OSError, match="no answer from") as raised:
            await peer_of(host)
    assert str(raised.value) == (
        "Connection refused (127.0.0.1); no answer from 127.0.0.2, 127.0.0.3 within 2 s"
    )


async def test_addresses_of_ipv6_and_ipv4_take_turns(dns: Dns) -> None:
    """A host without a route to IPv6 then soon tries IPv4."""
    dns.hosts = ["::1", "::1", "127.0.0.1", "127.0.0.2"]
    with listening("127.0.0.3") as bound:
        port = bound.getsockname()[1]
    with pytest.raises(OSError, match="::1") as raised:
        await peer_of(ChatHost("chat", port, Timing(), tls=False))
    first, second, *_ = str(raised.value).split("; ")
    assert "::1" in first
    assert "127.0.0.1" in second


async def test_a_failed_tls_handshake_is_not_the_end(
    dns: Dns, twitch: ChatServer, caplog: pytest.LogCaptureFixture
) -> None:
    """The other addresses are tried. The certificate is checked against the host's name."""
    caplog.set_level(logging.INFO)
    dns.hosts = ["127.0.0.2", "127.0.0.1"]
    async with ChatServer(host="127.0.0.2", port=twitch.port):  # without TLS
        assert await peer_of(ChatHost("localhost", twitch.port, Timing(), tls=True)) == "127.0.0.1"
    assert "connected to 127.0.0.1, after: [SSL: WRONG_VERSION_NUMBER] " in caplog.text
    assert " (127.0.0.2)\n" in caplog.text
    dns.hosts = ["127.0.0.1"]
    with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
        await peer_of(ChatHost("chat", twitch.port, Timing(), tls=True))


async def test_each_address_that_failed_is_named_with_its_reason(dns: Dns) -> None:
    """Whether it refused the connection or the handshake."""
    dns.hosts = ["127.0.0.2", "127.0.0.3"]
    async with ChatServer(host="127.0.0.2") as without_tls:
        host = ChatHost("localhost", without_tls.port, Timing(), tls=True)
        with pytest.raises(OSError, match="WRONG_VERSION_NUMBER") as raised:
            await peer_of(host)
    assert str(raised.value).endswith(" (127.0.0.2); Connection refused (127.0.0.3)")


@pytest.mark.usefixtures("dns")
async def test_a_tls_handshake_without_an_answer_is_given_up() -> None:
    """Nobody else would end it."""
    with listening("127.0.0.1") as mute:
        timing = Timing(handshake_within_s=0.05)
        host = ChatHost("localhost", mute.getsockname()[1], timing, tls=True)
        with pytest.raises(OSError, match="handshake is taking longer than"):
            await peer_of(host)


async def test_without_dns_the_addresses_of_the_last_answer_are_used(
    dns: Dns, caplog: pytest.LogCaptureFixture
) -> None:
    """They are used until DNS answers again. The log says so once for each time that it fails."""
    with listening("127.0.0.1") as good:
        host = ChatHost("chat", good.getsockname()[1], Timing(), tls=False)
        await peer_of(host)
        failure = socket.gaierror(-3, "Temporary failure in name resolution")
        for times in (1, 2):
            dns.error = failure
            assert await peer_of(host) == "127.0.0.1"
            assert await peer_of(host) == "127.0.0.1"
            assert caplog.text.count(f"cannot resolve chat: {failure.strerror}") == times
            dns.error = None
            assert await peer_of(host) == "127.0.0.1"
        dns.hosts = ["127.0.0.9"]
        with pytest.raises(OSError, match=r"127\.0\.0\.9"):
            await peer_of(host)


async def test_without_any_answer_of_dns_there_is_an_error(dns: Dns) -> None:
    """The resolver's text does not name the host."""
    dns.error = socket.gaierror(-2, "Name or service not known")
    with pytest.raises(OSError, match=r"^cannot resolve chat: Name or service not known$"):
        await peer_of(ChatHost("chat", 1, Timing(), tls=False))


async def test_a_silent_dns_is_asked_once(dns: Dns, caplog: pytest.LogCaptureFixture) -> None:
    """Each look-up occupies a thread. Its late answer is used by the next attempt."""
    with listening("127.0.0.1") as good:
        timing = Timing(resolve_within_s=0.01)
        host = ChatHost("chat", good.getsockname()[1], timing, tls=False)
        await peer_of(host)
        dns.answers.clear()
        assert [await peer_of(host) for _ in range(3)] == ["127.0.0.1"] * 3
        assert dns.questions == 2
        assert caplog.text.count("no answer within 0.01 s; using the addresses") == 1
        dns.hosts = ["127.0.0.9"]
        dns.answers.set()
        with pytest.raises(OSError, match=r"127\.0\.0\.9"):
            await peer_of(host)


async def test_a_cancelled_attempt_leaves_nothing_behind(dns: Dns) -> None:
    """Neither a task nor a socket."""
    dns.hosts = ["127.0.0.2", "127.0.0.3"]
    with listening("127.0.0.1") as bound:
        port = bound.getsockname()[1]
    with swallowing_packets("127.0.0.2", port), swallowing_packets("127.0.0.3", port):
        host = ChatHost("chat", port, Timing(), tls=False)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await host.connect()
    await asyncio.sleep(0)
    assert len(asyncio.all_tasks()) == 1
