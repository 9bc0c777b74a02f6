"""
SIGTERM and SIGINT as something to look at and to wait for; the second one ends the process.

So does the end of the supervisord that started us: its successor starts another publisher.
"""

from __future__ import annotations

import logging
import select
import signal
import socket
from types import FrameType, TracebackType

from common.supervisor_watch import supervisor_has_gone

logger = logging.getLogger(__name__)

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class StopSignals:
    """While entered, the first of the signals is noted and any further one does what it used to."""

    def __init__(self) -> None:
        self._noted = False
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)

    def __enter__(self) -> StopSignals:
        # Python's own handlers only run between two of its instructions; this wakes a wait.
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        for number in _SIGNALS:
            signal.signal(number, self._note)
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
        """Whether we are to stop."""
        if not self._noted and supervisor_has_gone():
            logger.warning("supervisord has gone: stopping, as its successor starts another one")
            self._noted = True
        return self._noted

    def fileno(self) -> int:
        """Return the descriptor that is readable once a signal has come, for a poller."""
        return self._reader.fileno()

    def wait(self, timeout_s: float) -> bool:
        """Return whether a signal has come, which is waited for at most *timeout_s*."""
        if not self.requested:
            select.select([self._reader], [], [], timeout_s)
        return self.requested

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self._noted = True
        for other in _SIGNALS:
            signal.signal(other, signal.SIG_DFL)
