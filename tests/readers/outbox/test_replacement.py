"""A damaged outbox is replaced in steps: a kill, a lock or a full disk may come between."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from unittest.mock import Mock

import pytest

from common.chat_gap import GapReason
from readers.outbox import replacement
from readers.outbox.damage import damage_mark
from readers.outbox.database import Absence
from readers.outbox.errors import OutboxError
from readers.outbox.outbox import Outbox
from tests.readers.outbox.damages import (
    ACKNOWLEDGED,
    DAMAGES,
    LAST_MS,
    MAX_BYTES,
    MESSAGES,
    batch,
    fill,
    held,
    in_the_file,
    open_until_mended,
    overwrite,
    wal,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of an outbox that a kill left."""
    return tmp_path / "xqc.db"


class Killed(BaseException):
    """Raised in place of a kill."""


@contextmanager
def killed_after(renames: int) -> Iterator[None]:
    """Kill what replaces an outbox in this block before it renames one file more."""
    left = [renames]

    def rename(source: str, target: str) -> None:
        if not left[0]:
            raise Killed
        left[0] -= 1
        os.replace(source, target)

    with pytest.MonkeyPatch.context() as patch, suppress(Killed):
        patch.setattr("readers.outbox.replacement.os.rename", rename)
        yield


@pytest.mark.parametrize("renames", range(4))
def test_a_kill_while_the_outbox_is_replaced_loses_nothing(path: Path, renames: int) -> None:
    """The next start finishes it, or begins again."""
    fill(path)
    numbers = f"-numbers-{ACKNOWLEDGED + 5}-{MESSAGES}"
    path.with_name(f"{path.name}{numbers}").touch()
    DAMAGES["wrong layout"](path)
    with killed_after(renames):
        Outbox(path, "xqc", MAX_BYTES).close()
    outbox = Outbox(path, "xqc", MAX_BYTES)
    assert held(outbox) == list(range(ACKNOWLEDGED + 5, MESSAGES))
    assert outbox.absence() == Absence(LAST_MS, GapReason.RESTARTED)
    outbox.close()
    left_over = {file.name for file in path.parent.iterdir() if "set-aside" not in file.name}
    assert left_over == {path.name, f"{path.name}-safe-until"}
    aside = {re.sub(r".*set-aside-\d+", "", file.name) for file in path.parent.glob("*.set-*")}
    assert aside == {"", numbers}


def test_a_kill_before_anything_is_copied_loses_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new outbox, which is empty yet, does not take the place of one that is not there."""
    fill(path)
    DAMAGES["only the log is left"](path)
    with monkeypatch.context() as patch, suppress(Killed):
        patch.setattr(replacement, "Salvage", Mock(side_effect=Killed))
        Outbox(path, "xqc", MAX_BYTES)
    outbox = open_until_mended(path)
    assert held(outbox)[-1] == MESSAGES - 1
    outbox.close()


@pytest.mark.parametrize("renames", range(5))
def test_a_kill_does_not_hide_that_a_log_is_lost(path: Path, renames: int) -> None:
    """Without the log, the file alone is whole."""
    fill(path)
    DAMAGES["log overwritten"](path)
    with killed_after(renames):
        Outbox(path, "xqc", MAX_BYTES).close()
    outbox = Outbox(path, "xqc", MAX_BYTES)
    absence = outbox.absence()
    assert absence
    assert absence.reason is GapReason.DAMAGED
    outbox.close()
    left_over = {file.name for file in path.parent.iterdir() if "set-aside" not in file.name}
    assert left_over == {path.name, f"{path.name}-safe-until"}


def test_a_kill_does_not_move_the_time_of_the_damaged_files(path: Path) -> None:
    """The gap begins there if nothing else is known, as in an outbox of an older version."""
    fill(path)
    path.with_name(f"{path.name}-safe-until").unlink()
    os.truncate(path, 0)
    wal(path).write_bytes(b"")
    os.utime(path, (1_000, 1_000))
    with killed_after(renames=0):
        Outbox(path, "xqc", MAX_BYTES).close()
    outbox = Outbox(path, "xqc", MAX_BYTES)
    assert outbox.absence() == Absence(1_000_000, GapReason.DAMAGED)
    outbox.close()


def test_a_log_that_sqlite_would_delete_is_kept(path: Path) -> None:
    """It may hold unsent messages."""
    fill(path)
    DAMAGES["log overwritten"](path)
    content = wal(path).read_bytes()
    open_until_mended(path).close()
    (aside,) = path.parent.glob("*.set-aside-*-wal")
    assert aside.read_bytes() == content


def test_the_log_of_a_damaged_file_is_not_that_of_the_new_one(path: Path) -> None:
    """SQLite would apply it. Here it has no header of the file, so nothing can be read."""
    fill(path)
    in_the_file(0, 0)(path)
    outbox = Outbox(path, "xqc", MAX_BYTES)
    outbox.store_absence(Absence(LAST_MS + 1, GapReason.DROPPED))
    log = wal(path).read_bytes()
    outbox.close()
    path.write_bytes(b"no database" * 1000)
    wal(path).write_bytes(log)
    outbox = Outbox(path, "xqc", MAX_BYTES)
    outbox.append(batch(MESSAGES))
    outbox.close()
    outbox = Outbox(path, "xqc", MAX_BYTES)
    assert held(outbox) == [MESSAGES]
    outbox.close()


def test_a_damaged_outbox_that_is_open_stays_where_it_is(path: Path) -> None:
    """Another process may still write to it."""
    outbox = Outbox(path, "xqc", MAX_BYTES)
    overwrite(wal(path), 0, 32)
    program = (
        "import sys; from pathlib import Path; from readers.outbox.outbox import Outbox;"
        "Outbox(Path(sys.argv[1]), 'xqc', 10**9)"
    )
    second = subprocess.run(
        [sys.executable, "-c", program, path], check=False, capture_output=True, text=True
    )
    assert f"another process (PID {os.getpid()}) has {path} open" in second.stderr
    assert wal(path).exists()
    assert not damage_mark(path).exists()
    outbox.append(batch(1))
    outbox.close()


def test_a_full_disk_does_not_lose_what_could_be_read(path: Path) -> None:
    """The file stays in its place until there is room for the new one."""
    fill(path)
    DAMAGES["wrong layout"](path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(OutboxError, match="cannot use"):
            Outbox(path, "xqc", MAX_BYTES)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    outbox = Outbox(path, "xqc", MAX_BYTES)
    assert held(outbox) == list(range(ACKNOWLEDGED, MESSAGES))
    outbox.close()
