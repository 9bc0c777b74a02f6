"""The publisher's sockets: who is told what, and what they bound."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

import pytest
import zmq

from common.curve import PublisherKeys
from common.frames import (
    ANNOUNCEMENT_TOPIC,
    Acknowledgement,
    Announcement,
    acknowledgement_topic,
    announcement_topic,
    decode_acknowledgement,
    decode_announcement,
    encode_frame,
)
from common.key_files import make_pair
from publisher.link.acknowledgement_schedule import DueAcknowledgement
from publisher.link.connection_watcher import WatcherEndedError
from publisher.link.sequence import Position
from publisher.link.sockets import BindError, LinkSockets
from tests.processes import wait_for
from tests.publisher.link.zmtp_peer import ZmtpPeer
from tests.publisher.peer import READER

_WITHIN_S = 20
_MIB = bytes(1024 * 1024)

Context = zmq.Context[zmq.Socket[bytes]]


def test_a_reader_that_connects_again_is_told_the_session_before_its_old_connection_ends(
    sockets: LinkSockets, context: Context
) -> None:
    """It subscribes to the topic of the connection that the publisher still knows."""
    with context.socket(zmq.SUB) as first, context.socket(zmq.SUB) as second:
        for session, subscriber in ((1, first), (2, second)):
            subscriber.subscribe(announcement_topic(READER))
            subscriber.connect(sockets.acknowledgements_endpoint)
            announcement = Announcement(session, deduplicates=False)
            announce = partial(sockets.announce_to_new, announcement)

            frames = _sent_until_received(announce, subscriber)

            assert decode_announcement(frames[1]) == announcement


def test_the_session_is_announced_to_readers_that_wait_for_any_publisher(
    sockets: LinkSockets, context: Context
) -> None:
    """They subscribe to the general topic only."""
    with context.socket(zmq.SUB) as subscriber:
        subscriber.subscribe(ANNOUNCEMENT_TOPIC)
        subscriber.connect(sockets.acknowledgements_endpoint)
        announcement = Announcement(5, deduplicates=True)

        frames = _sent_until_received(partial(sockets.announce, announcement), subscriber)

    assert frames == [ANNOUNCEMENT_TOPIC, encode_frame(announcement)]


def test_a_new_session_is_announced_to_all_connected_readers(
    sockets: LinkSockets, context: Context
) -> None:
    """Each under its own topic, also to one whose subscription was not taken yet."""
    announcement = Announcement(5, deduplicates=True)
    announce = partial(sockets.announce_to_all, announcement)
    with context.socket(zmq.SUB) as first, context.socket(zmq.SUB) as second:
        for reader, subscriber in (("xqc/01", first), ("xqc/02", second)):
            subscriber.subscribe(announcement_topic(reader))
            subscriber.connect(sockets.acknowledgements_endpoint)

            frames = _sent_until_received(announce, subscriber)

            assert frames == [announcement_topic(reader), encode_frame(announcement)]


def test_readers_that_connect_at_once_are_all_told_at_once(
    sockets: LinkSockets, context: Context
) -> None:
    """A single call takes all subscriptions that have arrived. These arrive together."""
    readers = [f"xqc/{number}" for number in range(5)]
    with context.socket(zmq.SUB) as subscriber:
        for reader in readers:
            subscriber.subscribe(announcement_topic(reader))
        subscriber.connect(sockets.acknowledgements_endpoint)
        assert sockets.acknowledgements.poll(1000 * _WITHIN_S)
        sockets.announce_to_new(Announcement(5, deduplicates=True))

        received: list[bytes] = []
        while len(received) < len(readers) and subscriber.poll(1000 * _WITHIN_S):
            received.append(subscriber.recv_multipart()[0])
    assert sorted(received) == [announcement_topic(reader) for reader in readers]


def test_what_is_queued_is_sent_when_the_sockets_are_closed(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it, readers would send records again that Kafka has."""
    monkeypatch.setattr("publisher.link.sockets._LINGER_MS", 1000 * _WITHIN_S)
    with context.socket(zmq.SUB) as subscriber:
        with LinkSockets("tcp://127.0.0.1:0", "tcp://127.0.0.1:0", None) as sockets:
            subscriber.subscribe(acknowledgement_topic(READER))
            subscriber.connect(sockets.acknowledgements_endpoint)
            assert sockets.acknowledgements.poll(1000 * _WITHIN_S)
            sockets.announce_to_new(Announcement(7, deduplicates=False))
            for seq in range(1, 501):
                sockets.acknowledge(7, {READER: DueAcknowledgement(Position(seq), ())})
        for seq in range(1, 501):
            assert subscriber.poll(1000 * _WITHIN_S)
            assert decode_acknowledgement(subscriber.recv_multipart()[1]).seq == seq


def test_all_frames_of_a_message_are_received(sockets: LinkSockets, context: Context) -> None:
    """Of one message at a time; without a message, it does not wait for one."""
    assert sockets.receive() is None
    with context.socket(zmq.PUSH) as push:
        push.connect(sockets.batches_endpoint)
        for message in ([b"presence"], [b"envelope", b"batch"]):
            push.send_multipart(message)
            assert wait_for(sockets.receive, _WITHIN_S, "the message") == message
    assert sockets.receive() is None


def test_an_address_in_use_is_an_error_that_names_the_setting(sockets: LinkSockets) -> None:
    """For both settings."""
    free = "tcp://127.0.0.1:0"
    for endpoints, setting in (
        ((sockets.batches_endpoint, free), "PUBLISHER_BIND"),
        ((free, sockets.acknowledgements_endpoint), "PUBLISHER_ACK_BIND"),
    ):
        with pytest.raises(BindError, match=f"^{setting} holds .*, but that address is in use"):
            LinkSockets(*endpoints, None)


def test_a_reader_is_told_its_position(sockets: LinkSockets, context: Context) -> None:
    """With the session, the incarnation of the record, and when it was confirmed."""
    with context.socket(zmq.SUB) as subscriber:
        subscriber.subscribe(acknowledgement_topic(READER))
        subscriber.connect(sockets.acknowledgements_endpoint)
        due = {
            "other/00": DueAcknowledgement(Position(1, 2), ()),
            READER: DueAcknowledgement(Position(10, 3), ((10, 500),)),
        }

        frames = _sent_until_received(partial(sockets.acknowledge, 7, due), subscriber)

    expected = Acknowledgement(7, 10, 3, ((10, 500),))
    assert frames == [acknowledgement_topic(READER), encode_frame(expected)]


def _sent_until_received(
    send: Callable[[], object], subscriber: zmq.Socket[bytes]
) -> Sequence[bytes]:
    """Call *send* until *subscriber* has connected; return the frames that it receives."""

    def is_received() -> bool:
        send()
        return bool(subscriber.poll(10))

    wait_for(is_received, _WITHIN_S, "the message")
    return subscriber.recv_multipart()


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


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_failure_of_the_watching_thread_is_told_and_does_not_keep_the_sockets_open() -> None:
    """It has failed at a request that is none: ZeroMQ itself sends only valid ones."""
    with LinkSockets("tcp://127.0.0.1:0", "tcp://127.0.0.1:0", None) as sockets:
        sockets.check()
        context = sockets.batches.context
        with context.socket(zmq.REQ) as request:
            request.connect("inproc://zeromq.zap.01")
            request.send(b"no request")
            with pytest.raises(WatcherEndedError, match="new readers cannot connect"):
                wait_for(sockets.check, _WITHIN_S, "the failure")
    assert context.closed
