"""Replaces files atomically: nothing ever reads a partial file, even after a crash."""

from __future__ import annotations

import os
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
        _sync_directory(path.parent)


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
