"""
SIGTERM and SIGINT as a stop request to check or to wait for; the second signal ends the process.

The end of the supervisord that started us is a stop request, too: the next supervisord starts
another publisher.
"""

from __future__ import annotations

import logging
import select
import signal
import socket
import time
from collections.abc import Callable
from types import FrameType, TracebackType

from common.supervisor_watch import supervisor_has_gone

logger = logging.getLogger(__name__)

_SIGNALS = (signal.SIGTERM, signal.SIGINT)

#: Seconds between two looks for supervisord while waiting.
_LOOK_EVERY_S = 1.0


class StopSignals:
    """While entered, the first signal requests a stop; a further one has its default effect."""

    def __init__(self, on_turn: Callable[[], None] | None = None) -> None:
        """Every loop of the publisher asks here, and every wait once a second: call *on_turn*."""
        self._on_turn = on_turn
        self._requested = False
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)

    def __enter__(self) -> StopSignals:
        # Python runs signal handlers only between bytecode instructions; this wakes a wait.
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        for number in _SIGNALS:
            signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        signal.set_wakeup_fd(-1)
        self._reader.close()
        self._writer.close()

    @property
    def requested(self) -> bool:
        """Whether a stop is requested."""
        if self._on_turn is not None:
            self._on_turn()
        if not self._requested and supervisor_has_gone():
            logger.warning(
                "supervisord has ended: stopping, because the next one starts a new publisher"
            )
            self._requested = True
        return self._requested

    def fileno(self) -> int:
        """Return a descriptor for a poller; it is readable once a signal has arrived."""
        return self._reader.fileno()

    def wait(self, timeout_s: float) -> bool:
        """Wait up to *timeout_s* for a stop request; return whether there is one."""
        deadline = time.monotonic() + timeout_s
        while not self.requested and (left_s := deadline - time.monotonic()) > 0:
            select.select([self._reader], [], [], min(left_s, _LOOK_EVERY_S))
        return self.requested

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._requested = True
        for other in _SIGNALS:
            signal.signal(other, signal.SIG_DFL)
