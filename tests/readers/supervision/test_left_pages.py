"""Pages of channels that are not read any more."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from common.settings import read_settings
from common.status.last_messages import messages_page
from common.status.page import StatusPage, read_page
from common.status.publisher_status import publisher_page
from common.status.reader_status import ReaderStatus, reader_page
from common.status.removed_readers import removed_readers_page
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
    pages = {path.name for path in (tmp_path / "status").iterdir()}
    assert pages == {"reader-xqc", "publisher", "removed-readers"}
    assert [path.name for path in (tmp_path / "messages").iterdir()] == ["xqc"]


def test_the_page_of_a_reader_that_runs_stays(tmp_path: Path) -> None:
    """Somebody may have started it by hand."""
    keeper = StatusKeeper("xqc", read_settings({"STATE_DIR": str(tmp_path)}))
    remove_left_pages(tmp_path, set())
    assert reader_page(tmp_path, "xqc").exists()
    keeper.on_stopped()
    remove_left_pages(tmp_path, set())
    assert not reader_page(tmp_path, "xqc").exists()


def count(folder: Path, channel: str, **counts: Any) -> None:
    """Leave the page of a reader that has counted *counts*."""
    page = StatusPage(reader_page(folder, channel), ReaderStatus)
    page.write(ReaderStatus(channel, **counts))
    page.close()


def sums(folder: Path) -> ReaderStatus:
    """Return what removed readers had counted."""
    return read_page(removed_readers_page(folder), ReaderStatus).status


def test_what_removed_readers_had_counted_is_kept(tmp_path: Path) -> None:
    """For sums over all channels, which must not fall. What waited is none of it."""
    count(tmp_path, "xqc", received=5, connects=1, waiting=2, dropped={"overflowed": 3})
    count(tmp_path, "shroud", received=7, gaps=2, gaps_by_reason={"startup": (2, 900)})
    remove_left_pages(tmp_path, {"shroud"})
    count(tmp_path, "forsen", received=11, gaps=1, gaps_by_reason={"startup": (1, 100)})
    remove_left_pages(tmp_path, set())
    found = sums(tmp_path)
    assert (found.channel, found.received, found.connects, found.gaps) == ("", 23, 1, 3)
    assert found.gaps_by_reason == {"startup": (3, 1000)}
    assert sum(found.dropped.values()) == 3
    assert found.waiting == 0


def test_a_removal_that_was_interrupted_is_counted_once(tmp_path: Path) -> None:
    """The sums have the page's counts already, and its name."""
    count(tmp_path, "xqc", received=5)
    interrupted = StatusPage(removed_readers_page(tmp_path), ReaderStatus)
    interrupted.write(ReaderStatus("xqc", received=8))
    interrupted.close()
    remove_left_pages(tmp_path, set())
    assert (sums(tmp_path).channel, sums(tmp_path).received) == ("", 8)


def test_a_page_that_stays_is_not_counted_twice(tmp_path: Path) -> None:
    """Its reader runs, and goes on counting."""
    keeper = StatusKeeper("xqc", read_settings({"STATE_DIR": str(tmp_path)}))
    keeper.on_connected()
    remove_left_pages(tmp_path, set())
    assert sums(tmp_path) == ReaderStatus()
    keeper.on_stopped()


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
