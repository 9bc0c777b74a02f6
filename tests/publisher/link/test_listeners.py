"""Who listens, by what the socket says."""

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


def test_a_reader_that_subscribes_is_told_of_and_remembered() -> None:
    """Each time, as it may have connected again; until it has gone."""
    listeners = Listeners()
    assert listeners.on_message([b"\x01" + XQC]) == XQC
    assert listeners.on_message([b"\x01" + XQC]) == XQC
    assert list(listeners.topics) == [XQC]
    assert listeners.on_message([b"\x00" + XQC]) is None
    assert not listeners.topics


def test_other_subscriptions_and_garbage_are_passed_over() -> None:
    """They make nobody a listener."""
    listeners = Listeners()
    for topic in (ANNOUNCEMENT_TOPIC, acknowledgement_topic("xqc/00"), b""):
        assert listeners.on_message([b"\x01" + topic]) is None
    assert listeners.on_message([b""]) is None
    assert listeners.on_message([b"\x07" + XQC, b"more"]) is None
    assert not listeners.topics


def test_the_number_of_listeners_is_bounded() -> None:
    """Whoever comes after that hears what all are told."""
    listeners = Listeners()
    for number in range(20_000):
        listeners.on_message([b"\x01" + announcement_topic(f"x/{number}")])
    assert len(listeners.topics) == 10_000


def test_a_reader_is_told_of_the_session_whenever_it_connects(
    processes: StartProcess, kafka: KafkaCluster, topic: str
) -> None:
    """It alone, and without listening to what all are told."""
    publisher = start_publisher(processes, kafka.bootstrap, topic)
    with connected_reader(publisher) as reader, zmq.Context() as context:
        for _ in range(3):
            with context.socket(zmq.SUB) as ear:
                ear.subscribe(XQC)
                ear.connect(publisher.acknowledgements)
                assert ear.poll(10_000), "nothing was said"
                told, frame = ear.recv_multipart()
            assert told == XQC
            assert decode_announcement(frame).session == reader.session
