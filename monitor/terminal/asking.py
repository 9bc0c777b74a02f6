"""
Asks the monitors of several hosts, all at the same time.

A host whose monitor gives no snapshot is shown as a problem, and does not delay the others.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from monitor.collection.asked_host import AskedHost
from monitor.collection.snapshot import Snapshot
from monitor.collection.told_apart import told_apart

_EVERY_S = 1.0


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
    apart = told_apart((host.address, host.snapshot) for host in hosts)
    return [snapshot for _, snapshot in apart]
