"""The hosts to be shown: each once, and with a name of its own."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from common.web_address import WebAddress
from monitor.collection.snapshot import Snapshot

#: A host's address, None for this one, and its snapshot.
Host = tuple[WebAddress | None, Snapshot]


def told_apart(hosts: Iterable[Host]) -> list[Host]:
    """
    Return *hosts*, renamed with their addresses where an earlier one has the name.

    Those that an earlier one is at another address are left out.
    """
    found: list[Host] = []
    names, monitors = set[str](), set[str]()
    for address, snapshot in hosts:
        if snapshot.monitor in monitors:
            continue
        if snapshot.monitor:
            monitors.add(snapshot.monitor)
        name = snapshot.host
        while name in names:
            name = f"{name} ({address})"
        names.add(name)
        found.append((address, replace(snapshot, host=name)))
    return found
