"""
What a host's status pages and its supervisord say at one moment.

Nothing is computed here: metrics, health and the snapshot of the live page are made from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from common.status.auth_status import AuthStatus
from common.status.page import ReadPage
from common.status.publisher_status import PublisherStatus
from common.status.reader_status import ReaderStatus


@dataclass(frozen=True)
class Program:
    """A program of supervisord."""

    #: supervisord's word for it: RUNNING, STARTING, BACKOFF, FATAL, EXITED, STOPPED, …
    state: str
    #: The process id and the uptime, or why it does not run.
    description: str
    #: 0 while it does not run.
    pid: int


@dataclass(frozen=True)
class Usage:
    """What processes use."""

    #: Of memory that processes share, each has its share (PSS). 0 if it cannot be known.
    resident_bytes: int
    #: Since this process began. It never falls, also when a process is restarted.
    processor_s: float


@dataclass(frozen=True)
class Host:
    """What is known about a host at one moment."""

    #: Unix milliseconds.
    at_ms: int
    #: By channel.
    readers: Mapping[str, ReadPage[ReaderStatus]]
    publisher: ReadPage[PublisherStatus] | None
    auth: ReadPage[AuthStatus] | None
    #: supervisord's programs by name, readers' too, as it said last; None if it never has, as in a
    #: container with one process.
    programs: Mapping[str, Program] | None
    #: Of the programs `publisher`, `auth`, `monitor`, and all `readers` together; those that run.
    usage: Mapping[str, Usage]
    #: Free space where the outboxes are; None if it cannot be told.
    free_bytes: int | None
    #: Sums of what the readers of removed channels had counted.
    removed_readers: ReaderStatus = field(default_factory=ReaderStatus)
    #: Pages that cannot be read, by the name of the program, and why.
    unreadable: Mapping[str, str] = field(default_factory=dict)
    #: Why supervisord cannot be asked although it has a socket; empty if it can or has none.
    supervisord_problem: str = ""
    #: How long it took to collect all this.
    collected_within_s: float = 0.0
