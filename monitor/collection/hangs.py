"""
Whether a process hangs: it runs, but has not got on for long. What its page says is old then.

A reader is only known to hang in its channel: there, it tests a silent connection every 15 s, and
writes its page. On its way there it may sleep for minutes.
"""

from __future__ import annotations

from common.status.auth_status import AuthStatus
from common.status.page import ReadPage
from common.status.publisher_status import PublisherStatus
from common.status.reader_status import ReaderState, ReaderStatus
from monitor.collection.host import Host

#: What is shown as the state of a process that hangs.
HANGS = "hangs"

#: Milliseconds that the publisher's main loop may take for a turn.
PUBLISHER_TURNS_WITHIN_MS = 10_000

#: The same for auth: it waits for Twitch's answers.
AUTH_TURNS_WITHIN_MS = 60_000

#: Milliseconds within which a reader writes its page.
READER_WRITES_WITHIN_MS = 40_000


def publisher_hangs_ms(host: Host) -> int:
    """Return how many milliseconds the publisher has hung; 0 if it works or does not run."""
    return _hangs_ms(host, host.publisher, PUBLISHER_TURNS_WITHIN_MS)


def auth_hangs_ms(host: Host) -> int:
    """Return how many milliseconds auth has hung; 0 if it works or does not run."""
    return _hangs_ms(host, host.auth, AUTH_TURNS_WITHIN_MS)


def reader_hangs_ms(host: Host, page: ReadPage[ReaderStatus]) -> int:
    """Return how many milliseconds the reader of *page* hangs; 0 if it works or does not run."""
    if not page.is_written or page.status.state != ReaderState.IN_CHANNEL:
        return 0
    return _beyond(host.at_ms - page.status.written_ms, READER_WRITES_WITHIN_MS)


def publisher_works(host: Host) -> bool:
    """Return whether the publisher runs and does not hang, so what its page says is so now."""
    return bool(host.publisher and host.publisher.is_written and not publisher_hangs_ms(host))


def is_in_channel(host: Host, page: ReadPage[ReaderStatus]) -> bool:
    """Return whether the reader with *page* works in its channel."""
    is_there = page.is_written and page.status.state == ReaderState.IN_CHANNEL
    return is_there and not reader_hangs_ms(host, page)


def _hangs_ms(
    host: Host, page: ReadPage[PublisherStatus] | ReadPage[AuthStatus] | None, within_ms: int
) -> int:
    """Return how long the process of *page*, whose loop turns *within_ms*, has hung."""
    if page is None or not page.is_written:
        return 0
    return _beyond(host.at_ms - page.status.turned_ms, within_ms)


def _beyond(silent_ms: int, within_ms: int) -> int:
    return silent_ms if silent_ms > within_ms else 0
