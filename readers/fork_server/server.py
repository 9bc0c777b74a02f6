"""
Forks a reader for each request, as a child of supervisord.

1. The fork server forks a process that forks the reader and ends. The reader's parent is then the
   nearest "child subreaper", which is supervisord.
2. The fork server waits for the end of the process in between. Only then it sends the reader's
   process id to supervisord, and after that, it lets the reader go on: a reader never runs before
   supervisord is its parent, and never without supervisord being told of it.
3. If the fork server ends in between, the reader ends.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from contextlib import suppress

from readers.fork_server.new_reader import run_reader
from readers.fork_server.request import Request, receive_pid, receive_request, send_pid

_GO = b"\1"


def serve(requests: socket.socket) -> None:
    """Say that this process is ready; fork a reader for each request, until there are no more."""
    with suppress(ConnectionError):
        send_pid(requests, os.getpid())
        while received := receive_request(requests):
            _fork_reader(requests, *received)


def _fork_reader(requests: socket.socket, request: Request, descriptors: Sequence[int]) -> None:
    """Answer with the process id of a new reader; with 0 if there can be none."""
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            try:
                between = os.fork()
            except OSError:
                between = -1
            if between == 0:
                _fork_again((requests, ours), theirs, request, descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        if between > 0:
            os.waitpid(between, 0)
        try:
            pid = receive_pid(ours)
        except ConnectionError:  # one of the two forks failed
            pid = 0
        send_pid(requests, pid)
        with suppress(ConnectionError):
            ours.sendall(_GO)


def _fork_again(
    servers: Sequence[socket.socket],
    server: socket.socket,
    request: Request,
    descriptors: Sequence[int],
) -> None:
    """Fork the reader, and end this process. In the reader, close the sockets and go on."""
    try:
        if os.fork() == 0:
            for each in servers:
                each.close()
            send_pid(server, os.getpid())
            # Ctrl-C is for supervisord, as for each of its programs.
            os.setpgrp()
            may_go_on = server.recv(len(_GO))
            server.close()
            if may_go_on:
                run_reader(request, descriptors)
    finally:
        os._exit(0)
