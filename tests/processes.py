"""Starts real programs for the tests, shows what they print while they run, and ends them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

from tests.process_table import kill_session
from tests.undertaker import forget, watch

REPOSITORY = Path(__file__).parent.parent

_POLL_S = 0.01
_T = TypeVar("_T")


class Process:
    """A running program in a session of its own, its output (both streams) in a file."""

    def __init__(
        self, arguments: Sequence[str], *, environment: Mapping[str, str], folder: Path
    ) -> None:
        """Start *arguments* in *folder* with `base_environment` and *environment* over it."""
        self.arguments = list(arguments)
        descriptor, name = tempfile.mkstemp(prefix="output-", dir=folder)
        self.output_file = Path(name)
        with os.fdopen(descriptor, "wb") as output:
            self._popen = subprocess.Popen(
                self.arguments,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env=base_environment() | dict(environment),
                start_new_session=True,
            )
        watch(self.pid)

    @property
    def pid(self) -> int:
        """The process id, which is the id of its session too."""
        return self._popen.pid

    @property
    def status(self) -> int | None:
        """The exit status, None while it runs, minus the signal's number if one ended it."""
        return self._popen.poll()

    def output(self) -> str:
        """Return what the program has printed so far."""
        return self.output_file.read_text("utf-8", "replace")

    def tail(self) -> str:
        """Return how the program is doing and the end of its output, for an error's text."""
        state = "still runs" if self.status is None else f"ended with status {self.status}"
        lines = "\n".join(self.output().splitlines()[-30:])
        return f"{' '.join(self.arguments)[-200:]} {state}; its output ends:\n{lines}"

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the program, not to what it has started."""
        self._popen.send_signal(number)

    def wait(self, timeout_s: float) -> int:
        """Return the exit status; raises TimeoutError when the program runs past *timeout_s*."""
        try:
            return self._popen.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"not ended after {timeout_s} s: {self.tail()}") from None

    def stop(self, number: signal.Signals = signal.SIGTERM, timeout_s: float = 30) -> int:
        """Send *number* and return the exit status; raises TimeoutError after *timeout_s*."""
        self.send(number)
        return self.wait(timeout_s)

    def kill(self) -> None:
        """End the program and all it has started, at once (SIGKILL)."""
        self._popen.kill()
        kill_session(self.pid)
        self._popen.wait()
        forget(self.pid)


class StartProcess(Protocol):
    """How a test starts a program: see the fixture `processes`."""

    def __call__(
        self, arguments: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> Process:
        """Start *arguments* with *environment* over `base_environment`."""


@contextmanager
def started_processes(folder: Path) -> Iterator[StartProcess]:
    """Give a function that starts programs in *folder*; all of them are killed at the end."""
    started: list[Process] = []

    def start(arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> Process:
        process = Process(arguments, environment=environment or {}, folder=folder)
        started.append(process)
        return process

    try:
        yield start
    finally:
        for process in started:
            process.kill()
            # pytest shows it beside a failed test; benchmarks print their figures to stdout.
            print(process.tail(), file=sys.stderr)  # noqa: T201


def let_programs_be_interrupted() -> None:
    """Have programs end on SIGINT and SIGHUP where this process ignores them, and still does.

    A run in the background or under nohup ignores them, and programs would inherit that. They do
    not inherit a handler.
    """
    for number in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


def base_environment() -> dict[str, str]:
    """Return what every program needs, and nothing of the desk's own settings."""
    environment = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}
    # Programs that a supervisor starts as "python" are to be those of this environment.
    environment["PATH"] = f"{Path(sys.executable).parent}:{os.environ.get('PATH', os.defpath)}"
    environment["PYTHONPATH"] = str(REPOSITORY)
    environment["PYTHONUNBUFFERED"] = "1"
    # Many services run at the same time: each monitor takes a port that is free.
    environment["MONITOR_BIND"] = "127.0.0.1:0"
    return environment


def run_to_end(
    arguments: Sequence[str | Path], folder: Path, timeout_s: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run *arguments* in *folder* with `base_environment`, and return how it ended."""
    return subprocess.run(
        arguments,
        cwd=folder,
        env=base_environment(),
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def python_module(module: str, *arguments: str) -> list[str]:
    """Return the command that runs `python -m module arguments` with this interpreter."""
    return [sys.executable, "-m", module, *arguments]


def wait_for(condition: Callable[[], _T | None], timeout_s: float, what: str) -> _T:
    """Return the first true result of *condition*; raises TimeoutError after *timeout_s*."""
    deadline = time.monotonic() + timeout_s
    while True:
        if result := condition():
            return result
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {timeout_s} s for {what}")
        time.sleep(_POLL_S)


def wait_for_line(process: Process, pattern: str, timeout_s: float) -> re.Match[str]:
    """Return the first match of the regular expression *pattern* in what *process* prints.

    `^` and `$` match at lines. Raises TimeoutError after *timeout_s*, and RuntimeError as soon as
    the process has ended without it; both show the end of the output.
    """
    expression = re.compile(pattern, re.MULTILINE)

    def match() -> re.Match[str] | None:
        ended = process.status is not None  # asked first: what it printed last is then complete
        found = expression.search(process.output())
        if ended and found is None:
            raise RuntimeError(f"no {pattern!r} came: {process.tail()}")
        return found

    try:
        return wait_for(match, timeout_s, pattern)
    except TimeoutError:
        raise TimeoutError(f"no {pattern!r} in {timeout_s} s: {process.tail()}") from None
