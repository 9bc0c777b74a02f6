"""Reads a small file that somebody else wrote, whatever is at its path."""

from __future__ import annotations

import os
import stat
from pathlib import Path


class UnreadableFileError(Exception):
    """Raised when a file cannot be read. The text says which file it is, and why."""


def read_regular_file(path: Path, largest_bytes: int) -> bytes | None:
    """
    Return the content of the file at *path*, or None if there is nothing at *path*.

    Never waits, also if *path* is a named pipe. The null device is an empty file. Raises
    UnreadableFileError if the file cannot be read, is larger than *largest_bytes*, or is not a
    regular file.
    """
    try:
        # O_NONBLOCK: otherwise, opening a named pipe waits until something writes to it.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        if path.is_symlink():
            raise UnreadableFileError(
                f"{path} is a link to {os.readlink(path)}, which does not exist"
            ) from None
        return None
    except OSError as error:
        raise UnreadableFileError(f"{path} cannot be read: {error.strerror}") from None
    try:
        return _content(path, descriptor, largest_bytes)
    except OSError as error:
        raise UnreadableFileError(f"{path} cannot be read: {error.strerror}") from None
    finally:
        os.close(descriptor)


def _content(path: Path, descriptor: int, largest_bytes: int) -> bytes:
    status = os.fstat(descriptor)
    if stat.S_ISCHR(status.st_mode) and status.st_rdev == os.stat(os.devnull).st_rdev:
        return b""
    if not stat.S_ISREG(status.st_mode):
        raise UnreadableFileError(f"{path} is {_kind(status.st_mode)}, not a file")
    parts = []
    left = largest_bytes + 1
    while left > 0 and (part := os.read(descriptor, left)):
        parts.append(part)
        left -= len(part)
    if left <= 0:
        raise UnreadableFileError(f"{path} is larger than {largest_bytes} bytes")
    return b"".join(parts)


def _kind(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a directory"
    return "a named pipe" if stat.S_ISFIFO(mode) else "a device"
