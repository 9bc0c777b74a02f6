"""The words for why an outbox cannot be opened."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

import pytest

from readers.outbox.errors import (
    OutboxError,
    OutboxInUseError,
    OutboxPlaceError,
    cannot_open,
    check_kind,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of an outbox that is not there."""
    return tmp_path / "xqc.db"


def test_an_error_without_advice_is_quoted(path: Path) -> None:
    """Whether it has a number or not."""
    text = f"cannot use {path}, which is in STATE_DIR: "
    for error, why in ((OSError(errno.EIO, "I/O error"), "I/O error"), (OSError("odd"), "odd")):
        reason = cannot_open(path, error)
        assert type(reason) is OutboxError
        assert str(reason) == text + why


def test_the_user_who_needs_a_right_is_named(path: Path) -> None:
    """A restart does not help against that."""
    reason = cannot_open(path, PermissionError(errno.EACCES, "Permission denied", str(path)))
    assert type(reason) is OutboxPlaceError
    assert f"Permission denied; give user {os.geteuid()} the right to" in str(reason)


@pytest.mark.parametrize("exists", [False, True])
def test_an_error_of_sqlite_without_a_cause_is_quoted(path: Path, exists: bool) -> None:
    """The search for a cause changes no file."""
    if exists:
        path.write_bytes(b"content")
    reason = cannot_open(path, sqlite3.OperationalError("odd"))
    assert str(reason) == f"cannot use {path}, which is in STATE_DIR: odd"
    assert [file.name for file in path.parent.iterdir()] == [path.name] * exists
    assert not exists or path.read_bytes() == b"content"


def test_a_holder_that_cannot_be_seen_is_not_named(path: Path) -> None:
    """For example one in another container."""
    error = sqlite3.OperationalError("database is locked")
    error.sqlite_errorcode = sqlite3.SQLITE_BUSY
    reason = cannot_open(path, error)
    assert type(reason) is OutboxInUseError
    assert str(reason) == f"another process has {path} open"


def test_something_that_is_no_file_is_named(path: Path) -> None:
    """With what to do about it."""
    path.mkdir()
    with pytest.raises(OSError, match="it is a directory") as raised:
        check_kind(path)
    assert str(cannot_open(path, raised.value)) == (
        f"cannot use {path}, which is in STATE_DIR: it is a directory; move it away, or set"
        " STATE_DIR to another folder"
    )
