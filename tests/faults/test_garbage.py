"""Garbage is sent to the publisher's sockets, between the readers' batches."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Iterator

import pytest
import zmq

from common.frames import Batch, Envelope, Kind, Record, encode_frame
from tests.faults.conftest import Conclude, Extent
from tests.faults.stage import Stage
from tests.processes import wait_for_line

_BATCH = encode_frame(Batch(Kind.CHAT, [Record(b"1", 1, b"{}")]))


@pytest.fixture
def push(stage: Stage) -> Iterator[zmq.Socket[bytes]]:
    """Yield a socket that is connected to the publisher's socket for batches."""
    context = zmq.Context()
    with context.socket(zmq.PUSH) as sender:
        sender.setsockopt(zmq.LINGER, 0)
        sender.setsockopt(zmq.SNDTIMEO, 10_000)
        sender.connect(stage.environment["PUBLISHER_ENDPOINT"])
        yield sender
    context.term()


def _garbage(rng: random.Random) -> list[bytes]:
    envelope = encode_frame(Envelope("xqc/garbage", rng.randrange(1 << 63), 1, 1))
    junk = rng.randbytes(rng.randrange(2000))
    return rng.choice([[junk], [b""], [envelope], [junk, _BATCH], [envelope, junk], [junk] * 3])


def _send_junk_to(endpoint: str, rng: random.Random) -> None:
    host, port = endpoint.removeprefix("tcp://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as stray:
        stray.sendall(rng.randbytes(1000))


def test_garbage_is_sent_to_the_publisher(
    stage: Stage,
    push: zmq.Socket[bytes],
    extent: Extent,
    rng: random.Random,
    conclude: Conclude,
) -> None:
    """It is dropped, and readers are not affected."""
    rounds = extent.rounds(quick=5)
    stage.start()
    with stage.speaker.speaking(200):
        for _ in range(rounds):
            for _ in range(20):
                push.send_multipart(_garbage(rng))
            for name in ("PUBLISHER_ENDPOINT", "PUBLISHER_ACK_ENDPOINT"):
                _send_junk_to(stage.environment[name], rng)
            time.sleep(rng.uniform(0, 0.5))
        wait_for_line(stage.publisher, "dropped an invalid message", 60)
    conclude(stage, "garbage sent to the publisher", rounds=rounds)
