"""Chat for the benchmarks: the demo's recorded lines with unique ids."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from itertools import cycle, islice
from uuid import UUID

from simulator.playback import load_recordings

LINES_AT_ONCE = 500

_USER_ID = re.compile(rb"(?<=[@;]user-id=)\d+")
_PREFIX = re.compile(rb"(?<= :)\S+(?= PRIVMSG #)")
_ID = re.compile(rb"(?<=[@;]id=)[^; ]+")


def message_id(number: int) -> bytes:
    """
    Return an id in Twitch's form, always the same one for *number*.

    It looks random: an id like the one before would be compressed, which Twitch's are not.
    """
    digest = hashlib.md5(b"%d" % number, usedforsecurity=False).digest()
    return str(UUID(bytes=digest, version=4)).encode()


def chat_lines(channel: str, count: int) -> list[bytes]:
    """Return *count* chat lines of *channel*, each with its CRLF and a unique id."""
    return numbered(demo_chat(), channel, count)


def demo_chat() -> list[bytes]:
    """Return the chat lines of the demo's recordings, without line ends."""
    return [
        line for recording in load_recordings() for line in recording.lines if b" PRIVMSG #" in line
    ]


def numbered(recorded: Sequence[bytes], channel: str, count: int) -> list[bytes]:
    """Repeat *recorded* lines as *count* lines of *channel*, with CRLFs and unique ids."""
    to_channel = b"PRIVMSG #" + channel.encode()
    of_channel = [re.sub(rb"PRIVMSG #\S+", to_channel, line) for line in recorded]
    return [
        _ID.sub(message_id(number), line, count=1) + b"\r\n"
        for number, line in enumerate(islice(cycle(of_channel), count), start=1)
    ]


def recombined(recorded: Sequence[bytes], channel: str, count: int) -> list[bytes]:
    """
    Return *count* lines of *channel*, numbered: each repeats a *recorded* text by another author.

    Lines that are repeated as they are would be compressed better than chat is.
    """
    authors = [_author(line) for line in recorded]
    lines = []
    for number in range(count):
        again, index = divmod(number, len(recorded))
        user_id, prefix = authors[(index + again + 1) % len(recorded)]
        line = _USER_ID.sub(user_id, recorded[index], count=1)
        lines.append(_PREFIX.sub(prefix, line, count=1))
    return numbered(lines, channel, count)


def _author(line: bytes) -> tuple[bytes, bytes]:
    """Return the id and the prefix of the author of *line*."""
    user_id, prefix = _USER_ID.search(line), _PREFIX.search(line)
    if user_id is None or prefix is None:
        raise ValueError(f"no line of chat: {line!r}")
    return user_id[0], prefix[0]


def blocks(lines: list[bytes]) -> list[bytes]:
    """Return *lines* in blocks of LINES_AT_ONCE, each joined for one send."""
    return [
        b"".join(lines[start : start + LINES_AT_ONCE])
        for start in range(0, len(lines), LINES_AT_ONCE)
    ]
