"""A publisher that a test acts as, which accepts or refuses the keys of a reader."""

from __future__ import annotations

from pathlib import Path

import zmq

from common.curve import ReaderKeys, secure_server
from common.key_files import make_pair
from readers.link.publisher_addresses import PublisherAddress


class EncryptedPublisher:
    """The sockets of a publisher, and the one that is asked whether to admit a reader."""

    def __init__(self, folder: Path) -> None:
        """Write the keys of both sides to *folder*."""
        self._context = zmq.Context()
        self._zap = self._context.socket(zmq.REP)
        self._zap.bind("inproc://zeromq.zap.01")
        pair = make_pair(folder / "publisher.json")
        self.batches = self._context.socket(zmq.PULL)
        self.acknowledgements = self._context.socket(zmq.XPUB)
        for socket in (self.batches, self.acknowledgements):
            secure_server(socket, pair)
            socket.bind("tcp://127.0.0.1:0")
        self.address = PublisherAddress(
            self.batches.getsockopt_string(zmq.LAST_ENDPOINT),
            self.acknowledgements.getsockopt_string(zmq.LAST_ENDPOINT),
            ReaderKeys(make_pair(folder / "readers.json"), pair.public_key),
        )

    def is_asked(self) -> bool:
        """Return whether a connection waits for a reply."""
        return bool(self._zap.poll(10))

    def reply(self, status: bytes) -> None:
        """Admit the connection that waits (200), or refuse it (400)."""
        request_id = self._zap.recv_multipart()[1]
        self._zap.send_multipart([b"1.0", request_id, status, b"", b"", b""])

    def close(self) -> None:
        """Close the sockets."""
        self._context.destroy(linger=0)
