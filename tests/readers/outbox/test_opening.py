"""Opening an outbox: what it reads, and why it fails."""

from __future__ import annotations

import os
import re
import resource
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from common.frames import Batch, Kind, Record
from readers.outbox import file as outbox_file
from readers.outbox.errors import OutboxError, OutboxInUseError, OutboxPlaceError
from readers.outbox.outbox import Outbox
from tests.other_user import ordinary_user

MAX_BYTES = 10**9


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path for an outbox. Its folder does not exist yet."""
    return tmp_path / "outbox" / "xqc.db"


def bytes_read(path: Path) -> int:
    """Return how many bytes this process reads to open the outbox at *path*."""

    def total() -> int:
        return int(re.search(r"rchar: (\d+)", Path("/proc/self/io").read_text())[1])  # type: ignore[index]

    before = total()
    outbox = Outbox(path, "xqc", MAX_BYTES)
    read = total() - before
    outbox.close()
    return read


@pytest.mark.parametrize("boot", ["this boot", "another boot"])
@pytest.mark.parametrize("size", [200, 9_000], ids=["small batches", "large batches"])
def test_opening_reads_as_much_of_a_large_file_as_of_a_small_one(
    path: Path, monkeypatch: pytest.MonkeyPatch, size: int, boot: str
) -> None:
    """Chat is missed until the channel is joined, and that is after the outbox is opened."""
    read = []
    for batches in (20, 2_000):
        outbox = Outbox(path, "xqc", MAX_BYTES)
        for number in range(batches):
            outbox.append(Batch(Kind.CHAT, [Record(b"71", 1 + number, b"x" * size)]))
        outbox.close()
        if boot == "another boot":
            monkeypatch.setattr(outbox_file, "boot_id", lambda number=batches: str(number))
        read.append(bytes_read(path))
    small, large = read
    assert large < small + 40_000
    assert path.stat().st_size > 10 * large


def test_an_intact_outbox_is_not_set_aside_if_it_cannot_be_opened(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here because the disk is full, and the first start after a boot has to write to it."""
    with closing(Outbox(path, "xqc", MAX_BYTES)) as outbox:
        outbox.append(Batch(Kind.CHAT, [Record(b"71", 1, b"value")]))
        name = outbox.reader
    monkeypatch.setattr(outbox_file, "boot_id", lambda: "another boot")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        with pytest.raises(OutboxError, match="cannot use"):
            Outbox(path, "xqc", MAX_BYTES)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    with closing(Outbox(path, "xqc", MAX_BYTES)) as outbox:
        assert outbox.reader == name
        assert outbox.waiting == 1


def test_missing_folders_are_made(tmp_path: Path) -> None:
    """STATE_DIR may not be there yet."""
    Outbox(tmp_path / "state" / "outbox" / "xqc.db", "xqc", MAX_BYTES).close()


def test_only_the_user_can_read_a_new_outbox(path: Path) -> None:
    """It holds what was said before it is published."""
    Outbox(path, "xqc", MAX_BYTES).close()
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_another_process_that_has_it_open_is_named(path: Path) -> None:
    """Whatever program it is: here, one that only reads."""
    Outbox(path, "xqc", MAX_BYTES).close()
    program = (
        "import sqlite3, sys; database = sqlite3.connect(sys.argv[1]);"
        "database.execute('SELECT count(*) FROM batch').fetchone(); print(flush=True);"
        "sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout
        other.stdout.readline()
        with pytest.raises(OutboxInUseError, match=rf"process \(PID {other.pid}\) has .* open"):
            Outbox(path, "xqc", MAX_BYTES)
    Outbox(path, "xqc", MAX_BYTES).close()


def _file_for_the_folder(path: Path) -> None:
    path.parent.write_text("a file where the folder should be")


def _directory(path: Path) -> None:
    path.mkdir(parents=True)


def _directory_for_the_log(path: Path) -> None:
    Outbox(path, "xqc", MAX_BYTES).close()
    path.with_name(f"{path.name}-wal").mkdir()


def _fifo(path: Path) -> None:
    path.parent.mkdir()
    os.mkfifo(path)


def _circle(path: Path) -> None:
    path.parent.mkdir()
    path.symlink_to(path)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (_file_for_the_folder, "File exists .*; move away the file"),
        (_directory, "it is a directory; move it away"),
        (_directory_for_the_log, r"Is a directory \(.*-wal\); move it away"),
        (_fifo, "it is not a regular file; move it away"),
        (_circle, "Too many levels of symbolic links; remove the link"),
    ],
)
def test_what_only_an_operator_can_change_is_named(
    path: Path, make: Callable[[Path], None], reason: str
) -> None:
    """In one line: the path, the reason, and what to do."""
    make(path)
    with pytest.raises(OutboxPlaceError, match=rf"^cannot use .*xqc\.db, .*: {reason}"):
        Outbox(path, "xqc", MAX_BYTES)
    assert not list(path.parent.parent.rglob("*-damaged"))


@pytest.mark.parametrize("read_only", ["file", "folder"])
def test_a_wrong_permission_is_named(short_folder: Path, read_only: str) -> None:
    """Also if only the write-ahead log cannot be made."""
    path = short_folder / "outbox" / "xqc.db"
    Outbox(path, "xqc", MAX_BYTES).close()
    path.chmod(0o400 if read_only == "file" else 0o600)
    path.parent.chmod(0o700 if read_only == "file" else 0o500)
    where = "" if read_only == "file" else f" ({path}-wal)"
    with ordinary_user(short_folder):
        problem = (
            f"cannot use {path}, which is in STATE_DIR: Permission denied{where}; give user"
            f" {os.geteuid()} the right to read and write it, and its folder"
        )
        with pytest.raises(OutboxPlaceError, match=f"^{re.escape(problem)}$"):
            Outbox(path, "xqc", MAX_BYTES)


def test_a_limit_on_open_files_is_named(path: Path) -> None:
    """This may pass, so it is not one of the errors that only an operator can change."""
    Outbox(path, "xqc", MAX_BYTES).close()
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.dup(0)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, limits[1]))
    try:
        with pytest.raises(OutboxError, match=r"Too many open files; raise the limit") as raised:
            Outbox(path, "xqc", MAX_BYTES)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert not isinstance(raised.value, OutboxPlaceError)
