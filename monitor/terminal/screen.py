"""
The terminal while `top` has it: keys arrive at once, and what was there before comes back.

Signals arrive as bytes of a pipe, so that one place waits for keys, signals and news.
"""

from __future__ import annotations

import os
import select
import signal
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType

from rich.console import Console, Group
from rich.text import Text

#: The descriptor of the terminal's keys: standard input.
KEYBOARD = 0

#: They end the process; SIGINT is Ctrl-C.
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)

_HANDLED = (*ENDING, signal.SIGTSTP, signal.SIGCONT, signal.SIGWINCH)

#: A byte that is no signal's number.
_NEWS = b"\x00"


class Wakeups:
    """A pipe with a byte for each signal, and for each time that there is something new."""

    def __init__(self) -> None:
        self.reading, self._writing = os.pipe()
        os.set_blocking(self.reading, False)
        os.set_blocking(self._writing, False)

    @contextmanager
    def of_signals(self) -> Iterator[None]:
        """Get a byte for each signal that concerns a terminal, in place of what it does."""
        # Ignored before, as SIGHUP is under nohup: then it stays so.
        numbers = [n for n in _HANDLED if signal.getsignal(n) is not signal.SIG_IGN]
        before = {number: signal.signal(number, lambda *_: None) for number in numbers}
        descriptor = signal.set_wakeup_fd(self._writing, warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(descriptor)
            for number, handler in before.items():
                signal.signal(number, handler)

    def tell(self) -> None:
        """Say that there is something new."""
        with suppress(BlockingIOError):
            os.write(self._writing, _NEWS)

    def signals(self) -> list[int]:
        """Return the numbers of the signals since the last call."""
        try:
            return [byte for byte in os.read(self.reading, 4096) if byte]
        except BlockingIOError:
            return []


class Screen:
    """The whole terminal, within a `with` statement."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._before = termios.tcgetattr(KEYBOARD)

    def __enter__(self) -> Screen:
        """Take the terminal."""
        tty.setcbreak(KEYBOARD)
        self._console.set_alt_screen(True)
        self._console.show_cursor(False)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Give the terminal back as it was."""
        # It may be gone.
        with suppress(OSError, termios.error):
            self._console.show_cursor(True)
            self._console.set_alt_screen(False)
        with suppress(termios.error):
            termios.tcsetattr(KEYBOARD, termios.TCSADRAIN, self._before)

    def size(self) -> tuple[int, int]:
        """Return the width and height in characters."""
        return self._console.size

    def show(self, lines: list[Text]) -> None:
        """Replace what is on the screen by *lines*."""
        self._console.update_screen(Group(*lines))

    def wait(self, wakeups: Wakeups) -> bytes:
        """Wait for a key or for *wakeups*, and return what was typed. Raises OSError, EOFError."""
        ready, _, _ = select.select([KEYBOARD, wakeups.reading], [], [])
        if KEYBOARD not in ready:
            return b""
        if typed := os.read(KEYBOARD, 4096):
            return typed
        raise EOFError

    def stop(self) -> None:
        """Give the terminal back, and stop until somebody continues the process, as Ctrl-Z does."""
        self.__exit__(None, None, None)
        os.kill(os.getpid(), signal.SIGSTOP)
        self.__enter__()
