"""How the publisher's loop sends held acknowledgements, with a sink that confirms at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest
import zmq

from common.frames import Batch
from publisher.delivery.sink import Sink
from publisher.kafka.health import KafkaHealth
from publisher.link.sequence import Delivery, ReceivingLink
from publisher.link.sockets import LinkSockets
from publisher.session import Session
from publisher.stop_signals import StopSignals
from tests.processes import Process, wait_for
from tests.publisher.books import new_books
from tests.publisher.peer import READER, Publisher, Reader, chat

_WITHIN_S = 60
_NEVER_S = 10_000.0


class ConfirmingSink(Sink):
    """A sink without Kafka, which confirms what it takes."""

    def __init__(self) -> None:
        self.confirmations = 0
        self.failure = None
        self.taken: list[Batch] = []

    @property
    def unconfirmed(self) -> int:
        """Nothing."""
        return 0

    @property
    def is_full(self) -> bool:
        """Never."""
        return False

    def take(self, delivery: Delivery, batch: Batch) -> None:
        """Confirm a batch."""
        delivery.confirm()
        self.taken.append(batch)

    def proceed(self) -> None:
        """Do nothing."""

    def poll(self, timeout_s: float) -> None:
        """Do nothing."""

    def flush(self, timeout_s: float) -> None:
        """Do nothing."""


class Stop(StopSignals):
    """Requests to stop that come from the test."""

    def request(self) -> None:
        """Request to stop."""
        self._requested = True
        self._writer.send(b"\0")


@dataclass
class Loop:
    """A running loop, its sink, and a reader that is connected to it."""

    sink: ConfirmingSink
    reader: Reader
    stop: Stop
    thread: threading.Thread

    def end(self) -> None:
        """Have the loop end."""
        self.stop.request()
        self.thread.join(_WITHIN_S)
        assert not self.thread.is_alive()


@pytest.fixture
def no_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a loop do nothing every second."""
    monkeypatch.setattr("publisher.session._TICK_S", _NEVER_S)


@pytest.fixture
def loop(
    sockets: LinkSockets, context: zmq.Context[zmq.Socket[bytes]], tmp_path: Path
) -> Iterator[Loop]:
    """Return a publisher's loop that runs in a thread."""
    sink = ConfirmingSink()
    stop = Stop()
    with stop, new_books(tmp_path) as books:
        session = Session(
            ReceivingLink(7),
            sink,
            sockets=sockets,
            stop=stop,
            books=books,
            health=KafkaHealth("nowhere:9092"),
            deduplication=None,
            takes_events=True,
            find_stall=lambda: "",
        )
        addresses = sockets.batches_endpoint, sockets.acknowledgements_endpoint
        reader = Reader(context, Publisher(cast("Process", None), *addresses), READER)
        loop = Loop(sink, reader, stop, threading.Thread(target=session.run, daemon=True))
        loop.thread.start()
        try:
            reader.wait_for_session()
            yield loop
        finally:
            loop.end()


@pytest.fixture
def holding(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> Loop:
    """Return the loop when it has acknowledged record 1, and holds what follows for ever."""
    monkeypatch.setattr("publisher.link.acknowledgement_schedule.HELD_S", _NEVER_S)
    loop.reader.send(chat(1, 1), 1)
    loop.reader.wait_for_acknowledgement(1)
    return loop


@pytest.mark.usefixtures("no_ticks")
def test_a_held_acknowledgement_wakes_up_an_idle_loop(loop: Loop) -> None:
    """Nothing else does."""
    for seq in (1, 2):
        loop.reader.send(chat(seq, 1), seq)
        loop.reader.wait_for_acknowledgement(seq)


def test_the_end_of_a_session_sends_what_is_held(holding: Loop) -> None:
    """In the next session, its reader would send it again."""
    holding.reader.send(chat(2, 1), 2)
    wait_for(lambda: len(holding.sink.taken) == 2, _WITHIN_S, "the second batch")
    holding.end()
    holding.reader.wait_for_acknowledgement(2)


def test_what_is_sent_again_is_acknowledged_at_once(holding: Loop) -> None:
    """Its reader has connected again, and does not know what is held for it."""
    for _ in range(2):
        holding.reader.send(chat(2, 1), 2)
    holding.reader.wait_for_acknowledgement(2)


def test_an_acknowledgement_that_is_awaited_is_sent_at_once(holding: Loop) -> None:
    """A reader that stops would wait for it, and a drained outbox."""
    holding.reader.send(chat(2, 1), 2)
    holding.reader.send(chat(3, 1), 3, is_awaited=True)
    holding.reader.wait_for_acknowledgement(3)


def test_acknowledgements_say_when_each_record_was_confirmed(loop: Loop) -> None:
    """In microseconds, ascending, and up to the last record."""
    began_us = time.time_ns() // 1000
    for seq in range(1, 51):
        loop.reader.send(chat(seq, 1), seq)
    loop.reader.wait_for_acknowledgement(50)
    confirmed = [part for each in loop.reader.acknowledgements for part in each.confirmed]
    assert confirmed == sorted(confirmed)
    assert confirmed[-1][0] == 50
    assert began_us <= confirmed[0][1] <= confirmed[-1][1] <= time.time_ns() // 1000
