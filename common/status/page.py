"""
A status page: the figures of one process, in a file of the same host that is mapped to memory.

Writing it takes about a microsecond: no system call, no socket, no wake-up of another process. What
is written outlives the process, so a restarted one continues from it.

The file has two slots, which are written in turn. So one of them is whole even if the process is
killed while it writes. A slot has a sequence number, which is odd while the slot is written, the
length of its content, and a checksum, because a processor may reorder what is written. Its content
is msgpack. A field that is added at the end of the struct, with a default, needs no new version,
unless a sum is wrong without it: an older release would continue the other figures of the sum.

The bytes 12 to 15 say when the page was written last: Unix seconds, little-endian. So a script
can tell whether the process hangs, as deploy/container/healthcheck does.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import mmap
import os
import stat
import struct
import time
from binascii import crc32
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from common.files import OWNER_ONLY

#: The size of a page, in bytes.
PAGE_BYTES = 4096

#: What is written. A page of version 1 has no figures of events.
PAGE_VERSION = 2
#: A page of another version cannot be read.
_READABLE_VERSIONS = (1, PAGE_VERSION)

_MAGIC = b"TWSTATUS"
_HEADER = struct.Struct("<8sII")
_WRITTEN_AT = struct.Struct("<I")
_WRITTEN_AT_BYTE = 12
_SLOT = struct.Struct("<QII")
#: The first part of a slot.
_SEQUENCE = struct.Struct("<Q")

#: What a process locks while the page is open, and from its first write: until then, the page holds
#: what the last process wrote.
_OPEN_BYTE = 0
_WRITTEN_BYTE = 1

#: How often a page is read again of which both slots are being written.
_READS = 10

logger = logging.getLogger(__name__)

Status = TypeVar("Status", bound=msgspec.Struct)


class PageError(Exception):
    """Raised when a page cannot be read, with a text for the log."""


@dataclass(frozen=True)
class ReadPage(Generic[Status]):
    """What a page holds."""

    status: Status
    #: Whether the process that writes it is running.
    is_written: bool


class StatusPage(Generic[Status]):
    """The page at a path, for the one process that writes it."""

    def __init__(self, path: Path, kind: type[Status], size: int = PAGE_BYTES) -> None:
        """
        Open the page, and create it and its folder if they are missing.

        If that fails, what is written stays in memory and nobody sees it: a page is no reason to
        stop a process. A warning says why.
        """
        #: What the last process wrote, None if nothing can be read.
        self.previous: Status | None = None
        self._encoder = msgspec.msgpack.Encoder()
        self._size = size
        self._slot_bytes = (size - _HEADER.size) // 2
        self._is_too_large = False
        self._path = path
        self._writes = 0
        self._open(kind)

    def write(self, status: Status) -> None:
        """Replace what the page holds with *status*."""
        body = self._encoder.encode(status)
        length = len(body)
        if _SLOT.size + length > self._slot_bytes:
            self._log_too_large(length)
            return
        now_s = int(time.time())
        if now_s != self._checked_s:
            self._check(type(status), now_s)
        self._writes += 1
        page, sequence = self._map, 2 * self._writes
        start = _HEADER.size + self._writes % 2 * self._slot_bytes
        _SLOT.pack_into(page, start, sequence - 1, length, crc32(body))
        body_start = start + _SLOT.size
        page[body_start : body_start + length] = body
        _SEQUENCE.pack_into(page, start, sequence)
        _WRITTEN_AT.pack_into(page, _WRITTEN_AT_BYTE, now_s)
        if not self._is_told:
            self._tell()

    def write_over(self, status: Status) -> None:
        """Replace what the page holds with *status*, and leave nothing of it in the file."""
        for _ in range(2):  # each slot
            self.write(status)
            start = _HEADER.size + self._writes % 2 * self._slot_bytes
            _, length, _ = _SLOT.unpack_from(self._map, start)
            end = start + _SLOT.size + length
            rest = start + self._slot_bytes - end
            self._map[end : end + rest] = bytes(rest)

    def close(self) -> None:
        """Close the page; its process then counts as ended."""
        self._map.close()
        if self._descriptor >= 0:
            os.close(self._descriptor)

    def _open(self, kind: type[Status]) -> None:
        #: -1 if the page is in memory only.
        self._descriptor = -1
        #: Whether readers of the page know that its process is running.
        self._is_told = False
        #: When the file was looked at last, in Unix seconds.
        self._checked_s = int(time.time())
        try:
            self._map = self._opened(kind)
        except OSError as error:
            logger.warning(
                "cannot write the status page %s (%s): metrics and the live page lack this process",
                self._path,
                error.strerror,
            )
            self._map = mmap.mmap(-1, self._size)

    def _check(self, kind: type[Status], now_s: int) -> None:
        """
        Open the page again if somebody has removed its file or made it shorter.

        Otherwise nobody would see it, or writing to the map would kill the process. For each write,
        this would take too long.
        """
        self._checked_s = now_s
        if self._descriptor < 0:
            return
        found = os.fstat(self._descriptor)
        if not found.st_nlink or found.st_size < self._size:
            # This ends its locks, too.
            self.close()
            self._open(kind)

    def _tell(self) -> None:
        """Tell that this process is running, now that the page is not the last process's."""
        self._is_told = True
        if self._descriptor >= 0:
            _lock(self._descriptor, _WRITTEN_BYTE)

    def _opened(self, kind: type[Status]) -> mmap.mmap:
        size = self._size
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        descriptor = os.open(self._path, flags, OWNER_ONLY)
        try:
            _check_regular(descriptor)
            _lock(descriptor, _OPEN_BYTE)
            content = os.pread(descriptor, size, 0)
            # Without room for it on the disk, writing to the map would kill the process.
            os.posix_fallocate(descriptor, 0, size)
            mapped = mmap.mmap(descriptor, size)
        except BaseException:
            os.close(descriptor)
            raise
        try:
            self._writes, self.previous = _newest(content, kind, size)
        except PageError:
            mapped[:] = bytes(size)
        mapped[: _HEADER.size] = _HEADER.pack(_MAGIC, PAGE_VERSION, self._checked_s)
        # Its locks are held until the process ends, however it does.
        self._descriptor = descriptor
        return mapped

    def _log_too_large(self, length: int) -> None:
        if not self._is_too_large:
            self._is_too_large = True
            logger.warning(
                "%d bytes are too many for the status page %s: it stays as it was",
                length,
                self._path,
            )


