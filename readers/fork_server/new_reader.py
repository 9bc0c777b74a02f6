"""
What a process does between the fork and a reader's own code: it takes over what a new interpreter
would have.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Mapping, Sequence
from typing import NoReturn

from setproctitle import setproctitle

from common import exit_codes
from readers.__main__ import read
from readers.fork_server.request import COMMAND, Request
from readers.twitch.chat_host import tls_context

#: The fork server blocks these, and a new reader until it can act on them.
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)

#: The exit status of a program that could not be started, as supervisord's.
_NOT_STARTED = 127

#: The variables that say where the CA certificates are.
_CA_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


def run_reader(request: Request, descriptors: Sequence[int]) -> NoReturn:
    """Be the reader of *request* with the *descriptors* 0, 1 and 2, and end the process."""
    status = 1
    try:
        _take_descriptors(descriptors)
        _take_signals()
        _take_environment(request.environment)
        setproctitle(" ".join([*COMMAND, request.channel]))
        if request.umask is not None:
            os.umask(request.umask)
        status = read(request.channel) if _has_entered(request.directory) else _NOT_STARTED
    except SystemExit as exit_request:
        status = _status(exit_request)
    except BaseException:  # noqa: BLE001 - no caller would report it
        traceback.print_exc()
    finally:
        _end(status)


def _take_descriptors(descriptors: Sequence[int]) -> None:
    for wanted, descriptor in enumerate(descriptors):
        os.dup2(descriptor, wanted)
    for descriptor in descriptors:
        os.close(descriptor)
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115 - stays open
    errors = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.stderr = sys.__stderr__ = errors  # type: ignore[misc]  # logs go to the original stderr


def _take_signals() -> None:
    """Handle signals as a new interpreter does, but end with status 0 on SIGTERM."""
    # A signal that supervisord's parent ignored is ignored in the fork server too.
    for number in (signal.SIGHUP, signal.SIGQUIT, signal.SIGCHLD, signal.SIGUSR2):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # Until the reader has a handler of its own.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(exit_codes.OK))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)


def _take_environment(environment: Mapping[str, str]) -> None:
    if any(environment.get(name) != os.environ.get(name) for name in _CA_VARIABLES):
        tls_context.cache_clear()
    os.environ.clear()
    os.environ.update(environment)


def _has_entered(directory: str | None) -> bool:
    if directory is not None:
        try:
            os.chdir(directory)
        except OSError as error:
            print(f"supervisor: couldn't chdir to {directory}: {error}", file=sys.stderr)  # noqa: T201
            return False
    return True


def _status(request: SystemExit) -> int:
    if request.code is None:
        return 0
    return request.code if isinstance(request.code, int) else 1


def _end(status: int) -> NoReturn:
    """End the process without exit handlers, which would be those of the fork server."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        # Even if flush fails because supervisord was killed and the pipe is broken.
        os._exit(status)
