"""A publisher as the reader sees it: both connections, their keys, queue and subscriptions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import zmq

from common.frames import ANNOUNCEMENT_TOPIC, acknowledgement_topic, announcement_topic
from readers.link.go_back_n import WINDOW_BATCHES
from readers.link.publisher_addresses import PublisherAddress
from readers.link.remote_publisher import RemotePublisher
from tests.processes import wait_for
from tests.readers.link.acting_publisher import Publisher
from tests.readers.link.encrypted_publisher import EncryptedPublisher

READER = "xqc/1"

_WITHIN_S = 20


@contextmanager
def remote_publisher(address: PublisherAddress) -> Iterator[RemotePublisher]:
    """Yield the publisher at *address* as the reader READER sees it, then close its sockets."""
    context = zmq.Context()
    try:
        yield RemotePublisher(context, address, READER)
    finally:
        context.destroy(linger=0)


def test_both_connections_have_the_keys_and_are_made_again(
    encrypted: EncryptedPublisher,
) -> None:
    """After the publisher has refused them."""
    with remote_publisher(encrypted.address) as remote:
        remote.start_using()

        def is_asked() -> bool:
            remote.reconnect_if_due(0.0)
            return encrypted.is_asked()

        for status in (b"400", b"400", b"200", b"200"):
            wait_for(is_asked, _WITHIN_S, "a ZAP request")
            encrypted.reply(status)
        assert remote.send(b"batch")
        assert encrypted.batches.poll(_WITHIN_S * 1000)
        assert encrypted.batches.recv() == b"batch"
        assert encrypted.acknowledgements.poll(_WITHIN_S * 1000)
        assert encrypted.acknowledgements.recv()[1:] == acknowledgement_topic(READER)


def test_batches_are_queued_from_start_using_to_stop_using() -> None:
    """A window of them: more are never in flight. Nobody is at the address."""
    with remote_publisher(PublisherAddress("tcp://127.0.0.1:1", "tcp://127.0.0.1:1")) as remote:
        assert not remote.send(b"batch")
        remote.start_using()
        for _ in range(WINDOW_BATCHES):
            assert remote.send(b"batch")
        assert not remote.send(b"batch")
        remote.stop_using()
        assert not remote.send(b"batch")


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
