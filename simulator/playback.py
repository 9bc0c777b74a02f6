"""Recorded chat, said again and again: as lively as it was, with fresh ids and the present time."""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from simulator.chat_server import ChatServer

RECORDINGS = Path(__file__).parent / "recordings"

_ROOM_STATE = re.compile(rb"@\S*;room-id=(\d+);\S* :tmi\.twitch\.tv ROOMSTATE #(\w+)")
_SENT_MS = re.compile(rb"(?<=[@;])tmi-sent-ts=(\d+)")
_MESSAGE_ID = re.compile(
    rb"(?<=[@;])((?:id|source-id|reply-parent-msg-id|reply-thread-parent-msg-id)=)([^;]+)"
)

#: Further behind than this, in seconds, playback does not try to catch up: the machine slept.
_LATE_S = 1.0


@dataclass(frozen=True)
class Recording:
    """What was said in one channel, and when."""

    channel: str
    room_id: str
    #: Lines without their CRLF.
    lines: tuple[bytes, ...]
    #: How long after the line before it each line came, in ms; the first, the average.
    pauses_ms: tuple[float, ...]


def load_recordings(directory: Path = RECORDINGS) -> list[Recording]:
    """Return the recordings in *directory*. Raises ValueError when a file is not one."""
    return [load_recording(path) for path in sorted(directory.glob("*.txt"))]


def load_recording(path: Path) -> Recording:
    """Return the recording in the file at *path*. Raises ValueError when it holds none."""
    first, *lines = path.read_bytes().split(b"\n")[:-1] or [b""]
    room_state = _ROOM_STATE.fullmatch(first)
    times_ms = [int(found[1]) for line in lines if (found := _SENT_MS.search(line))]
    if not room_state or len(times_ms) != len(lines) or len(set(times_ms)) < 2:
        raise ValueError(f"{path}: not a ROOMSTATE line, and then lines said at some time each")
    pauses_ms = [later - earlier for earlier, later in pairwise(times_ms)]
    return Recording(
        channel=room_state[2].decode(),
        room_id=room_state[1].decode(),
        lines=tuple(lines),
        pauses_ms=(sum(pauses_ms) / len(pauses_ms), *pauses_ms),
    )


async def play(server: ChatServer, recording: Recording, *, messages_per_s: float) -> None:
    """
    Say *recording* in its channel, over and over until cancelled.

    Pauses keep their proportions and come to *messages_per_s* on average.
    """
    pauses_s = pauses_at(recording, messages_per_s)
    due = time.monotonic()
    while True:
        fresh_ids: dict[bytes, bytes] = {}
        for line, pause_s in zip(recording.lines, pauses_s, strict=True):
            due = max(due + pause_s, time.monotonic() - _LATE_S)
            await asyncio.sleep(due - time.monotonic())
            now_ms = time.time_ns() // 1_000_000
            await server.send_line(recording.channel, renew(line, fresh_ids, now_ms))


def pauses_at(recording: Recording, messages_per_s: float) -> list[float]:
    """Return the pause before each line, in seconds, that makes *messages_per_s* on average."""
    scale = len(recording.lines) / messages_per_s / sum(recording.pauses_ms)
    return [pause_ms * scale for pause_ms in recording.pauses_ms]


def renew(line: bytes, fresh_ids: dict[bytes, bytes], now_ms: int) -> bytes:
    """
    Return *line* as if said at *now_ms*, Unix time in milliseconds, with new ids of messages.

    *fresh_ids* remembers which id has become which, so that a reply still names what it replies to.
    """

    def fresh(found: re.Match[bytes]) -> bytes:
        new = fresh_ids.setdefault(found[2], str(uuid.uuid4()).encode())
        return found[1] + new

    tags, space, rest = line.partition(b" ")
    tags = _SENT_MS.sub(b"tmi-sent-ts=%d" % now_ms, _MESSAGE_ID.sub(fresh, tags))
    return tags + space + rest
