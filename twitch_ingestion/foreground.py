"""
Runs supervisord in the foreground until somebody ends it.

supervisord itself would restart when the terminal is closed (SIGHUP), and go on when its output has
no reader any more. Here both stop it.
"""

from __future__ import annotations

import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence

from common import exit_codes
from common.output import never_block

_POLL_MS = 200
_ASK_EVERY_S = 0.5


def print_first(text: str) -> None:
    """Print the line *text*, unless it would have to wait, as on a terminal after Ctrl-S."""
    output = select.poll()
    output.register(sys.stdout.fileno(), select.POLLOUT)
    if [ready for _, ready in output.poll(0)] == [select.POLLOUT]:
        print(text, flush=True)


def run_in_foreground(
    command: Sequence[str], environment: Mapping[str, str], text: Callable[[], str | None]
) -> int:
    """
    Run *command* until it ends; return its exit status, as a shell counts.

    SIGINT, SIGTERM, SIGHUP and a closed output stop it with SIGTERM. *text* is called until it
    returns something, which is printed.
    """
    asked = _Asked()
    # In a process group of its own, a terminal signals only this process. supervisord may lose a
    # SIGTERM that comes while it restarts because of a SIGHUP.
    with subprocess.Popen(command, env=environment, process_group=0) as process:
        # Not before: the new process would inherit an output that refuses what it cannot write.
        never_block("stdout", lambda _: b"")
        output = select.poll()
        output.register(sys.stdout.fileno(), 0)
        ask_at = time.monotonic()
        shown = None
        while process.poll() is None:
            # Closed: reported at once and again each time, whatever was registered.
            if output.poll(_POLL_MS):
                output.unregister(sys.stdout.fileno())
                asked.note()
            if asked.to_stop:
                asked.to_stop = False
                process.terminate()
            if shown is None and time.monotonic() >= ask_at:
                shown = text()
                print(shown or "", end="", flush=True)
                ask_at = time.monotonic() + _ASK_EVERY_S
    if asked.ever and process.returncode == -signal.SIGTERM:  # before it could handle the signal
        return exit_codes.OK
    return process.returncode if process.returncode >= 0 else 128 - process.returncode


class _Asked:
    """Whether somebody has asked to stop: ever, and since this was last looked at."""

    def __init__(self) -> None:
        self.ever = self.to_stop = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.note)

    def note(self, *_: object) -> None:
        self.ever = self.to_stop = True
