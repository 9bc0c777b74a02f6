"""The monitor of a host, and what is shown of that host: its last answer, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass

from msgspec.structs import replace

from common.unix_time import unix_ms
from common.web_address import WebAddress
from monitor.collection.absent import absent
from monitor.collection.remote import RemoteError, fetch
from monitor.collection.snapshot import Level, Snapshot


@dataclass(frozen=True)
class _Answer:
    snapshot: Snapshot
    #: Why it is none of the monitor's.
    error: RemoteError | None


class AskedHost:
    """The monitor at *address*. One thread may ask it while others look at its snapshot."""

    def __init__(self, address: WebAddress, token: str, within_s: float) -> None:
        """The monitor takes *token*, "" for none, and has *within_s* seconds to answer."""
        self.address = address
        self._token = token
        self._within_s = within_s
        self._answer = _Answer(_not_asked(address), None)

    @property
    def snapshot(self) -> Snapshot:
        """What the monitor answered last, or one that says why it did not."""
        return self._answer.snapshot

    @property
    def error(self) -> RemoteError | None:
        """Why the monitor did not answer when it was asked last."""
        return self._answer.error

    def ask(self) -> None:
        """Ask the monitor; it takes *within_s* at most once the name of its host is resolved."""
        try:
            self._answer = _Answer(fetch(self.address, self._token, self._within_s), None)
        except RemoteError as error:
            before, at_ms = self._answer, unix_ms()
            since_ms = before.snapshot.since_ms if before.error else at_ms
            gone = absent(before.snapshot.host, error, since_ms=since_ms, at_ms=at_ms)
            self._answer = _Answer(gone, error)


def _not_asked(address: WebAddress) -> Snapshot:
    at_ms = unix_ms()
    unknown = RemoteError(f"The monitor at {address} has not responded yet.", "")
    unasked = absent(str(address), unknown, since_ms=at_ms, at_ms=at_ms)
    return replace(unasked, level=Level.WARNING)
