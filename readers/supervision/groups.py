"""
Make a running supervisord start and stop readers, and say how they are.

supervisord makes a process group of every program. Groups that did not change keep running. API:
https://supervisord.org/api.html

What is called here raises OSError or http.client.HTTPException when supervisord cannot be reached,
and xmlrpc.client.Error when it refuses, for example because it is shutting down.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from typing import Any
from xmlrpc.client import Fault, ServerProxy

from supervisor.states import STOPPED_STATES, ProcessStates
from supervisor.xmlrpc import Faults

from common.program_names import READER_PREFIX

#: Seconds for readers to stop. supervisord kills them after their stopwaitsecs, 15 s; more for
#: each, because hosts may be slow.
STOP_WITHIN_S = 20.0
_STOP_WITHIN_S_A_READER = 0.05

#: Seconds for readers to run for their startsecs, 3 s; more for each, because hosts may be slow.
START_WITHIN_S = 30.0
_START_WITHIN_S_A_READER = 0.05

_POLL_S = 0.1
#: Each poll takes 0.07 s if there are a thousand readers, half of it supervisord's.
_START_POLL_S = 0.25


class StillRunningError(Exception):
    """Raised when readers still run long after supervisord should have killed them."""


@dataclass(frozen=True)
class ReadersSettings:
    """What supervisord's readers depend on, beside channels.conf and `.env`."""

    #: Whether programs.conf leaves them out.
    left_out: bool
    #: The variables that name channels, and STATE_DIR, in supervisord's environment; empty if they
    #: are not set.
    environment: Mapping[str, str]


@dataclass(frozen=True)
class ReaderProcess:
    """What supervisord says about a reader."""

    #: supervisord's word for it: RUNNING, STARTING, BACKOFF, FATAL, EXITED, STOPPED, …
    state: str
    #: The process id and the uptime, or why it does not run.
    description: str
    #: When it was started last, in seconds since 1970; 0 if it never was.
    started_at: int

    @property
    def is_running(self) -> bool:
        """Whether it runs, for long enough that it counts as started."""
        return self.state == "RUNNING"

    @property
    def is_changing(self) -> bool:
        """Whether it will be in another state soon, without further ado."""
        return self.state in ("STARTING", "STOPPING") or self.started_at == 0

    @property
    def is_stopped(self) -> bool:
        """Whether it does not run, and supervisord will not start it by itself."""
        return getattr(ProcessStates, self.state) in STOPPED_STATES


def readers_settings(supervisord: ServerProxy) -> ReadersSettings | None:
    """Return the settings of *supervisord* for readers; None if it lacks our extension for them."""
    procedures: Any = supervisord.channels
    try:
        settings = procedures.getSettings()
    except Fault as fault:
        if fault.faultCode == Faults.UNKNOWN_METHOD:
            return None
        raise
    return ReadersSettings(settings["left_out"], settings["environment"])


def reader_processes(supervisord: ServerProxy) -> dict[str, ReaderProcess]:
    """Return the readers that *supervisord* has, by channel."""
    procedures: Any = supervisord.supervisor
    return {
        process["group"].removeprefix(READER_PREFIX): ReaderProcess(
            process["statename"], process["description"], process["start"]
        )
        for process in procedures.getAllProcessInfo()
        if process["group"].startswith(READER_PREFIX)
    }


def apply_changes(supervisord: ServerProxy, start: Iterable[str], stop: Iterable[str]) -> None:
    """
    Make *supervisord* read which channels are applied, add readers for *start*, and remove *stop*.

    Other changes in its files are left for `supervisorctl update`. Raises StillRunningError if a
    reader does not stop.
    """
    procedures: Any = supervisord.supervisor
    procedures.reloadConfig()
    leaving = _groups(stop)
    # Stop all at once: each may take 10 s.
    for group in leaving:
        procedures.stopProcessGroup(group, False)
    for group in _groups(start):
        _add(procedures, group)
    _wait_until_stopped(supervisord, set(stop))
    for group in leaving:
        procedures.removeProcessGroup(group)


def start_again(supervisord: ServerProxy, channels: Iterable[str]) -> None:
    """Make *supervisord* start the readers of *channels*, which it has and which do not run."""
    procedures: Any = supervisord.supervisor
    for group in _groups(channels):
        try:
            procedures.startProcess(f"{group}:{group}", False)
        except Fault as fault:
            # Else whoever waits for it sees that it does not run, and why not.
            if fault.faultCode == Faults.SHUTDOWN_STATE:
                raise


def wait_until_running(
    supervisord: ServerProxy, channels: Set[str]
) -> Mapping[str, ReaderProcess | None]:
    """
    Wait until it is known which readers of *channels* run; return those that do not.

    A reader that *supervisord* does not have is None.
    """
    deadline = time.monotonic() + START_WITHIN_S + _START_WITHIN_S_A_READER * len(channels)
    while True:
        processes = reader_processes(supervisord)
        others = {
            channel: process
            for channel in sorted(channels)
            if not ((process := processes.get(channel)) and process.is_running)
        }
        is_known = not any(process and process.is_changing for process in others.values())
        if is_known or time.monotonic() > deadline:
            return others
        time.sleep(_START_POLL_S)


def _add(procedures: Any, group: str) -> None:
    try:
        procedures.addProcessGroup(group)
    except Fault as fault:
        # Somebody else has just added it, or programs.conf defines it without a process.
        if fault.faultCode != Faults.ALREADY_ADDED:
            raise


def _wait_until_stopped(supervisord: ServerProxy, channels: Set[str]) -> None:
    within_s = STOP_WITHIN_S + _STOP_WITHIN_S_A_READER * len(channels)
    deadline = time.monotonic() + within_s
    while running := _not_stopped(supervisord, channels):
        if time.monotonic() > deadline:
            names = ", ".join(sorted(running))
            raise StillRunningError(f"these did not stop within {within_s:g} s: {names}")
        time.sleep(_POLL_S)


def _not_stopped(supervisord: ServerProxy, channels: Set[str]) -> set[str]:
    processes = reader_processes(supervisord) if channels else {}
    return {name for name in channels & processes.keys() if not processes[name].is_stopped}


def _groups(channels: Iterable[str]) -> list[str]:
    return [READER_PREFIX + channel for channel in sorted(channels)]
