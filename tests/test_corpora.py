"""Which recorded lines the tests read, and how."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.corpora import NoRecordingsError, own_recordings, recorded_lines, recordings


def test_without_a_folder_the_recordings_are_the_repositorys_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An empty CHAT_CORPORA counts as unset."""
    monkeypatch.setenv("CHAT_CORPORA", "")
    assert recordings() == own_recordings()
    assert recordings()


def test_a_folder_adds_its_recordings_without_comments_and_sources(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What stands before a TAB is the line's source, unless the line is a raw one."""
    more = tmp_path / "more.txt"
    more.write_bytes(b"# made up\na library\t:tmi.twitch.tv PING\n:a!a@a PRIVMSG #b :c\td\nPING\n")
    monkeypatch.setenv("CHAT_CORPORA", str(tmp_path))
    assert recordings() == [*own_recordings(), more]
    assert recorded_lines(more) == [b":tmi.twitch.tv PING", b":a!a@a PRIVMSG #b :c\td", b"PING"]


@pytest.mark.parametrize(("folder", "reason"), [("none", "not a folder"), ("", "without record")])
def test_a_folder_without_recordings_is_an_error_that_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folder: str, reason: str
) -> None:
    """A wrong CHAT_CORPORA fails the collection and skips nothing."""
    monkeypatch.setenv("CHAT_CORPORA", str(tmp_path / folder))
    with pytest.raises(NoRecordingsError, match=f"CHAT_CORPORA is .*{reason}"):
        recordings()
