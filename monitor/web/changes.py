"""What has changed between two moments, for pages that show the first and get the second."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from monitor.collection.snapshot import Channel, Snapshot

_encode = msgspec.json.Encoder().encode

#: What a change has in another form than a snapshot.
_DIFFERENT = frozenset({"channels", "history"})

_SAME = [name for name in Snapshot.__struct_fields__ if name not in _DIFFERENT]


def whole(hosts: Sequence[Snapshot]) -> bytes:
    """Return *hosts* as the JSON of the event `all`."""
    return _encode({"hosts": hosts})


def change(before: Sequence[Snapshot], after: Sequence[Snapshot]) -> bytes | None:
    """
    Return the JSON of the event `change`, from *before* to *after*; None if the hosts differ.

    It has the channels that are new or have changed, and the names of those that are gone.
    """
    if [host.host for host in before] != [host.host for host in after]:
        return None
    changes = [_change(old, new) for old, new in zip(before, after, strict=True)]
    return _encode({"hosts": changes})


def _change(before: Snapshot, after: Snapshot) -> dict[str, Any]:
    known: dict[str, Channel] = {row.channel: row for row in before.channels}
    changed = [row for row in after.channels if known.pop(row.channel, None) != row]
    return {
        **{name: getattr(after, name) for name in _SAME},
        "channels": changed,
        "gone": list(known),
        "history": None if after.history == before.history else after.history,
    }
