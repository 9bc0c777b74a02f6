"""Helpers for the exactly-once tests: start a publisher, drive readers, read committed seqs."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping

from common.frames import encode_frame
from publisher.link.sequence import Position
from tests.link.model import ModelReader
from tests.processes import StartProcess
from tests.publisher.peer import Publisher, Reader, chat, start_publisher
from tests.topics import read_all

_SETTLE_WITHIN_S = 30


def start_exactly_once(
    processes: StartProcess, brokers: str, topic: str, settings: Mapping[str, str] | None = None
) -> Publisher:
    """Start a publisher that delivers exactly once; its transactional.id is *topic*."""
    return start_publisher(
        processes,
        brokers,
        topic,
        {
            "DELIVERY": "exactly-once",
            "KAFKA_TOPIC_PROGRESS": f"{topic}-progress",
            "KAFKA_TRANSACTIONAL_ID": topic,
            **(settings or {}),
        },
    )


def committed(brokers: str, topic: str, reader: str = "") -> list[int]:
    """Return the committed seqs in *topic*, of one *reader* or of all, in order."""
    records = read_all(brokers, topic, timeout_s=30, isolation="read_committed")
    return [
        int(record.headers["seq"])
        for record in records
        if record.headers["reader"].decode().startswith(reader)
    ]


class PersistentReader:
    """A reader that stays while publishers are replaced."""

    def __init__(self, name: str) -> None:
        self.model = ModelReader(name)
        self._peer: Reader | None = None

    def connect(self, peer: Reader) -> None:
        """Continue with the publisher that *peer* is connected to."""
        self._peer = peer
        self.model.link.on_announcement(peer.session, time.monotonic())

    def exchange(self) -> None:
        """Process received acknowledgements, then send what may be sent."""
        assert self._peer
        received = self._peer.receive_acknowledgements()
        self.model.link.on_announcement(self._peer.session, time.monotonic())
        for acknowledgement in received:
            position = Position(acknowledgement.seq, acknowledgement.incarnation)
            assert self.model.may_have_given(position)
            self.model.on_acknowledgement(self._peer.session, position, time.monotonic())
        while (message := self.model.next_message(time.monotonic())) is not None:
            envelope, count = message
            self._peer.send_frames(
                [encode_frame(envelope), encode_frame(chat(envelope.first_seq, count))]
            )


def settle(readers: Iterable[PersistentReader]) -> None:
    """Return once all batches of *readers* are acknowledged. Raises TimeoutError after 30 s."""
    waiting = list(readers)
    deadline = time.monotonic() + _SETTLE_WITHIN_S
    while waiting := [reader for reader in waiting if reader.model.batches]:
        if time.monotonic() > deadline:
            left = {reader.model.name: reader.model.batches for reader in waiting}
            raise TimeoutError(f"not acknowledged in {_SETTLE_WITHIN_S} s: {left}")
        for reader in waiting:
            reader.exchange()
