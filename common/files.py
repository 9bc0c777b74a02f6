"""
Small files: replaced atomically, so that nothing ever reads a partial one, even after a crash; read
without waiting, whatever is at their path.
"""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

OWNER_ONLY = 0o600


def replace_file(path: Path, content: bytes, mode: int = 0o644, *, sync: bool = True) -> None:
    """
    Replace the file at *path* with *content* and the permissions *mode*. Its folder must exist.

    With *sync*, the content is on the disk before the rename, and the rename is on the disk when
    this returns. Without it, a crash of the host may leave the old file or an empty one. Raises
    OSError if the file cannot be written; the old file is then unchanged.
    """
    copy = write_beside(path, content, mode, sync=sync)
    try:
        os.replace(copy, path)
    except BaseException:
        os.unlink(copy)
        raise
    if sync:
        sync_directory(path.parent)


def write_beside(
    path: Path,
    content: bytes,
    mode: int,
    *,
    sync: bool = True,
    prepare: Callable[[int], object] = lambda _: None,
) -> Path:
    """
    Return a new file with *content* and the permissions *mode*, in the folder of *path*.

    *prepare* is called with its descriptor before anything is in it. With *sync*, the content is on
    the disk. Raises OSError if the file cannot be written; there is none then.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            prepare(descriptor)
            os.fchmod(descriptor, mode)
            file.write(content)
            file.flush()
            if sync:
                os.fsync(descriptor)
    except BaseException:
        os.unlink(name)
        raise
    return Path(name)


def read_small_file(
    path: Path, largest: int, check: Callable[[os.stat_result], object] = lambda _: None
) -> bytes:
    """
    Return the content of the file at *path*.

    Raises OSError if it cannot be read, has more than *largest* bytes, or is no regular file. It
    does not wait for the other end of a pipe. *check* is called before that with the status of the
    open file, because the path may lead to another file by now; what it raises is passed on.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        status = os.fstat(descriptor)
        check(status)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "Not a regular file", str(path))
        if status.st_size > largest:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
        return os.read(descriptor, largest)
    finally:
        os.close(descriptor)


def sync_directory(path: Path) -> None:
    """Put the names in the folder at *path* on the disk. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
