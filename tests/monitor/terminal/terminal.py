"""A terminal with a program in it: what it shows is emulated by pyte, keys can be pressed."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyte

from tests.processes import base_environment
from tests.undertaker import forget, watch

#: The name of the emulated terminal, for curses and rich.
_NAME = "xterm-256color"


class Terminal:
    """The terminal of one program, which is *columns* wide and *lines* high."""

    def __init__(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        *,
        columns: int = 120,
        lines: int = 30,
    ) -> None:
        self._ours, self._theirs = os.openpty()
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        #: All that the program has written.
        self.written = b""
        self.resize(columns, lines)
        self.process = subprocess.Popen(
            # So that Ctrl-C reaches it.
            ["setsid", "--ctty", *arguments],
            cwd=folder,
            env=base_environment() | {"TERM": _NAME} | dict(environment),
            stdin=self._theirs,
            stdout=self._theirs,
            stderr=self._theirs,
        )
        watch(self.process.pid)

    def press(self, keys: str) -> None:
        """Type *keys*."""
        os.write(self._ours, keys.encode())

    def resize(self, columns: int, lines: int) -> None:
        """Change the size of the terminal, as a window manager does."""
        self._screen.resize(lines, columns)
        fcntl.ioctl(self._theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def settings(self) -> list[object]:
        """Return how the terminal treats keys: see termios."""
        return termios.tcgetattr(self._theirs)

    def text(self) -> str:
        """Return what the screen shows now."""
        return "\n".join(line.rstrip() for line in self._screen.display).rstrip()

    def wait(self, condition: Callable[[str], object], what: str, timeout_s: float = 30) -> str:
        """Return the text of the screen once *condition* holds for it."""
        deadline = time.monotonic() + timeout_s
        while not condition(self.text()):
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                raise TimeoutError(f"not after {timeout_s} s: {what}. The screen:\n{self.text()}")
            self._read(min(left_s, 0.2))
        return self.text()

    def wait_for(self, text: str) -> str:
        """Return the text of the screen once *text* is in it."""
        return self.wait(lambda shown: text in shown, repr(text))

    def end(self, timeout_s: float = 30) -> int:
        """Return the exit status of the program once it has ended by itself."""
        deadline = time.monotonic() + timeout_s
        while (status := self.process.poll()) is None:
            if time.monotonic() > deadline:
                raise TimeoutError(f"still runs after {timeout_s} s. The screen:\n{self.text()}")
            self._read(0.05)
        self._read(0)
        return status

    def close(self) -> None:
        """End the program, if it runs."""
        self.process.kill()
        self.process.wait()
        forget(self.process.pid)
        os.close(self._ours)
        os.close(self._theirs)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the program."""
        self.process.send_signal(number)

    def _read(self, timeout_s: float) -> None:
        while select.select([self._ours], [], [], timeout_s)[0]:
            data = os.read(self._ours, 65536)
            self.written += data
            self._stream.feed(data)
            timeout_s = 0


@contextmanager
def terminal(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
    *,
    columns: int = 120,
    lines: int = 30,
) -> Iterator[Terminal]:
    """Run *arguments* in *folder* in a terminal of its own, until the end of the block."""
    running = Terminal(arguments, environment, folder, columns=columns, lines=lines)
    try:
        yield running
    finally:
        running.close()
