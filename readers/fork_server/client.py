"""supervisord's side of the fork server: starts it, asks it for readers, and replaces it."""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from readers.fork_server.request import Request, receive_pid, send_request

#: Seconds in which the fork server has to be ready. Its imports and rehearsals take one second of
#: processor time; a host that starts everything at once may give it little.
READY_WITHIN_S = 60.0

#: Seconds in which it has to answer a request then.
ANSWER_WITHIN_S = 15.0

#: Seconds without a fork server after one that did not work: supervisord has waited in vain.
TRY_AGAIN_AFTER_S = 60.0

#: Seconds in which it ends once its socket is closed, or once it is killed.
_END_WITHIN_S = 5.0
_LOOK_EVERY_S = 0.002


def without_it(reason: str) -> str:
    """Return what is logged when readers are started without the fork server."""
    return f"readers start without the fork server and share no memory: {reason}"


class ForkServer:
    """A fork server, or the next one if it has ended."""

    def __init__(self, warn: Callable[[str], object]) -> None:
        """*warn* logs what goes wrong."""
        self._warn = warn
        #: 0 while there is none.
        self._pid = 0
        self._socket: socket.socket | None = None
        #: Until when it has to be ready; None if it is, or if there is none.
        self._ready_by: float | None = None
        self._not_before = float("-inf")

    def is_starting(self) -> bool:
        """
        Return whether a fork server will be ready soon. Starts one if there is none.

        Does not wait. `fork` does not either once this returns False.
        """
        if time.monotonic() < self._not_before:
            return False
        try:
            connection = self._socket or self._start()
            if self._ready_by is None:
                return False
            is_silent = not select.select([connection], [], [], 0)[0]
            if is_silent and time.monotonic() < self._ready_by:
                return True
            self._wait_until_ready(connection)
        except OSError as error:
            self._discard()
            self._give_up(error)
        return False

    def fileno(self) -> int:
        """Return the descriptor that becomes readable when one that `is_starting` is ready."""
        return self._socket.fileno() if self._socket else -1

    def fork(self, request: Request, descriptors: Sequence[int]) -> int | None:
        """
        Return the process id of a new reader, a child of this process.

        None if the fork server cannot do it. The reason is logged once.
        """
        if time.monotonic() < self._not_before:
            return None
        try:
            try:
                return self._ask(request, descriptors)
            except ConnectionError:  # somebody has killed it
                self._discard()
                return self._ask(request, descriptors)
        except OSError as error:
            # A reader that it has told us of goes on, or ends and is restarted.
            if pid := self._discard():
                return pid
            self._give_up(error)
            return None

    def notice_end(self, pid: int, status: int) -> None:
        """Replace the fork server by another one if the child *pid* that was reaped was it."""
        if pid != self._pid:
            return
        self._pid = 0
        self._close()
        self._warn(
            f"the fork server has ended ({os.waitstatus_to_exitcode(status)}); "
            "the next reader starts another one"
        )

    def stop(self) -> None:
        """End the fork server, and start no other one."""
        self._not_before = float("inf")
        self._close()
        self._reap()
        self._discard()

    def _ask(self, request: Request, descriptors: Sequence[int]) -> int:
        """Raises OSError. It is a ConnectionError if the fork server has ended."""
        connection = self._socket or self._start()
        self._wait_until_ready(connection)
        send_request(connection, request, descriptors)
        if pid := receive_pid(connection):
            return pid
        raise OSError("it cannot fork")

    def _wait_until_ready(self, connection: socket.socket) -> None:
        """Raises OSError."""
        if self._ready_by is not None:
            connection.settimeout(max(0.0, self._ready_by - time.monotonic()))
            receive_pid(connection)
            connection.settimeout(ANSWER_WITHIN_S)
            self._ready_by = None

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        with theirs:
            self._socket = ours
            self._ready_by = time.monotonic() + READY_WITHIN_S
            theirs.set_inheritable(True)
            # -P: it imports what supervisord would, also if other code is in the current folder.
            module = ["-P", "-m", "readers.fork_server", str(theirs.fileno())]
            # In a process group of its own, as programs are: Ctrl-C is for supervisord.
            self._pid = os.posix_spawn(
                sys.executable, [sys.executable, *module], os.environ, setpgroup=0
            )
        return ours

    def _discard(self) -> int:
        """Kill the fork server; return the process id in an answer that came too late, or 0."""
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)
            self._reap()
        pid = 0
        if self._socket and self._ready_by is None:
            self._socket.settimeout(0)
            with suppress(OSError):
                pid = receive_pid(self._socket)
        self._close()
        return pid

    def _reap(self) -> None:
        deadline = time.monotonic() + _END_WITHIN_S
        while self._pid and time.monotonic() < deadline:
            if os.waitpid(self._pid, os.WNOHANG)[0]:
                self._pid = 0
            else:
                time.sleep(_LOOK_EVERY_S)

    def _close(self) -> None:
        if self._socket:
            self._socket.close()
            self._socket = None
        self._ready_by = None

    def _give_up(self, error: OSError) -> None:
        self._close()
        is_silent = isinstance(error, TimeoutError | BlockingIOError)
        reason = "it did not answer" if is_silent else str(error)
        self._not_before = time.monotonic() + TRY_AGAIN_AFTER_S
        self._warn(without_it(reason))
