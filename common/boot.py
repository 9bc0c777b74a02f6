"""Which boot of the host this is."""

from __future__ import annotations

from pathlib import Path

#: Linux names every boot; elsewhere we cannot tell them apart.
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def boot_id() -> str:
    """Return a name that no other boot of this host has, or "" where there is none."""
    return _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else ""
