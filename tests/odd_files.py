"""What can be at a path instead of the file that a program expects."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType


def _garbage(path: Path) -> None:
    path.write_bytes(b"garbage")


def _not_utf8(path: Path) -> None:
    path.write_bytes(b"\xff\xfe\x00\xd8{\x80")


def _not_utf8_in_a_string(path: Path) -> None:
    path.write_bytes(b'{"version": 1, "boot": "\xff", "public_key": "\xff", "taken": []}')


def _nuls(path: Path) -> None:
    path.write_bytes(bytes(512))


def _empty(path: Path) -> None:
    path.touch()


def _truncated(path: Path) -> None:
    path.write_bytes(b'{"version": 1, "boot": "a", "public_key": "0123')


def _huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(2**40)


def _deep(path: Path) -> None:
    path.write_bytes(b'{"version": 1, "x": ' + 4000 * b"[")


def _directory(path: Path) -> None:
    path.mkdir()


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


def _dangling_link(path: Path) -> None:
    path.symlink_to("nowhere")


def _link_to_itself(path: Path) -> None:
    path.symlink_to(path.name)


def _unreadable(path: Path) -> None:
    path.write_bytes(b"{}")
    path.chmod(0)


def _in_a_read_only_folder(path: Path) -> None:
    path.write_bytes(b"garbage")
    path.chmod(0o600)
    path.parent.chmod(0o500)


def _in_an_unreadable_folder(path: Path) -> None:
    path.parent.chmod(0)


def _in_a_file(path: Path) -> None:
    path.parent.rmdir()
    path.parent.touch()


OddFile = Callable[[Path], None]

#: Each function puts such a thing at a path in an empty folder.
ODD_FILES: list[OddFile] = [
    _garbage,
    _not_utf8,
    _not_utf8_in_a_string,
    _nuls,
    _empty,
    _truncated,
    _huge,
    _deep,
    _directory,
    _pipe,
    _socket,
    _dangling_link,
    _link_to_itself,
    _unreadable,
    _in_a_read_only_folder,
    _in_an_unreadable_folder,
    _in_a_file,
]


@contextmanager
def not_waiting(within_s: int = 60) -> Iterator[None]:
    """Fail with TimeoutError if what runs meanwhile takes longer: it waits for a pipe."""

    def fail(_number: int, _frame: FrameType | None) -> None:
        raise AssertionError(f"still waiting after {within_s} s")

    before = signal.signal(signal.SIGALRM, fail)
    signal.alarm(within_s)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
