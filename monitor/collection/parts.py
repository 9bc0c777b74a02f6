"""Which parts of the service a host has, and whether their processes run."""

from __future__ import annotations

import enum
from typing import Any

from common.program_names import READER_PREFIX
from common.status.page import ReadPage
from monitor.collection.host import Host, Program

#: supervisord's words for a program that a person has stopped, or is stopping.
_STOPPED_ON_PURPOSE = ("STOPPED", "STOPPING")

#: supervisord's words for a program that it is about to start, or has just started.
_ABOUT_TO_RUN = ("STARTING", "RUNNING")


#: supervisord's words for a program that it cannot run; its description then says why.
_FAILED = ("BACKOFF", "FATAL")


class Run(enum.Enum):
    """Whether a process runs."""

    RUNNING = "running"
    #: It ended, and nobody has stopped it.
    ENDED = "not running"
    #: A person has stopped it.
    STOPPED = "stopped"
    #: It should have a page, and has none.
    NOT_STARTED = "not started"
    #: supervisord has just started it.
    ABOUT_TO_RUN = "starting"
    #: Its page cannot be read.
    UNKNOWN = "unknown"


def run_of(host: Host, name: str, page: ReadPage[Any] | None) -> Run:
    """Return whether the program *name* runs, which has *page*."""
    program = host.programs.get(name) if host.programs is not None else None
    if page and page.is_written:
        return Run.RUNNING
    if program and program.state in _STOPPED_ON_PURPOSE:
        return Run.STOPPED
    if page:
        return Run.STOPPED if _was_told_to_stop(program, page.status) else Run.ENDED
    if name in host.unreadable:
        return Run.UNKNOWN
    if program and program.state in _ABOUT_TO_RUN:
        return Run.ABOUT_TO_RUN
    return Run.NOT_STARTED


def _was_told_to_stop(program: Program | None, status: Any) -> bool:
    """
    Return whether a process that has written *status* has ended because it was told to.

    supervisord, which is not asked each second, said last that it runs.
    """
    has_ended = program is not None and program.state == "RUNNING" and program.pid == status.pid
    return has_ended and getattr(status, "state", "") == "stopped" and not status.problem


def why_it_does_not_run(host: Host, name: str) -> str:
    """Return why supervisord cannot run a program; empty if it can, or does not know."""
    program = (host.programs or {}).get(name)
    return program.description if program and program.state in _FAILED else ""


def channels(host: Host) -> list[str]:
    """
    Return the channels that are to be read.

    A page that was left by a reader that supervisord does not have is none: its books still count.
    """
    programs = [READER_PREFIX + channel for channel in host.readers]
    found = {
        name.removeprefix(READER_PREFIX)
        for name in (*programs, *(host.programs or {}), *host.unreadable)
        if name.startswith(READER_PREFIX)
    }
    return sorted(channel for channel in found if has_reader(host, channel))


def has_reader(host: Host, channel: str) -> bool:
    """Return whether this host is to read *channel*."""
    return _is_wanted(host, READER_PREFIX + channel, host.readers.get(channel))


def has_publisher(host: Host) -> bool:
    """Return whether this host has a publisher."""
    return _is_wanted(host, "publisher", host.publisher)


def has_auth(host: Host) -> bool:
    """Return whether this host has auth."""
    return _is_wanted(host, "auth", host.auth)


def _is_wanted(host: Host, name: str, page: ReadPage[Any] | None) -> bool:
    if page and page.is_written:
        return True
    if host.programs is not None:
        return name in host.programs
    return page is not None or name in host.unreadable
