"""
What supervisord loads into itself so that readers share memory (`[rpcinterface:readers]` in
supervisord.conf).

supervisord starts a program by forking itself, and the child then becomes the program. A thousand
interpreters that have each imported the same modules hold them a thousand times. So supervisord
imports a reader's modules once, and where a child is to become `python3 -m readers CHANNEL`, it
goes on in what it has instead: the memory stays shared as long as nobody changes it. To whoever
looks, it is the same process of the same name, and starts in a fraction of the time.
"""

from __future__ import annotations

# The next two are what a reader would import only while it runs.
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

from readers.__main__ import main

#: A program that becomes a reader; the channel follows.
_COMMAND = ["python3", "-m", "readers"]

Execve = Callable[[str, Sequence[str], Mapping[str, str]], object]


def extend(supervisord: Any) -> object:
    """
    Extend *supervisord* (`supervisor.supervisord.Supervisor`).

    This is a `supervisor.rpcinterface_factory`; what it returns offers no remote procedure.
    https://supervisord.org/api.html#adding-your-own-rpc-interface
    """
    # What the garbage collector looks at is changed by that, and would be copied.
    gc.collect()
    gc.freeze()
    # It finds the memory that the name of the process is in, while nobody else has moved things.
    setproctitle(" ".join(sys.orig_argv))
    options = supervisord.options
    options.execve = _reader_or(options.execve)
    return object()


def _reader_or(execve: Execve) -> Execve:
    """Return what to call in the place of *execve*, in the child of a fork."""

    def become(filename: str, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        if list(arguments[:-1]) == _COMMAND:
            _become_reader(arguments, environment)
        execve(filename, arguments, environment)

    return become


def _become_reader(arguments: Sequence[str], environment: Mapping[str, str]) -> NoReturn:
    """Do what a new interpreter would do."""
    status = 1
    try:
        _forget_supervisord(environment)
        setproctitle(" ".join(arguments))
        sys.argv = [*arguments[2:]]
        status = main()
    except SystemExit as request:
        status = _status(request)
    except BaseException:  # noqa: BLE001 - nobody else is there to tell it
        traceback.print_exc()
    finally:
        _end(status)


def _status(request: SystemExit) -> int:
    if request.code is None:
        return 0
    return request.code if isinstance(request.code, int) else 1


def _end(status: int) -> NoReturn:
    """End the process; what comes after an interpreter's own end would be supervisord's."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        # Also where supervisord was killed, and nobody takes what is written.
        os._exit(status)


def _forget_supervisord(environment: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGCHLD, signal.SIGUSR2):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # What supervisord could not write yet is in its own.
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115 - open to the end
