"""
Rewrites a small file that somebody else may have set up: its owner, its group, its mode and the
symbolic links to it stay.

The file is replaced atomically where that is possible. It is not where the file itself is a mount
(a container's `--volume file:file`; rename(2) gives EBUSY), where its folder is not writable, and
where the disk has no room for a second file. It is then written in place. That is not atomic: a
process that reads it meanwhile, or a crash of the host, may find a mixture. Where the folder is
writable, a copy of the new content is beside the file until it is on the disk.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from common.files import OWNER_ONLY, replace_file, sync_directory, write_beside


def rewrite_file(path: Path, content: bytes, new_mode: int = OWNER_ONLY) -> None:
    """
    Make *content* the content of the file at *path*. A new file gets the mode *new_mode*.

    When this returns, the content is on the disk. Raises OSError if the file cannot be written.
    """
    path = path.resolve()
    try:
        status = path.stat()
    except FileNotFoundError:
        replace_file(path, content, new_mode)
        return
    copy = _copy(path, content, status)
    try:
        if not (copy and _replaced(path, copy)):
            _write_in_place(path, content)
    finally:
        if copy:
            copy.unlink(missing_ok=True)


def copies(path: Path) -> list[Path]:
    """
    Return the copies of the file at *path* that killed processes have left, newest first.

    *path* is not a symbolic link: the copies are beside the file itself. Raises OSError.
    """
    found = []
    for entry in os.scandir(path.parent):
        if entry.name.startswith(f".{path.name}."):
            with suppress(FileNotFoundError):
                found.append((entry.stat().st_mtime_ns, Path(entry.path)))
    return [copy for _, copy in sorted(found, reverse=True)]


def _copy(path: Path, content: bytes, status: os.stat_result) -> Path | None:
    """Return a file with *content* beside *path*; None if there can be none like it."""

    def give_away(descriptor: int) -> None:
        mine = os.fstat(descriptor)
        if (mine.st_uid, mine.st_gid) != (status.st_uid, status.st_gid):
            os.fchown(descriptor, status.st_uid, status.st_gid)

    try:
        return write_beside(path, content, stat.S_IMODE(status.st_mode), prepare=give_away)
    except OSError:
        return None


def _replaced(path: Path, copy: Path) -> bool:
    """Rename *copy* to *path*; return whether that was possible."""
    try:
        copy.replace(path)
    except OSError:
        return False
    with suppress(PermissionError):  # a folder that may be written but not read
        sync_directory(path.parent)
    return True


def _write_in_place(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        # One call: Linux does not let a signal interrupt it within a page.
        written = 0
        while written < len(content):
            written += os.pwrite(descriptor, content[written:], written)
        os.ftruncate(descriptor, len(content))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
