"""The check of STATE_DIR."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from common.settings import read_settings
from tests.full_disk import largest_file
from tests.other_user import as_other_user, give_to_other_user
from tests.twitch_ingestion.check.conftest import Check
from twitch_ingestion.check import disk
from twitch_ingestion.check.disk import check_disk
from twitch_ingestion.check.findings import OK, WARNING, WRONG
from twitch_ingestion.check.host import Host

_IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a tmpfs on each Linux


def _found(state: Path, level: str, channels: int = 1, **settings: str) -> list[str]:
    """Return what the check of *state* finds, at *level*."""
    read = read_settings({"STATE_DIR": str(state), **settings})
    names = tuple(f"channel{number}" for number in range(channels))
    host = Host(read, frozenset(), names)
    return [finding.text for finding in check_disk(host) if finding.level == level]


def test_the_room_is_compared_with_what_outboxes_may_take(tmp_path: Path) -> None:
    """With the figures, and what would fit."""
    assert _found(tmp_path, WARNING, OUTBOX_MAX_BYTES=str(1024**2)) == []
    (text,) = _found(tmp_path, WARNING, channels=1000, OUTBOX_MAX_BYTES=str(1024**4))
    assert "the outboxes of 1000 channels may take 1024000.0 GiB more" in text
    fitting = int(text.split("at most ")[1].split(",")[0])
    status = os.statvfs(tmp_path)
    assert fitting == pytest.approx(status.f_bavail * status.f_frsize / 1000, rel=0.1)


def test_what_is_in_outboxes_already_counts(tmp_path: Path) -> None:
    """It is part of what they may take."""
    (tmp_path / "outbox").mkdir()
    with (tmp_path / "outbox" / "channel0.db").open("wb") as file:
        file.truncate(3 * 1024**3)
    (text,) = _found(tmp_path, OK, channels=1, OUTBOX_MAX_BYTES=str(4 * 1024**3))
    assert text.endswith("outboxes may take 1.0 GiB more")


def test_a_folder_that_does_not_exist_yet_is_checked_where_it_would_be(tmp_path: Path) -> None:
    """And is not created."""
    assert _found(tmp_path / "a" / "b", WRONG) == []
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_another_user_is_wrong(short_folder: Path) -> None:
    """Also one whose outboxes root has written."""
    short_folder.chmod(0o755)

    def may_not_write() -> None:
        (text,) = _found(short_folder, WRONG)
        assert "may not write to" in text
        assert "belongs to user 0" in text

    as_other_user(may_not_write)
    outboxes = short_folder / "outbox"
    outboxes.mkdir(mode=0o755)
    (outboxes / "xqc.db").touch(0o600)
    give_to_other_user(short_folder)
    give_to_other_user(outboxes)

    def may_not_write_an_outbox() -> None:
        (text,) = _found(short_folder, WRONG)
        assert "may not write 1 files in" in text
        assert "xqc.db" in text

    as_other_user(may_not_write_an_outbox)


def test_what_is_no_folder_is_wrong(tmp_path: Path) -> None:
    """A file, and a link to nothing."""
    (tmp_path / "file").touch()
    (text,) = _found(tmp_path / "file", WRONG)
    assert "is not a folder" in text
    (tmp_path / "link").symlink_to("nowhere")
    (text,) = _found(tmp_path / "link", WRONG)
    assert "is a link to nowhere, which does not exist" in text


def test_a_disk_on_which_sqlite_cannot_write_is_wrong(tmp_path: Path) -> None:
    """Such as a full one."""
    with largest_file(0):
        (text,) = _found(tmp_path, WRONG)
    assert "SQLite cannot write to" in text
    assert list(tmp_path.iterdir()) == []


def test_a_state_in_memory_is_a_warning(check: Check) -> None:
    """What Kafka has not confirmed would be lost with it."""
    if not os.access(_IN_MEMORY, os.W_OK):
        pytest.skip("there is no tmpfs to write to")
    folder = _IN_MEMORY / "no-such-folder"
    checked = check(STATE_DIR=str(folder))
    assert any("in memory (tmpfs)" in text for text in checked.texts("disk", "warning"))
    assert not folder.exists()


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "9p"])
def test_a_state_on_a_network_file_system_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Of mounts of the same device, the last one counts: it hides the others."""
    device = os.stat(tmp_path).st_dev
    mounts = tmp_path / "mountinfo"
    line = f"1 2 {os.major(device)}:{os.minor(device)} / / rw shared:1 - {{}} server:/ rw\n"
    mounts.write_text(line.format("ext4") + line.format(kind))
    monkeypatch.setattr(disk, "_MOUNTS", mounts)
    (text,) = _found(tmp_path, WARNING)
    assert f"STATE_DIR is on a network file system ({kind})" in text


def test_too_few_inodes_are_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system without a fixed number says 0, which is no problem."""
    fields = list(os.statvfs(tmp_path))
    for total, left, warned in ((100, 8, True), (100, 9, False), (0, 0, False)):
        fields[5], fields[7] = total, left
        monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result(fields))
        texts = _found(tmp_path, WARNING, channels=3, OUTBOX_MAX_BYTES=str(1024**2))
        assert any("inodes left, and 3 channels need 9" in text for text in texts) == warned


@pytest.mark.parametrize("kind", ["file", "fifo", "link"])
def test_what_is_in_place_of_the_outboxes_is_wrong(tmp_path: Path, kind: str) -> None:
    """No reader could start."""
    path = tmp_path / "outbox"
    if kind == "file":
        path.touch()
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to(tmp_path / "missing")
    (text,) = _found(tmp_path, WRONG)
    assert f"{path} is " in text
