"""Readers' ends of an encrypted link: admitted readers, and peers that must be refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import zmq

from common.curve import ReaderKeys, secure_client
from common.key_files import PUBLISHER_PAIR, READERS_PAIR, authorize, make_pair
from tests.publisher.peer import Publisher, Reader


class Hosts:
    """A publisher's keys in *state*, and the keys of any number of readers' hosts."""

    def __init__(self, state: Path, folder: Path) -> None:
        self.keys = state / "keys"
        self._folder = folder
        self.public_key = make_pair(self.keys / PUBLISHER_PAIR).public_key

    def host(self, name: str) -> ReaderKeys:
        """Return the keys of the host *name*, which is not admitted yet."""
        return ReaderKeys(make_pair(self._folder / name / READERS_PAIR), self.public_key)

    def admit(self, name: str) -> ReaderKeys:
        """Admit the host *name*, and return its keys."""
        keys = self.host(name)
        authorize(self.keys, name, keys.pair.public_key)
        return keys

    def revoke(self, name: str) -> None:
        """Revoke the key of the host *name*."""
        (self.keys / "authorized" / f"{name}.json").unlink()


class Listener(Reader):
    """A reader that counts what it receives."""

    def received(self) -> int:
        """Return how many messages have arrived since the last call."""
        count = 0
        while self._sub.poll(0):
            self._sub.recv_multipart()
            count += 1
        return count

    def wait_for_two_announcements(self) -> None:
        """Wait until every subscriber must have received what the publisher has sent so far."""
        self.received()
        for _ in range(2):
            self.wait_for_session()


@contextmanager
def reader_with(publisher: Publisher, keys: ReaderKeys | None, name: str) -> Iterator[Listener]:
    """Yield a reader that knows the publisher's session."""
    context = zmq.Context()
    try:
        reader = Listener(context, publisher, name, keys)
        reader.wait_for_session()
        yield reader
    finally:
        context.destroy(linger=0)


@contextmanager
def stranger(publisher: Publisher, keys: ReaderKeys | None) -> Iterator[Stranger]:
    """Yield a peer that is not admitted."""
    context = zmq.Context()
    try:
        peer = Stranger(context, publisher, keys)
        yield peer
    finally:
        context.destroy(linger=0)


def connect_and_be_refused(publisher: Publisher, keys: ReaderKeys, timeout_s: float) -> None:
    """Connect once to the socket for batches, and wait until the handshake is refused."""
    context = zmq.Context()
    try:
        push = context.socket(zmq.PUSH)
        secure_client(push, keys)
        monitor = push.get_monitor_socket(zmq.Event.HANDSHAKE_FAILED_AUTH)
        push.connect(publisher.batches)
        if not monitor.poll(int(timeout_s * 1000)):
            raise TimeoutError(f"not refused in {timeout_s} s")
    finally:
        context.destroy(linger=0)


class Stranger(Listener):
    """A peer that sends anything, and subscribes to everything."""

    def __init__(
        self,
        context: zmq.Context[zmq.Socket[bytes]],
        publisher: Publisher,
        keys: ReaderKeys | None,
    ) -> None:
        super().__init__(context, publisher, "stranger/00", keys)
        self._sub.subscribe(b"")

    def send_frames(self, frames: Sequence[bytes]) -> None:
        """Send *frames*, unless ZeroMQ knows already that the connection was refused."""
        with suppress(zmq.Again):
            self._push.send_multipart(frames, zmq.NOBLOCK)
