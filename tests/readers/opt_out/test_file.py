"""What optout.conf names."""

from __future__ import annotations

from pathlib import Path

import pytest

from readers.opt_out.file import MAX_BYTES, read_opt_outs


def test_a_line_is_an_id_or_a_login(tmp_path: Path) -> None:
    """With comments and blank lines, whatever the case; with an @ or without."""
    path = tmp_path / "optout.conf"
    path.write_text("# asked us\n\n  123 # by mail\r\nAnn_1\n@BOB\n@456\ncarl#x")
    people = read_opt_outs(path)
    assert all(entry in people.ids for entry in ("123", "456"))
    assert all(entry in people.logins for entry in ("ann_1", "bob", "carl"))
    assert (people.people, people.wrong_lines) == (5, ())
    assert "123" not in people.logins


@pytest.mark.parametrize("line", ["ann bob", "ann,bob", "é", "@", "a" * 26, "\0", "ann/", "@@ann"])
def test_a_wrong_line_is_left_out(tmp_path: Path, line: str) -> None:
    """It is known by its number; the other lines count."""
    path = tmp_path / "optout.conf"
    path.write_text(f"ann\n{line}\nbob\n")
    people = read_opt_outs(path)
    assert (people.people, people.wrong_lines) == (2, (2,))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_any_editor_may_have_saved_it(tmp_path: Path, encoding: str) -> None:
    """A comment that is not UTF-8 is no reason to let anybody be recorded."""
    path = tmp_path / "optout.conf"
    path.write_bytes("# né\r\nann\r\n123\r\n".encode(encoding))
    people = read_opt_outs(path)
    assert "ann" in people.logins
    assert "123" in people.ids
    assert people.wrong_lines == ()


def test_a_large_list_is_read(tmp_path: Path) -> None:
    """Of 100,000 people."""
    path = tmp_path / "optout.conf"
    path.write_text(
        "".join(f"{number + 10**8}\nlogin_of_somebody_{number}\n" for number in range(50_000))
    )
    people = read_opt_outs(path)
    assert people.people == 100_000
    assert str(10**8 + 49_999) in people.ids
    assert "login_of_somebody_0" in people.logins


def test_a_file_that_is_something_else_is_not_read(tmp_path: Path) -> None:
    """A folder, or a log of megabytes."""
    with pytest.raises(OSError, match="regular file"):
        read_opt_outs(tmp_path)
    path = tmp_path / "optout.conf"
    path.write_bytes(b"x" * (MAX_BYTES + 1))
    with pytest.raises(OSError, match="too large"):
        read_opt_outs(path)
