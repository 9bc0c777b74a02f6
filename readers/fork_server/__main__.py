"""`python -m readers.fork_server DESCRIPTOR`: fork readers as the socket DESCRIPTOR asks for."""

from __future__ import annotations

import os
import signal
import socket
import sys

from setproctitle import setproctitle

from readers.fork_server.new_reader import STOP_SIGNALS
from readers.fork_server.preload import preload
from readers.fork_server.server import serve


def main() -> None:
    """Serve until supervisord has closed its end of the socket."""
    # It ends with supervisord, and not on a signal that others get too. They are blocked, and not
    # ignored: one that a new reader gets before it can act on it must wait there.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    _open_standard_streams()
    # The first call finds where the process name is in memory. Later, it may have moved.
    setproctitle("python3 -m readers.fork_server")
    preload()
    serve(socket.socket(fileno=int(sys.argv[1])))


def _open_standard_streams() -> None:
    """Open those that are closed: a reader's pipe must not get a number that it is to be given."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)


if __name__ == "__main__":
    main()
