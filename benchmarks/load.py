"""Chat for the benchmarks: the demo's recorded lines with unique ids."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import cycle, islice

from simulator.playback import load_recordings

LINES_AT_ONCE = 500

_ID = re.compile(rb"(?<=[@;]id=)[^; ]+")


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
        _ID.sub(b"%032x" % number, line, count=1) + b"\r\n"
        for number, line in enumerate(islice(cycle(of_channel), count), start=1)
    ]


def blocks(lines: list[bytes]) -> list[bytes]:
    """Return *lines* in blocks of LINES_AT_ONCE, each joined for one send."""
    return [
        b"".join(lines[start : start + LINES_AT_ONCE])
        for start in range(0, len(lines), LINES_AT_ONCE)
    ]
