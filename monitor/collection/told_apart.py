"""Names for hosts, of which several may have the same."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from common.web_address import WebAddress
from monitor.collection.snapshot import Snapshot


def told_apart(hosts: Iterable[tuple[WebAddress | None, Snapshot]]) -> list[Snapshot]:
    """
    Return the snapshots of *hosts*, renamed with their addresses where an earlier one has the name.

    The address may be None for the first.
    """
    found: list[Snapshot] = []
    names: set[str] = set()
    for address, snapshot in hosts:
        name = snapshot.host
        while name in names:
            name = f"{name} ({address})"
        names.add(name)
        found.append(replace(snapshot, host=name))
    return found
