"""A TCP server that gives the same answer to everybody, whatever they ask."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from common.web_address import WebAddress


@dataclass
class Answering:
    """Where the server is, and the requests that it has received."""

    address: WebAddress
    requests: list[bytes] = field(default_factory=list)


@contextmanager
def answering(
    answer: bytes, *, byte_every_s: float = 0, hangs: bool = False
) -> Iterator[Answering]:
    """
    Answer each connection with *answer*, after its request.

    With *byte_every_s*, one byte is sent at a time, for ever. With *hangs*, nothing is sent.
    """
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Answering(WebAddress("127.0.0.1", listener.getsockname()[1]))

        def serve() -> None:
            while not over.is_set():
                connection, _ = listener.accept()
                with connection, suppress(OSError):
                    if request := connection.recv(65536):
                        server.requests.append(request)
                    if hangs:
                        over.wait(30)
                    if not byte_every_s:
                        connection.sendall(answer)
                    while byte_every_s and not over.wait(byte_every_s):
                        connection.sendall(b"x")

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server
        finally:
            over.set()
            with suppress(OSError):
                socket.create_connection(listener.getsockname()).close()
            thread.join()


def response(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """Return an HTTP response with *body*, and with *headers* besides its length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body
