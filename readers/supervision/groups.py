"""
Make a running supervisord start, restart and stop the readers that changed.

supervisord makes a process group of every program. Groups that did not change keep running. API:
https://supervisord.org/api.html
"""

from __future__ import annotations

import time
from collections.abc import Container, Iterable
from dataclasses import dataclass
from typing import Any
from xmlrpc.client import ServerProxy

from supervisor.states import STOPPED_STATES
from supervisor.xmlrpc import SupervisorTransport

from readers.supervision.programs import PREFIX

#: Seconds for readers to stop. supervisord kills them after their stopwaitsecs, 15 s.
STOP_WITHIN_S = 20.0

_POLL_S = 0.1


class StillRunningError(Exception):
    """Raised when readers still run long after supervisord should have killed them."""


@dataclass(frozen=True)
class Changes:
    """The channels whose readers were started, restarted or stopped."""

    started: tuple[str, ...]
    restarted: tuple[str, ...]
    stopped: tuple[str, ...]


def connect(server_url: str) -> ServerProxy:
    """Return a proxy for supervisord's API at *server_url*: `unix://` and its socket's path."""
    # Only the transport's address is used, but ServerProxy requires an HTTP address.
    return ServerProxy("http://127.0.0.1", SupervisorTransport(None, None, server_url))


def reading(supervisord: ServerProxy) -> set[str]:
    """Return the channels that supervisord has readers for. Raises as `apply_changes` does."""
    return set(_channels(process["group"] for process in _processes(supervisord)))


def apply_changes(supervisord: ServerProxy) -> Changes:
    """
    Make *supervisord* reload its files, and start, restart and stop the readers that changed.

    Raises OSError or http.client.HTTPException when it cannot be reached, xmlrpc.client.Error when
    it refuses (for example, because it is shutting down or cannot read its files), and
    StillRunningError.
    """
    procedures: Any = supervisord.supervisor
    changes = _reload(supervisord)
    leaving = _groups(changes.stopped + changes.restarted)
    # Stop all at once: each may take 10 s.
    for group in leaving:
        procedures.stopProcessGroup(group, False)
    for group in _groups(changes.started):
        procedures.addProcessGroup(group)
    _wait_until_stopped(supervisord, set(leaving))
    for group in leaving:
        procedures.removeProcessGroup(group)
    for group in _groups(changes.restarted):
        procedures.addProcessGroup(group)
    return changes


def add_readers(supervisord: ServerProxy, channels: Container[str]) -> Changes:
    """
    Make *supervisord* reload its files, and start those readers of *channels* that it lacks.

    Whatever else has changed in the files is left for `apply_changes`. Raises as that does.
    """
    procedures: Any = supervisord.supervisor
    started = tuple(channel for channel in _reload(supervisord).started if channel in channels)
    for group in _groups(started):
        procedures.addProcessGroup(group)
    return Changes(started, restarted=(), stopped=())


def _reload(supervisord: ServerProxy) -> Changes:
    """Make *supervisord* reload its files; return what it has to change for the readers."""
    procedures: Any = supervisord.supervisor
    [[added, changed, removed]] = procedures.reloadConfig()
    return Changes(_channels(added), restarted=_channels(changed), stopped=_channels(removed))


def _wait_until_stopped(supervisord: ServerProxy, groups: set[str]) -> None:
    deadline = time.monotonic() + STOP_WITHIN_S
    while running := _running(supervisord, groups):
        if time.monotonic() > deadline:
            names = ", ".join(sorted(running))
            raise StillRunningError(f"these did not stop within {STOP_WITHIN_S:g} s: {names}")
        time.sleep(_POLL_S)


def _running(supervisord: ServerProxy, groups: set[str]) -> set[str]:
    return {
        process["group"]
        for process in (_processes(supervisord) if groups else ())
        if process["group"] in groups and process["state"] not in STOPPED_STATES
    }


def _processes(supervisord: ServerProxy) -> list[dict[str, Any]]:
    procedures: Any = supervisord.supervisor
    processes: list[dict[str, Any]] = procedures.getAllProcessInfo()
    return processes


def _channels(groups: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(group.removeprefix(PREFIX) for group in groups if group.startswith(PREFIX)))


def _groups(channels: Iterable[str]) -> list[str]:
    return [PREFIX + channel for channel in channels]
