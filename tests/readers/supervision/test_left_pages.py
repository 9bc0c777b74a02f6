"""Pages of channels that are not read any more."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from common.settings import read_settings
from common.status.last_messages import messages_page
from common.status.publisher_status import publisher_page
from common.status.reader_status import reader_page
from readers.message_keeper import MessageKeeper
from readers.status_keeper import StatusKeeper
from readers.supervision.left_pages import remove_left_pages


def leave_pages(folder: Path, channel: str) -> None:
    """Leave what a reader of *channel* does."""
    StatusKeeper(channel, read_settings({"STATE_DIR": str(folder)})).on_stopped()
    MessageKeeper(folder, channel).close()


def test_only_other_channels_lose_their_pages(tmp_path: Path) -> None:
    """So do those of an earlier version. The publisher's stays."""
    leave_pages(tmp_path, "xqc")
    leave_pages(tmp_path, "shroud")
    reader_page(tmp_path, "forsen").write_bytes(b"of another version")
    publisher_page(tmp_path).touch()
    remove_left_pages(tmp_path, {"xqc"})
    assert {path.name for path in (tmp_path / "status").iterdir()} == {"reader-xqc", "publisher"}
    assert [path.name for path in (tmp_path / "messages").iterdir()] == ["xqc"]


def test_the_page_of_a_reader_that_runs_stays(tmp_path: Path) -> None:
    """Somebody may have started it by hand."""
    keeper = StatusKeeper("xqc", read_settings({"STATE_DIR": str(tmp_path)}))
    remove_left_pages(tmp_path, set())
    assert reader_page(tmp_path, "xqc").exists()
    keeper.on_stopped()
    remove_left_pages(tmp_path, set())
    assert not reader_page(tmp_path, "xqc").exists()


def test_what_cannot_be_removed_fails_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A warning names it; everything else is removed."""
    leave_pages(tmp_path, "xqc")
    reader_page(tmp_path, "a_folder").mkdir()
    messages_page(tmp_path, "a_link").symlink_to(tmp_path / "target")
    os.mkfifo(messages_page(tmp_path, "a_pipe"))
    (tmp_path / "target").touch()
    remove_left_pages(tmp_path, set())
    assert "a_folder: Is a directory" in caplog.text
    assert "a_link: Too many levels of symbolic links" in caplog.text
    assert not reader_page(tmp_path, "xqc").exists()
    assert not messages_page(tmp_path, "xqc").exists()
    assert (tmp_path / "target").exists()


def test_there_need_be_no_pages(tmp_path: Path) -> None:
    """No reader has run yet, or a file is in place of a folder."""
    remove_left_pages(tmp_path, set())
    (tmp_path / "status").touch()
    (tmp_path / "messages").touch()
    remove_left_pages(tmp_path, set())
