"""
Has a running supervisord start and stop exactly the readers that came and went.

supervisord makes a process group of every program; those that did not change are left alone. Its
procedures: https://supervisord.org/api.html
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from xmlrpc.client import ServerProxy

from supervisor.states import STOPPED_STATES
from supervisor.xmlrpc import SupervisorTransport

from readers.supervision.programs import PREFIX

#: Seconds for readers to end: supervisord kills them after their stopwaitsecs, 15.
STOP_WITHIN_S = 20.0

_POLL_S = 0.1


class StillRunningError(Exception):
    """Raised when readers are still there long after supervisord should have killed them."""


@dataclass(frozen=True)
class Changes:
    """The channels whose readers started, started anew, or stopped."""

    started: tuple[str, ...]
    restarted: tuple[str, ...]
    stopped: tuple[str, ...]


def connect(server_url: str) -> ServerProxy:
    """Return supervisord's procedures, called at *server_url*: `unix://` and its socket's path."""
    # The transport alone decides where to; ServerProxy insists on an HTTP address.
    return ServerProxy("http://127.0.0.1", SupervisorTransport(None, None, server_url))


def reading(supervisord: ServerProxy) -> set[str]:
    """Return the channels that supervisord has readers for. Raises as `apply_changes` does."""
    return set(_channels(process["group"] for process in _processes(supervisord)))


def apply_changes(supervisord: ServerProxy) -> Changes:
    """
    Let *supervisord* read its files again, and start and stop the readers that differ.

    Raises OSError or http.client.HTTPException when it does not answer, xmlrpc.client.Error when it
    refuses (it is shutting down, say, or cannot read its files), and StillRunningError.
    """
    procedures: Any = supervisord.supervisor
    [[added, changed, removed]] = procedures.reloadConfig()
    started, restarted, stopped = _channels(added), _channels(changed), _channels(removed)
    leaving = _groups(stopped + restarted)
    # All at once, as each may take its 10 s.
    for group in leaving:
        procedures.stopProcessGroup(group, False)
    for group in _groups(started):
        procedures.addProcessGroup(group)
    _wait_until_stopped(supervisord, set(leaving))
    for group in leaving:
        procedures.removeProcessGroup(group)
    for group in _groups(restarted):
        procedures.addProcessGroup(group)
    return Changes(started, restarted, stopped)


def _wait_until_stopped(supervisord: ServerProxy, groups: set[str]) -> None:
    deadline = time.monotonic() + STOP_WITHIN_S
    while running := _running(supervisord, groups):
        if time.monotonic() > deadline:
            names = ", ".join(sorted(running))
            raise StillRunningError(f"not stopped within {STOP_WITHIN_S:g} s: {names}")
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
