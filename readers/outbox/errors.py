"""Why an outbox cannot be opened, in words that name the cause and what to do."""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
import stat
import struct
from pathlib import Path

#: The lock bytes of SQLite: https://www.sqlite.org/c3ref/c_fcntl_begin_atomic_write.html does not
#: list them, `PENDING_BYTE` and `SHARED_SIZE` in its os.h do.
_LOCKED_FROM = 0x40000000
_LOCKED_BYTES = 512

#: `struct flock` on Linux: l_type, l_whence, l_start, l_len, l_pid.
_FLOCK = "hhqqi4x"

#: What to do about an error of the operating system. A restart does not help against these.
_FIX_BY_OPERATOR = {
    errno.EACCES: "give user {user} the right to read and write it, and its folder",
    errno.EPERM: "give user {user} the right to read and write it, and its folder",
    errno.EROFS: "make the file system writable, or set STATE_DIR to another folder",
    errno.EISDIR: "move it away, or set STATE_DIR to another folder",
    errno.EINVAL: "move it away, or set STATE_DIR to another folder",
    errno.ENOTDIR: "move away the file that is in place of a folder, or set STATE_DIR to another",
    errno.EEXIST: "move away the file that is in place of a folder, or set STATE_DIR to another",
    errno.ELOOP: "remove the link that leads back to itself",
    errno.ENAMETOOLONG: "set STATE_DIR to a shorter path",
}

#: The same for errors that may pass.
_FIX = {
    errno.ENOENT: "check that the folder exists, and where links lead to",
    errno.EMFILE: "raise the limit on open files (ulimit -n)",
    errno.ENFILE: "raise the host's limit on open files (fs.file-max)",
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some space, or raise the quota",
}


class OutboxError(Exception):
    """Raised when an outbox cannot be used. The text says why."""


class OutboxInUseError(OutboxError):
    """Raised when another process has the outbox open."""


class OutboxDamagedError(OutboxError):
    """Raised when the file turns out to be damaged. The next start sets it aside."""


class OutboxPlaceError(OutboxError):
    """Raised when no outbox can be at its path until an operator changes something."""


def check_kind(path: Path) -> None:
    """Raise OSError if there is something at *path* that is not a regular file."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "it is a directory")
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "it is not a regular file")


def check_unlocked(path: Path) -> None:
    """Raise OutboxInUseError if another process has the outbox at *path* open."""
    if (holder := _lock_holder(path)) is not None:
        raise _in_use(path, holder)


def cannot_open(path: Path, error: sqlite3.Error | OSError) -> OutboxError:
    """Return the exception to raise when opening the outbox at *path* has failed with *error*."""
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            return _in_use(path, _lock_holder(path) or 0)
        cause = _cause(path)
    else:
        cause = error
    if cause is None:
        return OutboxError(f"cannot use {path}, which is in STATE_DIR: {error}")
    number = cause.errno or 0
    where = f" ({cause.filename})" if cause.filename not in {None, str(path)} else ""
    advice = _FIX_BY_OPERATOR.get(number) or _FIX.get(number)
    text = f"cannot use {path}, which is in STATE_DIR: {cause.strerror or cause}{where}" + (
        f"; {advice.format(user=os.geteuid())}" if advice else ""
    )
    return OutboxPlaceError(text) if number in _FIX_BY_OPERATOR else OutboxError(text)


def newer_layout(path: Path, layout: int, known: int) -> OutboxPlaceError:
    """Return the exception to raise when a newer release has written the outbox at *path*."""
    return OutboxPlaceError(
        f"cannot use {path}, which is in STATE_DIR: a newer release has written it (its layout is"
        f" {layout}, this release supports {known}); upgrade, or move the file away, and send what"
        " is in it with the newer release"
    )


def _in_use(path: Path, holder: int) -> OutboxInUseError:
    who = f" (PID {holder})" if holder > 0 else ""
    return OutboxInUseError(f"another process{who} has {path} open")


def _lock_holder(path: Path) -> int | None:
    """Return the PID of the process that has *path* locked, 0 if that is hidden, None if none."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    # Closing it would release locks of this process on the file. It has none: it opens an outbox
    # once.
    try:
        wanted = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, _LOCKED_FROM, _LOCKED_BYTES, 0)
        found = struct.unpack(_FLOCK, fcntl.fcntl(descriptor, fcntl.F_GETLK, wanted))
    finally:
        os.close(descriptor)
    return None if found[0] == fcntl.F_UNLCK else max(found[4], 0)


def _cause(path: Path) -> OSError | None:
    """Return why the files of the outbox cannot be opened for writing, None if they can."""
    for name in (str(path), f"{path}-wal"):
        is_new = not os.path.lexists(name)
        try:
            os.close(os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        except OSError as error:
            return error
        if is_new:
            os.unlink(name)
    return None
