"""How a running reader keeps up with optout.conf."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from common.settings import SettingsError
from common.unix_time import unix_ms
from readers.opt_out.current_list import CurrentList
from readers.opt_out.file import OptOutList, read_opt_outs


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands still."""
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the file is to be."""
    return tmp_path / "optout.conf"


def opened(path: Path, clock: Clock) -> CurrentList:
    """Return the list of the file at *path*, long after whatever happened to that."""
    return CurrentList(path, clock, lambda: unix_ms() + 3_600_000)


def look(current: CurrentList, clock: Clock) -> bool:
    """Look again, a second later."""
    clock.now += 1.0
    return current.look()


def test_a_change_is_seen_within_a_second(path: Path, clock: Clock) -> None:
    """And no earlier: a look is a system call."""
    current = opened(path, clock)
    path.write_text("ann\n")
    clock.now += 0.9
    assert not current.look()
    clock.now += 0.1
    assert current.look()
    assert "ann" in current.people.logins
    assert not look(current, clock)
    path.write_text("ann\n123\n")
    assert look(current, clock)
    assert "123" in current.people.ids


def test_a_file_that_an_editor_replaces_is_another_one(path: Path, clock: Clock) -> None:
    """Also with the same size and time."""
    path.write_text("ann\n")
    current = opened(path, clock)
    status = path.stat()
    other = path.with_name("copy")
    other.write_text("bob\n")
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(path)
    assert look(current, clock)
    assert "bob" in current.people.logins
    assert "ann" not in current.people.logins


def test_a_link_is_followed(path: Path, clock: Clock) -> None:
    """As Kubernetes changes a ConfigMap."""
    for name in ("ann", "bob"):
        path.with_name(name).write_text(f"{name}\n")
    path.symlink_to("ann")
    current = opened(path, clock)
    path.unlink()
    path.symlink_to("bob")
    assert look(current, clock)
    assert "bob" in current.people.logins


def test_a_file_that_is_being_written_waits(path: Path, clock: Clock) -> None:
    """An editor may have emptied it, to write it a moment later."""
    path.write_text("ann\n")
    since_change_ms = 3_600_000
    current = CurrentList(path, clock, lambda: path.stat().st_ctime_ns // 10**6 + since_change_ms)
    path.write_text("")
    since_change_ms = 100
    assert not look(current, clock)
    path.write_text("ann\nbob\n")
    since_change_ms = 300
    assert look(current, clock)
    assert current.people.people == 2


def test_what_was_read_while_it_was_written_is_read_again(path: Path, clock: Clock) -> None:
    """A reader that starts does not wait. The file's time may be too coarse to show a change."""
    path.write_text("ann\n")
    since_change_ms = 0
    current = CurrentList(path, clock, lambda: path.stat().st_ctime_ns // 10**6 + since_change_ms)
    assert current.people.people == 1
    since_change_ms = 300
    assert look(current, clock)
    assert not look(current, clock)


def test_an_empty_file_counts_at_the_second_look(path: Path, clock: Clock) -> None:
    """An editor may be about to write it: its time tells that only when it has emptied it."""
    path.write_text("ann\n")
    current = opened(path, clock)
    path.write_text("")
    assert not look(current, clock)
    path.write_text("ann\nbob\n")
    assert look(current, clock)
    assert "ann" in current.people.logins
    path.write_text("")
    assert not look(current, clock)
    assert look(current, clock)
    assert current.people.people == 0


def test_a_file_that_changes_while_it_is_read_is_read_again(
    path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read may be a part of it, or nothing."""
    path.write_text("ann\n")
    current = opened(path, clock)
    path.write_text("ann\nbob\n")

    def read(path: Path) -> OptOutList:
        path.write_text("")
        return read_opt_outs(path)

    monkeypatch.setattr("readers.opt_out.current_list.read_opt_outs", read)
    assert not look(current, clock)
    assert "ann" in current.people.logins
    monkeypatch.undo()
    path.write_text("bob\n")
    assert look(current, clock)
    assert "bob" in current.people.logins


@pytest.mark.parametrize("content", ["ann\n123\n", ""])
def test_without_the_file_the_last_list_holds(
    path: Path, clock: Clock, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    """That is said once. When the file is there again, it counts."""
    path.write_text(content)
    current = opened(path, clock)
    people = current.people
    path.unlink()
    assert not any(look(current, clock) for _ in range(3))
    assert current.people is people
    warnings = [record for record in caplog.records if record.levelname == "WARNING"]
    assert len(warnings) == (1 if content else 0)
    path.write_text("bob\n")
    assert look(current, clock)
    assert "bob" in current.people.logins
    path.unlink()
    look(current, clock)
    assert "the last list still holds (entries: 1)" in caplog.messages[-1]


def test_a_file_that_cannot_be_read_any_more_is_an_error(
    path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """Said once; the last list holds."""
    path.write_text("ann\n")
    current = opened(path, clock)
    path.unlink()
    path.mkdir()
    assert not any(look(current, clock) for _ in range(3))
    assert "ann" in current.people.logins
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    path.rmdir()
    path.write_text("ann\n")
    assert look(current, clock)


def test_without_a_file_nobody_has_opted_out(
    path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is said about that. In a container, there is a link to where it may be later."""
    path.symlink_to("later")
    current = opened(path, clock)
    assert not look(current, clock)
    assert current.people.people == 0
    assert caplog.messages == []
    path.with_name("later").write_text("ann\n")
    assert look(current, clock)


def test_nothing_is_recorded_while_it_is_not_known_who_must_not_be(
    path: Path, clock: Clock
) -> None:
    """The error is one that a restart does not mend."""
    path.mkdir()
    with pytest.raises(SettingsError, match=r"cannot read .*optout\.conf"):
        opened(path, clock)


def test_a_wrong_line_is_named_by_its_number(
    path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """What is in it may be somebody's name. Many are only counted."""
    path.write_text("ann\nsecret name\n")
    opened(path, clock)
    assert caplog.messages == [f"line 2 of {path} is neither an id nor a login, and is ignored"]
    caplog.clear()
    path.write_text("secret name\n" * 100)
    opened(path, clock)
    assert len(caplog.messages) == 11
    assert f"90 more lines of {path} are wrong" in caplog.messages
    assert "secret" not in caplog.text
