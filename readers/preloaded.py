"""
A supervisord extension that lets readers share memory (`[rpcinterface:readers]` in
supervisord.conf).

supervisord starts a program with a fork and execve. A thousand interpreters that each import the
same modules hold a thousand copies of them. So supervisord imports a reader's modules once. A child
that should execute `python3 -m readers CHANNEL` runs the reader without execve instead: a page of
memory stays shared until a process writes to it. The process has the same name as with execve, and
starts in a fraction of the time.
"""

from __future__ import annotations

# Without these two imports, each reader would import them at run time.
import concurrent.futures.thread  # noqa: F401
import encodings.idna  # noqa: F401
import gc
import os
import signal
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from setproctitle import setproctitle

from readers.__main__ import read
from readers.supervision.channel_names import channel_name

#: The command of a reader, without its channel.
_COMMAND = ["python3", "-m", "readers"]

Execve = Callable[[str, Sequence[str], Mapping[str, str]], object]

#: Returns the next signal that supervisord's handlers have queued, or None.
GetSignal = Callable[[], int | None]


def extend(supervisord: Any) -> object:
    """
    Extend *supervisord* (`supervisor.supervisord.Supervisor`).

    This is a `supervisor.rpcinterface_factory`. It returns an object without remote procedures.
    https://supervisord.org/api.html#adding-your-own-rpc-interface
    """
    # The garbage collector writes to the objects that it visits: their memory would be copied.
    gc.collect()
    gc.freeze()
    # The first call finds where the process name is in memory. Later, it may have moved.
    setproctitle(" ".join(sys.orig_argv))
    options = supervisord.options
    options.execve = _reader_or(options.execve, options.get_signal)
    return object()


def _reader_or(execve: Execve, get_signal: GetSignal) -> Execve:
    """Return a replacement for *execve* in the child of a fork."""

    def become(filename: str, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        if channel := _channel(arguments):
            become_reader(channel, environment, get_signal)
        execve(filename, arguments, environment)

    return become


def _channel(arguments: Sequence[str]) -> str | None:
    """Return the channel if *arguments* are the command of a reader."""
    # Not with argparse, which would cost each reader 0.3 MiB of memory that it shares until then.
    if list(arguments[:-1]) != _COMMAND:
        return None
    try:
        return channel_name(arguments[-1])
    except ValueError:
        return None  # the command says what is wrong


def become_reader(channel: str, environment: Mapping[str, str], get_signal: GetSignal) -> NoReturn:
    """
    Run the reader of *channel* as a new interpreter would, and end the process.

    A SIGTERM that came since the fork is in the queue of supervisord's own handler, which
    *get_signal* reads. Nobody else would act on it.
    """
    status = 1
    try:
        _forget_supervisord(environment)
        if signal.SIGTERM in iter(get_signal, None):
            sys.exit(0)
        setproctitle(" ".join([*_COMMAND, channel]))
        status = read(channel)
    except SystemExit as request:
        status = _status(request)
    except BaseException:  # noqa: BLE001 - no caller would report it
        traceback.print_exc()
    finally:
        _end(status)


def _status(request: SystemExit) -> int:
    if request.code is None:
        return 0
    return request.code if isinstance(request.code, int) else 1


def _end(status: int) -> NoReturn:
    """End the process without exit handlers, which would be those of supervisord."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        # Even if flush fails because supervisord was killed and the pipe is broken.
        os._exit(status)


def _forget_supervisord(environment: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGCHLD, signal.SIGUSR2):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # The inherited objects may hold output that supervisord has not written yet. If its own stderr
    # is closed, there is not even an object.
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115 - stays open
    errors = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.stderr = sys.__stderr__ = errors  # type: ignore[misc]  # logs go to the original stderr
