"""
The health checks of a host, by the parts of the service that it has.

Live: whether a restart would help. It never depends on Kafka or Twitch; nor, where supervisord
restarts what has ended, on a process that has ended.

Ready: whether it takes part. Kafka away, and a channel that cannot be joined, are seen here.

Anybody may ask for them, so the reasons hold nothing that others tell: no names, no addresses.
"""

from __future__ import annotations

from common.status.publisher_status import PublisherState
from monitor.collection import login_row, parts, words
from monitor.collection.hangs import (
    READER_WRITES_WITHIN_MS,
    auth_hangs_ms,
    is_in_channel,
    publisher_hangs_ms,
)
from monitor.collection.host import Host
from monitor.collection.host_findings import disk_is_full

OK = "ok"

#: One reader in this many may be out of its channel. One always may, unless it is the only one.
_ONE_ABSENT_OF = 20

#: Milliseconds that a record may wait for Kafka's confirmation.
_CONFIRMED_WITHIN_MS = 60_000

#: Milliseconds that a login should last.
_VALID_FOR_MS = 60_000

_DOES_NOT_RUN = "its process does not run"


def live(host: Host) -> dict[str, str]:
    """Return "ok", or why it fails, by the name of each check. A host without pages is live."""
    checks = {"monitor": OK}
    is_supervised = host.programs is not None or bool(host.supervisord_problem)
    if is_supervised:
        checks["supervisord"] = host.supervisord_problem or OK
    elif host.readers:
        checks["readers"] = _readers_live(host)
    for name, page, hangs_ms in (
        ("publisher", host.publisher, publisher_hangs_ms(host)),
        ("auth", host.auth, auth_hangs_ms(host)),
    ):
        if page and page.is_written:
            checks[name] = _hangs(hangs_ms) if hangs_ms else OK
        elif page and not is_supervised:
            checks[name] = _DOES_NOT_RUN
    return checks


def ready(host: Host) -> dict[str, str]:
    """Return "ok", or why it fails, by the name of each check."""
    checks = {}
    if channels := parts.channels(host):
        checks["channels"] = _in_channels(host, channels)
        checks["disk"] = _disk(host, channels)
    if parts.has_publisher(host):
        checks |= _publisher(host)
    if parts.has_auth(host):
        checks["login"] = _login(host)
    return checks or {"pages": "no process has written a status page yet"}


def _readers_live(host: Host) -> str:
    ended = [page for page in host.readers.values() if not page.is_written]
    if ended:
        return _DOES_NOT_RUN if len(host.readers) == 1 else f"{len(ended)} do not run"
    written_ms = min(page.status.written_ms for page in host.readers.values())
    silent_ms = host.at_ms - written_ms
    # Without supervisord, a reader wakes up every 5 s wherever it is.
    return _hangs(silent_ms) if silent_ms > READER_WRITES_WITHIN_MS else OK


def _hangs(hangs_ms: int) -> str:
    return f"it hangs for {hangs_ms // 1000} s"


def _in_channels(host: Host, channels: list[str]) -> str:
    pages = [page for channel in channels if (page := host.readers.get(channel))]
    present = sum(is_in_channel(host, page) for page in pages)
    wanted = len(channels)
    may_be_absent = min(wanted - 1, max(1, wanted // _ONE_ABSENT_OF))
    if wanted - present <= may_be_absent:
        return OK
    return f"{present} of {wanted} readers are in their channel"


def _disk(host: Host, channels: list[str]) -> str:
    refused = sum(
        bool(page.status.unwritten)
        for channel in channels
        if (page := host.readers.get(channel)) and page.is_written
    )
    if not refused and disk_is_full(host):
        return "it is full"
    return f"it refuses what {words.count(refused, 'reader')} received" if refused else OK


def _publisher(host: Host) -> dict[str, str]:
    page = host.publisher
    if page is None or not page.is_written:
        return {"publisher": _DOES_NOT_RUN}
    if hangs_ms := publisher_hangs_ms(host):
        # What it has said about Kafka is old.
        return {"publisher": _hangs(hangs_ms)}
    status = page.status
    waits_ms = host.at_ms - status.oldest_unconfirmed_ms
    is_late = status.oldest_unconfirmed_ms and waits_ms > _CONFIRMED_WITHIN_MS
    is_in_session = status.state == PublisherState.IN_SESSION
    return {
        "publisher": OK if is_in_session else f"it is {status.state}",
        "kafka": OK if status.kafka_is_reachable else "it cannot be reached",
        "confirmations": f"the oldest is due for {waits_ms // 1000} s" if is_late else OK,
    }


def _login(host: Host) -> str:
    page = host.auth
    if page is None or not page.is_written:
        return "auth does not run"
    if hangs_ms := auth_hangs_ms(host):
        return f"auth hangs for {hangs_ms // 1000} s"
    status = page.status
    if not status.login:
        # Without a problem, readers are anonymous.
        return "auth cannot use it" if status.problem else OK
    if login_row.has_ended(host, status):
        return "it is not valid"
    left_ms = status.expires_ms - host.at_ms
    return OK if not status.expires_ms or left_ms > _VALID_FOR_MS else "it ends within a minute"
