"""Plays recorded chat in a loop, with new ids, the present time, and pauses in proportion."""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from common.unix_time import unix_ms
from simulator.chat_lines import ROOM_SETTINGS
from simulator.chat_server import ChatServer

RECORDINGS = Path(__file__).parent / "recordings"

_ROOM_STATE = re.compile(rb"@\S*;room-id=(\d+);\S* :tmi\.twitch\.tv ROOMSTATE #(\w+)")
_ROOM_STATE_COMMAND = b" :tmi.twitch.tv ROOMSTATE #"
_SENT_MS = re.compile(rb"(?<=[@;])tmi-sent-ts=(\d+)")
_SETTING = re.compile(rb"(?<=[@;])(%b)=([^; ]+)" % "|".join(ROOM_SETTINGS).encode())
_ID = re.compile(
    rb"(?<=[@;])((?:id|source-id|target-msg-id|reply-parent-msg-id|reply-thread-parent-msg-id"
    rb"|msg-param-id|msg-param-origin-id|msg-param-community-gift-id)=)([^;]+)"
)

#: Playback that is later than this, in seconds, does not catch up: the machine was suspended.
_LATE_S = 1.0


@dataclass(frozen=True)
class Recording:
    """The recorded lines of one channel."""

    channel: str
    room_id: str
    #: The channel's settings at the start, by their tags.
    settings: Mapping[str, str]
    #: Lines without their CRLF.
    lines: tuple[bytes, ...]
    #: The pause before each line, in ms. For the first line it is the average.
    pauses_ms: tuple[float, ...]


def load_recordings(directory: Path = RECORDINGS) -> list[Recording]:
    """Return the recordings in *directory*. Raises ValueError if a file is not a recording."""
    return [load_recording(path) for path in sorted(directory.glob("*.txt"))]


def load_recording(path: Path) -> Recording:
    """Return the recording in the file *path*. Raises ValueError if it is not a recording."""
    first, *lines = path.read_bytes().split(b"\n")[:-1] or [b""]
    room_state = _ROOM_STATE.fullmatch(first)
    times_ms = [int(found[1]) for line in lines if (found := _SENT_MS.search(line))]
    if not room_state or len(times_ms) != len(lines) or len(set(times_ms)) < 2:
        raise ValueError(
            f"{path}: a recording is a ROOMSTATE line, then lines with a tmi-sent-ts each"
        )
    pauses_ms = [later - earlier for earlier, later in pairwise(times_ms)]
    return Recording(
        channel=room_state[2].decode(),
        room_id=room_state[1].decode(),
        settings=_settings(first),
        lines=tuple(lines),
        pauses_ms=(sum(pauses_ms) / len(pauses_ms), *pauses_ms),
    )


async def play(server: ChatServer, recording: Recording, *, messages_per_s: float) -> None:
    """
    Play *recording* in its channel in a loop until cancelled.

    The pauses are scaled so that the average is *messages_per_s*.
    """
    pauses_s = pauses_at(recording, messages_per_s)
    server.state.room_settings[recording.channel].update(recording.settings)
    due = time.monotonic()
    while True:
        fresh_ids: dict[bytes, bytes] = {}
        for line, pause_s in zip(recording.lines, pauses_s, strict=True):
            due = max(due + pause_s, time.monotonic() - _LATE_S)
            await asyncio.sleep(due - time.monotonic())
            await send_recorded(server, recording.channel, line, fresh_ids)


async def send_recorded(
    server: ChatServer, channel: str, line: bytes, fresh_ids: dict[bytes, bytes]
) -> None:
    """Send a recorded *line* to *channel* as of now. *fresh_ids* is that of `renew`."""
    if _ROOM_STATE_COMMAND in line:
        # Twitch sends no time with it, and tells it to everybody who joins from now on.
        await server.moderator.change_settings(channel, _settings(line))
    else:
        await server.send_line(channel, renew(line, fresh_ids, unix_ms()))


def pauses_at(recording: Recording, messages_per_s: float) -> list[float]:
    """Return the pause before each line, in seconds, for an average of *messages_per_s*."""
    scale = len(recording.lines) / messages_per_s / sum(recording.pauses_ms)
    return [pause_ms * scale for pause_ms in recording.pauses_ms]


def renew(line: bytes, fresh_ids: dict[bytes, bytes], now_ms: int) -> bytes:
    """
    Return *line* with *now_ms*, Unix time in milliseconds, as its time and with new ids.

    *fresh_ids* maps each recorded id to its new id, so that what refers to a message, or to a gift
    of many subscriptions, still does.
    """

    def fresh(found: re.Match[bytes]) -> bytes:
        return found[1] + fresh_ids.setdefault(found[2], _new_id(found[2]))

    tags, space, rest = line.partition(b" ")
    tags = _SENT_MS.sub(b"tmi-sent-ts=%d" % now_ms, _ID.sub(fresh, tags))
    return tags + space + rest


def _new_id(old: bytes) -> bytes:
    """Return a new id of the form of the *old* one: a number with as many digits, or a UUID."""
    new = uuid.uuid4()
    return (str(new.int)[: len(old)] if old.isdigit() else str(new)).encode()


def _settings(room_state: bytes) -> dict[str, str]:
    """Return the settings in a ROOMSTATE, by their tags."""
    tags = room_state.partition(b" ")[0]
    return {found[1].decode(): found[2].decode() for found in _SETTING.finditer(tags)}