def read_page(path: Path, kind: type[Status], size: int = PAGE_BYTES) -> ReadPage[Status]:
    """
    Return what the page at *path* holds, and whether its process is running.

    Raises PageError if it cannot be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise PageError(f"{path}: {error.strerror}") from None
    try:
        _check_regular(descriptor)
        # Before the content is read: it may be another process's otherwise.
        is_written = _is_locked(descriptor, _WRITTEN_BYTE)
        for attempt in range(_READS):
            try:
                content = os.pread(descriptor, size, 0)
                writes, status = _newest(content, kind, size)
                _check_not_overtaken(content, size, writes)
                return ReadPage(status, is_written)
            except PageError as error:
                if attempt == _READS - 1:
                    raise PageError(f"{path}: {error}") from None
    except OSError as error:
        raise PageError(f"{path}: {error.strerror}") from None
    finally:
        os.close(descriptor)
    raise AssertionError("the last attempt returns or raises")


def remove_page(path: Path) -> None:
    """
    Remove the page at *path* unless a process writes it.

    A warning says why if it cannot be removed.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return
    except OSError as error:
        _log_not_removed(path, error)
        return
    try:
        if not _is_locked(descriptor, _OPEN_BYTE):
            path.unlink()
    except OSError as error:
        _log_not_removed(path, error)
    finally:
        os.close(descriptor)


def _log_not_removed(path: Path, error: OSError) -> None:
    logger.warning("cannot remove the status page %s: %s", path, error.strerror)


def _newest(content: bytes, kind: type[Status], size: int) -> tuple[int, Status]:
    """Return which write the newest whole slot of *content* is from, and what it holds."""
    if len(content) < size or not content.startswith(_MAGIC):
        raise PageError("it is no status page")
    _, version, _ = _HEADER.unpack_from(content)
    if version not in _READABLE_VERSIONS:
        raise PageError(f"it has version {version}, not {PAGE_VERSION}")
    slot_bytes = (size - _HEADER.size) // 2
    sequence, body = max(_slot(content, start, slot_bytes) for start in _slot_starts(size))
    if not sequence:
        raise PageError("nothing whole is in it")
    try:
        return sequence // 2, msgspec.msgpack.decode(body, type=kind)
    # For invalid UTF-8, msgspec's msgpack decoder raises UnicodeDecodeError, not its own.
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise PageError(f"what it holds is wrong: {error}") from None


def _check_not_overtaken(content: bytes, size: int, writes: int) -> None:
    """
    Raise PageError if a later write than number *writes*, which was found, had begun and ended.

    It did while *content* was being read, and what was found may be older than what was read last
    time: counts would fall.
    """
    begun = max(_SEQUENCE.unpack_from(content, start)[0] for start in _slot_starts(size))
    if begun > 2 * writes + 2:
        raise PageError("it is written faster than it can be read")


def _slot_starts(size: int) -> tuple[int, int]:
    return _HEADER.size, _HEADER.size + (size - _HEADER.size) // 2


def _slot(content: bytes, start: int, slot_bytes: int) -> tuple[int, bytes]:
    """Return the sequence number and content of a slot; (0, b"") if it is not whole."""
    sequence, length, checksum = _SLOT.unpack_from(content, start)
    if sequence % 2 or length > slot_bytes - _SLOT.size:
        return 0, b""
    body = content[start + _SLOT.size : start + _SLOT.size + length]
    return (sequence, body) if crc32(body) == checksum else (0, b"")


def _check_regular(descriptor: int) -> None:
    """Raise OSError if *descriptor* is no regular file."""
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise OSError(errno.EINVAL, "it is no regular file")


def _lock(descriptor: int, byte: int) -> None:
    """Lock *byte* of the page as its writer. Raises OSError if another process writes it."""
    try:
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, _flock(fcntl.F_WRLCK, byte))
    except OSError as error:
        raise OSError(error.errno, "another process writes it") from None


def _is_locked(descriptor: int, byte: int) -> bool:
    answer = fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, _flock(fcntl.F_RDLCK, byte))
    kind: int = struct.unpack_from("h", answer)[0]
    return kind != fcntl.F_UNLCK


def _flock(kind: int, byte: int) -> bytes:
    """Return a `struct flock` for *byte* of the file: fcntl(2)."""
    return struct.pack("hhqqi4x", kind, os.SEEK_SET, byte, 1, 0)
