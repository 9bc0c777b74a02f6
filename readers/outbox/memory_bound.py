"""
How much memory a reader may use for batches that the disk does not take.

All readers of a host together leave most of its memory alone: they share a part of it equally, one
share for each outbox in STATE_DIR. In a container or a systemd unit, its limit is what they share.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

#: The most that one reader uses, in bytes.
MEMORY_MAX_BYTES = 48 * 1024 * 1024

#: The least, so that there is room for some batches and a gap record, in bytes.
MEMORY_MIN_BYTES = 256 * 1024

#: The part of the host's memory that all readers share.
SHARE_OF_HOST = 1 / 4

#: Where the control groups are, by the second field of /proc/self/cgroup, and the file with their
#: limit. https://docs.kernel.org/admin-guide/cgroup-v2.html, section memory.max; and
#: https://docs.kernel.org/admin-guide/cgroup-v1/memory.html
_LIMITS = {
    "": ("sys/fs/cgroup", "memory.max"),
    "memory": ("sys/fs/cgroup/memory", "memory.limit_in_bytes"),
}


def memory_bound(outboxes: Path, root: Path = Path("/")) -> int:
    """
    Return how many bytes each reader whose outbox is in the folder *outboxes* may use.

    *root* is where the files of the kernel are.
    """
    share = host_memory(root) * SHARE_OF_HOST / max(1, len(list(outboxes.glob("*.db"))))
    return round(max(MEMORY_MIN_BYTES, min(MEMORY_MAX_BYTES, share)))


def host_memory(root: Path = Path("/")) -> int:
    """Return the memory of the host, or what this process' control groups leave of it, in bytes."""
    return min([_total(root), *_limits(root)])


def _total(root: Path) -> int:
    for line in _read(root / "proc/meminfo").splitlines():
        name, _, value = line.partition(":")
        if name == "MemTotal":
            return int(value.split()[0]) * 1024
    # Without /proc, the fixed bound counts.
    return round(MEMORY_MAX_BYTES / SHARE_OF_HOST)


def _limits(root: Path) -> Iterator[int]:
    """Yield the limits of this process' control groups and of all groups above them."""
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, controllers, group = line.split(":", 2)
        if controllers not in _LIMITS:
            continue
        folder, file = _LIMITS[controllers]
        # In a container, the group may not be visible. The container's own is then at the top.
        for above in (Path(group), *Path(group).parents):
            limit = _read(root / folder / above.relative_to("/") / file).strip()
            if limit.isdecimal():
                yield int(limit)


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
