"""The publisher's sockets: who is told what, and what they bound."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
import zmq

from common.curve import PublisherKeys
from common.frames import Announcement, announcement_topic, decode_announcement
from common.key_files import make_pair
from publisher.link.sockets import LinkSockets
from tests.processes import wait_for
from tests.publisher.link.zmtp_peer import ZmtpPeer
from tests.publisher.peer import READER

_WITHIN_S = 20
_MIB = bytes(1024 * 1024)

Context = zmq.Context[zmq.Socket[bytes]]


@pytest.fixture
def sockets() -> Iterator[LinkSockets]:
    """Both sockets of a publisher, on ports that the system chooses."""
    with LinkSockets("tcp://127.0.0.1:0", "tcp://127.0.0.1:0", None) as sockets:
        yield sockets


@pytest.fixture
def context() -> Iterator[Context]:
    """Return a context for peers; its sockets are closed after the test."""
    context = zmq.Context()
    yield context
    context.destroy(linger=0)


def test_a_reader_that_connects_again_is_told_the_session_before_its_old_connection_ends(
    sockets: LinkSockets, context: Context
) -> None:
    """It subscribes to the topic of the connection that the publisher still knows."""
    with context.socket(zmq.SUB) as first, context.socket(zmq.SUB) as second:
        for session, subscriber in ((1, first), (2, second)):
            subscriber.subscribe(announcement_topic(READER))
            subscriber.connect(sockets.acknowledgements_endpoint)
            announcement = Announcement(session, deduplicates=False)
            _announce_until_received(sockets, announcement, subscriber)

            assert decode_announcement(subscriber.recv_multipart()[1]) == announcement


def _announce_until_received(
    sockets: LinkSockets, announcement: Announcement, subscriber: zmq.Socket[bytes]
) -> None:
    def is_received() -> bool:
        sockets.announce_to_new(announcement)
        return bool(subscriber.poll(10))

    wait_for(is_received, _WITHIN_S, "the announcement")


def test_a_stalled_publisher_holds_few_messages_of_a_reader_and_keeps_it_connected(
    sockets: LinkSockets, context: Context
) -> None:
    """The rest stays with the reader; here that is 50 of 100 messages of 1 MiB, at least."""
    with context.socket(zmq.PUSH) as push:
        push.setsockopt(zmq.SNDHWM, 1)
        push.connect(sockets.batches_endpoint)
        sent = 0
        while sent < 100 and push.poll(500, zmq.POLLOUT):
            push.send(_MIB)
            sent += 1

        assert sent < 50
        assert sockets.connections_ended == 0
        for _ in range(sent):
            assert wait_for(sockets.receive, _WITHIN_S, "the messages") == [_MIB]


@pytest.mark.parametrize(("kind", "size"), [(b"PUSH", 8 * 1024 * 1024), (b"SUB", 1024)])
def test_a_larger_frame_than_readers_send_ends_the_connection(
    sockets: LinkSockets, kind: bytes, size: int
) -> None:
    """At either socket; a frame of the largest size does not."""
    endpoint = {b"PUSH": sockets.batches_endpoint, b"SUB": sockets.acknowledgements_endpoint}[kind]
    with closing(ZmtpPeer(endpoint, kind)) as peer:
        peer.send_part(size)
        assert not peer.is_closed(within_s=0.1)
        peer.announce_part(size + 1)
        assert peer.is_closed(within_s=_WITHIN_S)


def test_the_kernel_looks_for_unreachable_peers(sockets: LinkSockets) -> None:
    """At both sockets."""
    for socket in (sockets.batches, sockets.acknowledgements):
        assert socket.getsockopt(zmq.TCP_KEEPALIVE) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_addresses_of_both_kinds_can_be_bound_and_are_shown_as_they_are(host: str) -> None:
    """With the port that the system has chosen."""
    with LinkSockets(f"tcp://{host}:0", f"tcp://{host}:0", None) as sockets:
        assert sockets.batches_endpoint.startswith(f"tcp://{host}:")
        assert not sockets.batches_endpoint.endswith(":0")


def test_a_peer_that_does_not_encrypt_is_refused_for_that_reason(tmp_path: Path) -> None:
    """This one waits for the publisher to find out."""
    keys = PublisherKeys(make_pair(tmp_path / "publisher.json"), tmp_path)
    with LinkSockets("tcp://127.0.0.1:0", "tcp://127.0.0.1:0", keys) as sockets:
        with suppress(AssertionError, ConnectionError):
            ZmtpPeer(sockets.batches_endpoint, b"PUSH").close()
        refused = sockets.connections_refused
        wait_for(lambda: refused["one side encrypts, the other not"], _WITHIN_S, "the refusal")

    assert sum(refused.values()) == 1
