"""
Recorded lines of Twitch's chat: the repository's own, and more with `CHAT_CORPORA=DIR`.

`tests/recordings/README.md` describes both folders.
"""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path
from typing import Any

import msgspec
import pytest

from common.chat_message import ChatMessage

OWN_RECORDINGS = Path(__file__).with_name("recordings")

_VARIABLE = "CHAT_CORPORA"

#: Marks a test that reads what other libraries expect of their recorded lines.
needs_corpora = pytest.mark.skipif(
    not os.environ.get(_VARIABLE),
    reason=f"{_VARIABLE} is not set to a folder with other libraries' recordings",
)


class NoRecordingsError(Exception):
    """Raised when CHAT_CORPORA is set to something other than a folder with recordings."""


class Expectation(msgspec.Struct):
    """A line, and what the library whose fixture it is expects of it, in that library's words."""

    raw: str
    test: str
    expected: dict[str, Any]


class _ExpectedMessage(msgspec.Struct, forbid_unknown_fields=True):
    recording: str
    line: int
    message: ChatMessage


class _ExpectedEvent(msgspec.Struct, forbid_unknown_fields=True):
    recording: str
    line: int
    event: msgspec.Raw


def own_recordings() -> list[Path]:
    """Return the files with the repository's own recorded lines."""
    return sorted(OWN_RECORDINGS.glob("*.txt"))


def other_recordings() -> list[Path]:
    """
    Return the files with recorded lines in the folder that CHAT_CORPORA names; none if unset.

    Raises NoRecordingsError when there are none.
    """
    named = os.environ.get(_VARIABLE)
    if not named:
        return []
    if not Path(named).is_dir():
        raise NoRecordingsError(f"{_VARIABLE} is {named!r}, which is not a folder")
    if not (found := sorted(Path(named).glob("*.txt"))):
        raise NoRecordingsError(f"{_VARIABLE} is {named!r}, a folder without recordings (*.txt)")
    return found


def recordings() -> list[Path]:
    """Return the files with recorded lines. Raises NoRecordingsError for a wrong CHAT_CORPORA."""
    return own_recordings() + other_recordings()


def recorded_lines(recording: Path) -> list[bytes]:
    """
    Return the lines of a recording, without line ends, comments and sources.

    Raises OSError when the file cannot be read.
    """
    lines = recording.read_bytes().removesuffix(b"\n").split(b"\n")
    return [_without_source(line) for line in lines if not line.startswith(b"# ")]


def expected_messages() -> dict[str, dict[int, ChatMessage]]:
    """Return the messages in the repository's own recordings, by file name and line number."""
    messages: dict[str, dict[int, ChatMessage]] = defaultdict(dict)
    for line in (OWN_RECORDINGS / "messages.jsonl").read_bytes().splitlines():
        expected = msgspec.json.decode(line, type=_ExpectedMessage)
        messages[expected.recording][expected.line] = expected.message
    return messages


def expected_events() -> dict[str, dict[int, bytes]]:
    """Return the JSON of the events in the repository's own recordings, as expected_messages."""
    events: dict[str, dict[int, bytes]] = defaultdict(dict)
    for line in (OWN_RECORDINGS / "events.jsonl").read_bytes().splitlines():
        expected = msgspec.json.decode(line, type=_ExpectedEvent)
        events[expected.recording][expected.line] = bytes(expected.event)
    return events


def expectations(library: str) -> list[Expectation]:
    """
    Return what a library's fixture expects, from the folder that CHAT_CORPORA names.

    Raises OSError when the folder has no such file.
    """
    lines = Path(os.environ[_VARIABLE], f"{library}.expected.jsonl").read_bytes().splitlines()
    return [msgspec.json.decode(line, type=Expectation) for line in lines]


def _without_source(line: bytes) -> bytes:
    """Take off the source and the TAB, which may stand before a raw line."""
    source, tab, raw = line.partition(b"\t")
    # A TAB can be in the text of a raw line, too.
    return raw if tab and not source.startswith((b"@", b":")) else line
