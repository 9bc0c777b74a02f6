"""
A supervisord extension that lets readers share memory (`[rpcinterface:readers]` in
supervisord.conf).

supervisord starts a program with a fork and execve. A thousand interpreters that each import the
same modules hold a thousand copies of them. So supervisord has the fork server fork a program whose
command is `python3 -m readers CHANNEL`. Where that is impossible, it starts the program as others.
Until the fork server is ready, supervisord does all else, and leaves these programs as they are.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Sequence
from typing import Any

from supervisor import events
from supervisor.process import Subprocess
from supervisor.states import ProcessStates

from readers.fork_server.client import ForkServer, without_it
from readers.fork_server.request import COMMAND, Request
from readers.fork_server.subreaper import become_subreaper
from readers.supervision.channel_names import channel_name

_spawn: Callable[[Any], int | None] = Subprocess.spawn
_transition: Callable[[Any], None] = Subprocess.transition


def extend(supervisord: Any) -> object:
    """
    Extend *supervisord* (`supervisor.supervisord.Supervisor`).

    This is a `supervisor.rpcinterface_factory`. It returns an object without remote procedures.
    https://supervisord.org/api.html#adding-your-own-rpc-interface
    """
    options = supervisord.options
    try:
        become_subreaper()
    except OSError as error:
        options.logger.warn(without_it(str(error)))
        return object()
    server = ForkServer(options.logger.warn)
    server.is_starting()
    events.subscribe(events.SupervisorStoppingEvent, lambda _: server.stop())
    spawning = _Spawning(server, options.fork)
    options.fork = spawning.fork
    # Not of one process or class: programs.conf may add programs, also later.
    Subprocess.spawn = spawning.spawn_method()
    Subprocess.transition = _transition_method(server, options.get_socket_map())
    options.waitpid = _without_orphans(options, server)
    return object()


class _Spawning:
    """The program that supervisord is starting, which its `fork` is not told."""

    def __init__(self, server: ForkServer, fork: Callable[[], int]) -> None:
        self._server = server
        self._fork = fork
        self._process: Any = None

    def spawn_method(self) -> Callable[[Any], int | None]:
        """Return the replacement for `Subprocess.spawn`."""

        def spawn(process: Any) -> int | None:
            self._process = process
            try:
                return _spawn(process)
            finally:
                self._process = None

        return spawn

    def fork(self) -> int:
        """Return the process id of the program, or 0 in a fork that has to execute it."""
        request = _request(self._process)
        if request is None:
            return self._fork()
        pipes = self._process.pipes
        output = pipes["child_stdout"]
        errors = output if self._process.config.redirect_stderr else pipes["child_stderr"]
        pid = self._server.fork(request, [pipes["child_stdin"], output, errors])
        return pid or self._fork()


class _Wait:
    """An asyncore object with which supervisord's main loop goes on once *server* is ready."""

    def __init__(self, server: ForkServer, sockets: dict[int, object]) -> None:
        self._server = server
        self._sockets = sockets
        self._descriptor = server.fileno()
        sockets[self._descriptor] = self

    def readable(self) -> bool:
        """Return whether the main loop has to wait for it still."""
        is_starting = self._server.is_starting()
        if not is_starting:
            self._sockets.pop(self._descriptor, None)
        return is_starting

    def writable(self) -> bool:
        return False

    def handle_read_event(self) -> None:
        """The main loop calls `readable` afterwards."""

    def handle_error(self) -> None:
        """The fork server has closed its end: see `readable`."""


def _transition_method(server: ForkServer, sockets: dict[int, object]) -> Callable[[Any], None]:
    """
    Return the replacement for `Subprocess.transition`, with which the main loop starts programs.

    *sockets* is the main loop's map of asyncore objects by descriptor.
    """

    def transition(process: Any) -> None:
        if _may_start(process) and server.is_starting() and _channel_of(process.config):
            _Wait(server, sockets)
        else:
            _transition(process)

    return transition


def _may_start(process: Any) -> bool:
    """Return whether supervisord may be about to start *process*."""
    state = process.state
    if state == ProcessStates.STOPPED:
        return bool(process.config.autostart and not process.laststart)
    return state in {ProcessStates.BACKOFF, ProcessStates.EXITED}


def _request(process: Any) -> Request | None:
    """Return what is asked of the fork server for *process*; None if it is not for it."""
    config = process.config
    channel = _channel_of(config)
    if channel is None:
        return None
    return Request(channel, _environment(process), config.directory, config.umask)


def _channel_of(config: Any) -> str | None:
    """Return the channel if *config* is that of a reader, with a user that the server has."""
    if config.uid not in {None, os.getuid()}:
        return None
    return _channel(shlex.split(config.command))


def _channel(arguments: Sequence[str]) -> str | None:
    """Return the channel if *arguments* are the command of a reader."""
    if tuple(arguments[:-1]) != COMMAND:
        return None
    try:
        return channel_name(arguments[-1])
    except ValueError:
        return None  # the command says what is wrong


def _environment(process: Any) -> dict[str, str]:
    """Return the environment of *process*, as `Subprocess._spawn_as_child` makes it."""
    config = process.config
    environment = {**os.environ, "SUPERVISOR_ENABLED": "1"}
    if url := config.options.serverurl if config.serverurl is None else config.serverurl:
        environment["SUPERVISOR_SERVER_URL"] = url
    environment["SUPERVISOR_PROCESS_NAME"] = config.name
    if process.group:
        environment["SUPERVISOR_GROUP_NAME"] = process.group.config.name
    return environment | (config.environment or {})


def _without_orphans(options: Any, server: ForkServer) -> Callable[[], tuple[int | None, int]]:
    """
    Return a replacement for `options.waitpid` that only returns programs.

    supervisord would log the others. They are the fork server, and orphans, of which a subreaper is
    the parent.
    """
    waitpid = options.waitpid

    def next_program() -> tuple[int | None, int]:
        while True:
            pid, status = waitpid()
            if not pid or pid in options.pidhistory:
                return pid, status
            server.notice_end(pid, status)

    return next_program
