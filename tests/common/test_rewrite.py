"""A file that is rewritten: replaced where that is possible, else written in place."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from common.rewrite import copies, rewrite_file
from tests.full_disk import largest_file
from tests.other_user import as_other_user, give_to_other_user

#: With a name of this length, no copy can be beside a file: the copy's name would be too long.
_LONGEST_NAME = 255


@pytest.fixture
def alone(tmp_path: Path) -> Path:
    """Return a file with the content `12345678` that can have no copy beside it."""
    path = tmp_path / ("x" * _LONGEST_NAME)
    path.write_bytes(b"12345678")
    return path


def open_descriptors() -> list[str]:
    return os.listdir("/proc/self/fd")


def test_a_file_is_replaced_by_one_from_its_own_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only within a file system can a file be renamed; the folder for other files may be away."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "away"))
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with path.open("rb") as old:
        rewrite_file(path, b"new")
        assert old.read() == b"old"
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("content", [b"1", b"abcdefgh", b"abcdefghijk", b""])
def test_a_file_that_can_have_no_copy_is_written_in_place(alone: Path, content: bytes) -> None:
    """It gets longer or shorter, and is closed."""
    before = open_descriptors()
    with alone.open("rb") as same:
        rewrite_file(alone, content)
        assert same.read() == content
    assert open_descriptors() == before


def test_a_file_that_cannot_be_written_is_left_as_it_was(tmp_path: Path) -> None:
    """No copy stays beside it."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with largest_file(0), pytest.raises(OSError, match="File too large"):
        rewrite_file(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_a_write_in_place_that_is_cut_short_is_an_error(alone: Path) -> None:
    """The system writes what it has room for, and says that only in the next call."""
    with largest_file(4), pytest.raises(OSError, match="File too large"):
        rewrite_file(alone, b"abcdefgh")


def test_a_folder_cannot_be_rewritten(tmp_path: Path) -> None:
    """It can neither be replaced nor be written in place. No copy stays beside it."""
    path = tmp_path / "folder"
    path.mkdir()
    with pytest.raises(IsADirectoryError):
        rewrite_file(path, b"new")
    assert os.listdir(tmp_path) == ["folder"]


def test_a_file_is_replaced_in_a_folder_that_may_not_be_read(short_folder: Path) -> None:
    """The folder cannot be opened to put the new name on the disk."""
    path = short_folder / "file"
    path.touch()
    rewrite_file(path, b"old")
    give_to_other_user(path)
    short_folder.chmod(0o333)
    as_other_user(lambda: rewrite_file(path, b"new"))
    assert path.read_bytes() == b"new"


def test_copies_are_listed_from_the_newest_to_the_oldest(tmp_path: Path) -> None:
    """Other files are not among them, nor a link to nothing."""
    path = tmp_path / "file"
    for name, moment in ((".file.a", 1), (".file.b", 3), (".file.c", 2), ("file", 4), (".file", 5)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (moment, moment))
    (tmp_path / ".file.link").symlink_to(tmp_path / "nothing")
    assert [copy.name for copy in copies(path)] == [".file.b", ".file.c", ".file.a"]
