"""Which readers are subscribed, according to the socket's messages."""

from __future__ import annotations

import zmq

from common.frames import (
    ANNOUNCEMENT_TOPIC,
    acknowledgement_topic,
    announcement_topic,
    decode_announcement,
)
from publisher.link.listeners import Listeners
from tests.kafka.cluster import KafkaCluster
from tests.processes import StartProcess
from tests.publisher.peer import connected_reader, start_publisher

XQC = announcement_topic("xqc/00")


def test_a_reader_that_subscribes_is_returned_and_remembered() -> None:
    """Returned each time, as it may have reconnected; remembered until it unsubscribes."""
    listeners = Listeners()
    assert listeners.on_message([b"\x01" + XQC]) == XQC
    assert listeners.on_message([b"\x01" + XQC]) == XQC
    assert list(listeners.topics) == [XQC]
    assert listeners.on_message([b"\x00" + XQC]) is None
    assert not listeners.topics


def test_a_reader_that_was_not_remembered_can_unsubscribe() -> None:
    """It came when there were too many."""
    assert Listeners().on_message([b"\x00" + XQC]) is None


def test_other_subscriptions_and_garbage_are_ignored() -> None:
    """They add no listener."""
    listeners = Listeners()
    for topic in (ANNOUNCEMENT_TOPIC, acknowledgement_topic("xqc/00"), b""):
        assert listeners.on_message([b"\x01" + topic]) is None
    assert listeners.on_message([b""]) is None
    assert listeners.on_message([b"\x07" + XQC, b"more"]) is None
    assert not listeners.topics


def test_the_number_of_listeners_is_bounded() -> None:
    """Further readers receive only the announcements to all readers."""
    listeners = Listeners()
    for number in range(20_000):
        listeners.on_message([b"\x01" + announcement_topic(f"x/{number}")])
    assert len(listeners.topics) == 10_000


def test_the_session_is_announced_to_a_reader_whenever_it_connects(
    processes: StartProcess, kafka: KafkaCluster, topic: str
) -> None:
    """On its own topic, without a subscription to the announcements to all readers."""
    publisher = start_publisher(processes, kafka.bootstrap, topic)
    with connected_reader(publisher) as reader, zmq.Context() as context:
        for _ in range(3):
            with context.socket(zmq.SUB) as sub:
                sub.subscribe(XQC)
                sub.connect(publisher.acknowledgements)
                assert sub.poll(60_000), "no announcement received"
                received_topic, frame = sub.recv_multipart()
            assert received_topic == XQC
            assert decode_announcement(frame).session == reader.session
