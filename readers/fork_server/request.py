"""
What supervisord asks the fork server for, and how both send it: a length of four bytes, with the
new reader's descriptors (SCM_RIGHTS, unix(7)), then JSON. The answer is a process id. Before all
requests, the fork server sends its own: it is ready.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from dataclasses import dataclass

#: The command of a reader, without its channel.
COMMAND = ("python3", "-m", "readers")

_LENGTH_BYTES = 4
_DESCRIPTORS = 3
_PID_BYTES = 4


@dataclass(frozen=True)
class Request:
    """A reader to fork."""

    channel: str
    #: All of it: nothing is inherited.
    environment: dict[str, str]
    #: None to inherit supervisord's.
    directory: str | None
    umask: int | None


def send_request(to: socket.socket, request: Request, descriptors: Sequence[int]) -> None:
    """Send *request*, and copies of the reader's stdin, stdout and stderr. Raises OSError."""
    # json keeps bytes that are not UTF-8: os.environ has a lone surrogate for each.
    body = json.dumps(vars(request)).encode()
    socket.send_fds(to, [len(body).to_bytes(_LENGTH_BYTES, "big")], descriptors)
    to.sendall(body)


def receive_request(source: socket.socket) -> tuple[Request, list[int]] | None:
    """Wait for a request; return it with its descriptors, or None once the other end is closed."""
    length, descriptors, _, _ = socket.recv_fds(source, _LENGTH_BYTES, _DESCRIPTORS)
    body = source.recv(int.from_bytes(length, "big"), socket.MSG_WAITALL) if length else b""
    return (Request(**json.loads(body)), descriptors) if body else None


def send_pid(to: socket.socket, pid: int) -> None:
    """Send *pid*; 0 if there is no process. Raises OSError."""
    to.sendall(pid.to_bytes(_PID_BYTES, "big"))


def receive_pid(source: socket.socket) -> int:
    """Wait for a process id, and return it. Raises ConnectionError if the other end is closed."""
    if pid := source.recv(_PID_BYTES):
        return int.from_bytes(pid, "big")
    raise ConnectionError("it has ended")
