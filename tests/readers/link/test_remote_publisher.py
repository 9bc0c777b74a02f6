"""A publisher as the reader sees it: both connections, their keys, queue and subscriptions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import zmq

from common.curve import ReaderKeys, secure_server
from common.frames import ANNOUNCEMENT_TOPIC, acknowledgement_topic, announcement_topic
from common.key_files import make_pair
from readers.link.go_back_n import WINDOW_BATCHES
from readers.link.publisher_addresses import PublisherAddress
from readers.link.remote_publisher import RemotePublisher
from tests.processes import wait_for
from tests.readers.link.acting_publisher import Publisher

READER = "xqc/1"

Context = zmq.Context[zmq.Socket[bytes]]

_WITHIN_S = 20


@pytest.fixture
def context() -> Iterator[Context]:
    """Return a context; its sockets are closed after the test."""
    context = zmq.Context()
    yield context
    context.destroy(linger=0)


@pytest.fixture
def zap(context: Context) -> zmq.Socket[bytes]:
    """Return the socket that receives ZAP requests."""
    zap = context.socket(zmq.REP)
    zap.bind("inproc://zeromq.zap.01")
    return zap


class EncryptedPublisher:
    """The sockets of a publisher that asks ZAP whether to admit a reader."""

    def __init__(self, context: Context, folder: Path) -> None:
        pair = make_pair(folder / "publisher.json")
        self.batches, self.acknowledgements = context.socket(zmq.PULL), context.socket(zmq.XPUB)
        for socket in (self.batches, self.acknowledgements):
            secure_server(socket, pair)
            socket.bind("tcp://127.0.0.1:0")
        self.address = PublisherAddress(
            self.batches.getsockopt_string(zmq.LAST_ENDPOINT),
            self.acknowledgements.getsockopt_string(zmq.LAST_ENDPOINT),
            ReaderKeys(make_pair(folder / "readers.json"), pair.public_key),
        )


@pytest.fixture
def encrypted(context: Context, tmp_path: Path) -> EncryptedPublisher:
    """Return a publisher that requires keys."""
    return EncryptedPublisher(context, tmp_path)


@contextmanager
def remote_publisher(address: PublisherAddress) -> Iterator[RemotePublisher]:
    """Yield the publisher at *address* as the reader READER sees it, then close its sockets."""
    context = zmq.Context()
    try:
        yield RemotePublisher(context, address, READER)
    finally:
        context.destroy(linger=0)


def reply_to_both(zap: zmq.Socket[bytes], remote: RemotePublisher, status: bytes) -> None:
    """Reply with *status* to one ZAP request of each connection of *remote*."""

    def is_asked() -> bool:
        remote.reconnect_if_due(0.0)
        return bool(zap.poll(10))

    for _ in range(2):
        wait_for(is_asked, _WITHIN_S, "a connection's ZAP request")
        request_id = zap.recv_multipart()[1]
        zap.send_multipart([b"1.0", request_id, status, b"", b"", b""])


def test_both_connections_have_the_keys_and_are_made_again(
    zap: zmq.Socket[bytes], encrypted: EncryptedPublisher
) -> None:
    """After the publisher has refused them."""
    with remote_publisher(encrypted.address) as remote:
        remote.start_using()
        reply_to_both(zap, remote, b"400")
        reply_to_both(zap, remote, b"200")
        assert remote.send([b"batch"])
        assert encrypted.batches.poll(_WITHIN_S * 1000)
        assert encrypted.batches.recv() == b"batch"
        assert encrypted.acknowledgements.poll(_WITHIN_S * 1000)
        assert encrypted.acknowledgements.recv()[1:] == acknowledgement_topic(READER)


def test_batches_are_queued_from_start_using_to_stop_using() -> None:
    """A window of them: more are never in flight. Nobody is at the address."""
    with remote_publisher(PublisherAddress("tcp://127.0.0.1:1", "tcp://127.0.0.1:1")) as remote:
        assert not remote.send([b"batch"])
        remote.start_using()
        for _ in range(WINDOW_BATCHES):
            assert remote.send([b"batch"])
        assert not remote.send([b"batch"])
        remote.stop_using()
        assert not remote.send([b"batch"])


async def test_announcements_are_subscribed_to_once(publisher: Publisher) -> None:
    """So that unsubscribing once is enough."""
    with remote_publisher(publisher.address) as remote:
        for topic in (acknowledgement_topic(READER), announcement_topic(READER)):
            assert await publisher.next_subscription() == b"\x01" + topic
        remote.listen(True)
        assert await publisher.next_subscription() == b"\x01" + ANNOUNCEMENT_TOPIC
        remote.listen(True)
        remote.listen(False)
        assert await publisher.next_subscription() == b"\x00" + ANNOUNCEMENT_TOPIC
        remote.listen(False)
        remote.listen(True)
        assert await publisher.next_subscription() == b"\x01" + ANNOUNCEMENT_TOPIC
