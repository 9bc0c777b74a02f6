"""What can be at the path of a token store other than a login."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec

from tests.common.store_writers import TOKEN


def _content(content: bytes) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.touch(0o600)
        path.write_bytes(content)

    return write


def _fields(**changes: object) -> Callable[[Path], None]:
    fields = {"version": 1, **msgspec.to_builtins(TOKEN)}
    return _content(json.dumps(fields | changes).encode())


def _public(path: Path) -> None:
    path.touch()
    path.chmod(0o644)


#: Each function makes such a thing at a path where there is nothing.
ODD_STORES: dict[str, Callable[[Path], None]] = {
    "empty": _content(b""),
    "not UTF-8": _content('{"login": "bött"}'.encode("utf-16")),
    "latin-1": _content(json.dumps({"version": 1, "login": "x"}).encode().replace(b"x", b"\xe9")),
    "half a login": _content(b'{"version": 1, "access_tok'),
    "NUL": _content(b"\0" * 4096),
    "deep": _content(b'{"version": 1, "x": ' + b"[" * 500_000),
    "huge": _content(b'{"version": 1, "x": "' + b"x" * 3_000_000 + b'"}'),
    "another program's": _content(b'{"accessToken": "x"}'),
    "a list": _content(b"[1]"),
    "version 0": _fields(version=0),
    "version 2": _fields(version=2),
    "a version in words": _fields(version="1"),
    "no date": _fields(expires_at=1e300),
    "before all dates": _fields(obtained_at=-1),
    "a number as token": _fields(access_token=5),
    "a folder": lambda path: path.mkdir(0o700),
    "a FIFO": lambda path: os.mkfifo(path, 0o600),
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a link to itself": lambda path: path.symlink_to(path),
    "readable for others": _public,
}


def remove(path: Path) -> None:
    """Remove what is at *path*."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
