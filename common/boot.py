"""Identifies the current boot of the host."""

from __future__ import annotations

from pathlib import Path

#: Linux gives each boot a new id; other systems have no such file.
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def boot_id() -> str:
    """Return an id that is unique to this boot of the host, or "" if the system has none."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""
