"""
Small files: replaced atomically, so that nothing ever reads a partial one, even after a crash; read
without waiting, whatever is at their path.
"""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from pathlib import Path

OWNER_ONLY = 0o600


def replace_file(path: Path, content: bytes, mode: int = 0o644, *, sync: bool = True) -> None:
    """
    Replace the file at *path* with *content* and the permissions *mode*. Its folder must exist.

    With *sync*, the content is on the disk before the rename, and the rename is on the disk when
    this returns. Without it, a crash of the host may leave the old file or an empty one. Raises
    OSError if the file cannot be written; the old file is then unchanged.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            if sync:
                os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
    if sync:
        sync_directory(path.parent)


def read_small_file(path: Path, largest: int) -> bytes:
    """
    Return the content of the file at *path*.

    Raises OSError if it cannot be read, has more than *largest* bytes, or is no regular file. It
    does not wait for the other end of a pipe.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        status = os.fstat(descriptor)
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
