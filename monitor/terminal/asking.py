"""
Asks the monitors of several hosts, all at the same time.

A host whose monitor gives no snapshot is shown as a problem, and does not delay the others.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from common.web_address import WebAddress
from monitor.collection.absent import absent
from monitor.collection.remote import RemoteError, fetch
from monitor.collection.snapshot import Snapshot
from monitor.collection.told_apart import told_apart

_ANSWER_WITHIN_S = 3.0
_EVERY_S = 1.0


class AskedHost:
    """The monitor at an address, and what it has answered last."""

    def __init__(self, address: WebAddress, token: str) -> None:
        self.address = address
        self._token = token
        self._snapshot: Snapshot | None = None
        #: Why the last answer was none.
        self.error: RemoteError | None = None
        self._failing_since_ms = 0

    def ask(self) -> None:
        """Ask the monitor; it takes 3 s at most once the name of its host is resolved."""
        try:
            self._snapshot = fetch(self.address, self._token, _ANSWER_WITHIN_S)
            self.error = None
        except RemoteError as error:
            if self.error is None:
                self._failing_since_ms = _now_ms()
            self.error = error

    def snapshot(self) -> Snapshot:
        """Return what the monitor answered last, or that it does not answer."""
        # Read once: another thread may be asking.
        error, newest = self.error, self._snapshot
        if error is None and newest is not None:
            return newest
        name = newest.host if newest is not None else str(self.address)
        reason = error or RemoteError(f"The monitor at {self.address} was not asked yet.", "")
        return absent(name, reason, since_ms=self._failing_since_ms, at_ms=_now_ms())


def ask_all(hosts: Sequence[AskedHost]) -> None:
    """Ask all *hosts* once, and wait for their answers."""
    with ThreadPoolExecutor(len(hosts)) as threads:
        list(threads.map(AskedHost.ask, hosts))


def keep_asking(hosts: Sequence[AskedHost], tell: Callable[[], None]) -> None:
    """Ask each of *hosts* every second until the process ends; call *tell* after each answer."""

    def ask(host: AskedHost) -> None:
        while True:
            time.sleep(_EVERY_S)
            host.ask()
            tell()

    for host in hosts:
        threading.Thread(target=ask, args=[host], daemon=True).start()


def snapshots(hosts: Sequence[AskedHost]) -> list[Snapshot]:
    """Return the snapshots of *hosts*, with their addresses where two have the same name."""
    apart = told_apart((host.address, host.snapshot()) for host in hosts)
    return [snapshot for _, snapshot in apart]


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
