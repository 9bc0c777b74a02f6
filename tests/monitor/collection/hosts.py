"""Facts of hosts at chosen moments."""

from __future__ import annotations

from typing import Any

from common.program_names import READER_PREFIX
from common.status.auth_status import AuthStatus
from common.status.page import ReadPage
from common.status.publisher_status import PublisherState, PublisherStatus
from common.status.reader_status import ReaderState, ReaderStatus
from monitor.collection.host import Host, Program

NOON_MS = 1_795_780_800_000
GIB = 1024**3


def reader(*, runs: bool = True, **fields: Any) -> ReadPage[ReaderStatus]:
    """Return the page of a reader, by default of one that is in its channel since noon."""
    given: dict[str, Any] = {
        "state": ReaderState.IN_CHANNEL,
        "state_since_ms": NOON_MS,
        "written_ms": NOON_MS,
        "outbox_limit_bytes": GIB,
    }
    return ReadPage(ReaderStatus(**given | fields), runs)


def publisher(*, runs: bool = True, **fields: Any) -> ReadPage[PublisherStatus]:
    """Return the page of a publisher, by default of one that is in a session since noon."""
    given: dict[str, Any] = {
        "state": PublisherState.IN_SESSION,
        "state_since_ms": NOON_MS,
        "turned_ms": NOON_MS,
        "session": 1,
        "kafka_is_reachable": True,
        "kafka_since_ms": NOON_MS,
        "kafka_brokers": "kafka:9092",
    }
    return ReadPage(PublisherStatus(**given | fields), runs)


def auth(*, runs: bool = True, **fields: Any) -> ReadPage[AuthStatus]:
    """Return auth's page, by default without a login."""
    return ReadPage(AuthStatus(**{"turned_ms": NOON_MS} | fields), runs)


def login(**fields: Any) -> ReadPage[AuthStatus]:
    """Return auth's page with a login that is valid for two hours from noon."""
    given: dict[str, Any] = {"login": "somebody", "is_valid": True, "validated_ms": NOON_MS}
    return auth(**given | {"expires_ms": NOON_MS + 7_200_000} | fields)


def host(after_s: float = 0.0, **fields: Any) -> Host:
    """Return a host, so many seconds after noon; it has no supervisord unless given."""
    given: dict[str, Any] = {
        "readers": {},
        "publisher": None,
        "auth": None,
        "programs": None,
        "usage": {},
        "free_bytes": 100 * GIB,
    }
    return Host(at_ms=NOON_MS + round(after_s * 1000), **given | fields)


def supervised(**states: str) -> dict[str, Program]:
    """Return programs in these *states*; a name that is none of ours is a channel."""
    return {
        name if name in ("publisher", "auth", "monitor") else READER_PREFIX + name: Program(
            state, "Exited too quickly" if state == "BACKOFF" else "", int(state == "RUNNING")
        )
        for name, state in states.items()
    }
