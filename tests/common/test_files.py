"""Files that are replaced atomically."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.files import OWNER_ONLY, replace_file


def test_a_file_is_created_with_its_mode(tmp_path: Path) -> None:
    """At no time can others read a secret file."""
    replace_file(tmp_path / "secret", b"content", OWNER_ONLY)
    assert (tmp_path / "secret").read_bytes() == b"content"
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600


def test_a_file_is_replaced_without_leftovers(tmp_path: Path) -> None:
    """No temporary file stays."""
    replace_file(tmp_path / "file", b"old")
    replace_file(tmp_path / "file", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_bytes() == b"new"


def test_a_failed_replacement_changes_nothing(tmp_path: Path) -> None:
    """No temporary file stays either."""
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        replace_file(tmp_path / "folder", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
