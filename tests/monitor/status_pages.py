"""Status pages as the processes of a host would write them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from common.status.auth_status import AuthStatus, auth_page
from common.status.page import PAGE_BYTES, StatusPage
from common.status.publisher_status import (
    PUBLISHER_PAGE_BYTES,
    PublisherState,
    PublisherStatus,
    publisher_page,
)
from common.status.reader_status import ReaderState, ReaderStatus, reader_page
from common.unix_time import unix_ms

LIMIT_BYTES = 1024**3


@dataclass
class StatusPages:
    """Writes pages in *state_dir*. Times are now, unless told otherwise."""

    state_dir: Path
    written: dict[Path, StatusPage[msgspec.Struct]] = field(default_factory=dict)

    def reader(self, channel: str, **fields: object) -> ReaderStatus:
        """Write the page of the reader of *channel*; by default it is in its channel."""
        now = unix_ms()
        status = ReaderStatus(
            channel=channel,
            pid=1,
            written_ms=now,
            state=ReaderState.IN_CHANNEL,
            state_since_ms=now,
            outbox_limit_bytes=LIMIT_BYTES,
        )
        self._write(reader_page(self.state_dir, channel), _with(status, fields), PAGE_BYTES)
        return status

    def publisher(self, **fields: object) -> PublisherStatus:
        """Write the publisher's page; by default it is in a session, and Kafka answers."""
        now = unix_ms()
        status = PublisherStatus(
            pid=1,
            written_ms=now,
            # Nobody writes it again, and on a busy machine a test may take longer than it may hang.
            turned_ms=now + 60_000,
            state=PublisherState.IN_SESSION,
            state_since_ms=now,
            session=1,
            kafka_is_reachable=True,
            kafka_since_ms=now,
            kafka_brokers="localhost:9092",
        )
        path = publisher_page(self.state_dir)
        self._write(path, _with(status, fields), PUBLISHER_PAGE_BYTES)
        return status

    def auth(self, **fields: object) -> AuthStatus:
        """Write auth's page; by default there is no login."""
        now = unix_ms()
        status = AuthStatus(pid=1, written_ms=now, turned_ms=now)
        self._write(auth_page(self.state_dir), _with(status, fields), PAGE_BYTES)
        return status

    def end_reader(self, channel: str) -> None:
        """Leave the page of *channel* as a reader does that ends."""
        self.written.pop(reader_page(self.state_dir, channel)).close()

    def end_publisher(self) -> None:
        """Leave the publisher's page as a publisher does that ends."""
        self.written.pop(publisher_page(self.state_dir)).close()

    def end_all(self) -> None:
        """Leave every page as a process does that ends."""
        while self.written:
            self.written.popitem()[1].close()

    def _write(self, path: Path, status: msgspec.Struct, size: int) -> None:
        if path not in self.written:
            self.written[path] = StatusPage(path, type(status), size)
        self.written[path].write(status)


@contextmanager
def status_pages(state_dir: Path) -> Iterator[StatusPages]:
    """Yield what writes pages in *state_dir*; in the end, all its processes have ended."""
    pages = StatusPages(state_dir)
    try:
        yield pages
    finally:
        pages.end_all()


def _with(status: msgspec.Struct, fields: dict[str, object]) -> msgspec.Struct:
    for name, value in fields.items():
        setattr(status, name, value)
    return status
