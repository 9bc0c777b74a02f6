"""Recordings are played with new ids and the present time, at the requested rate."""

from __future__ import annotations

import asyncio
import re
from itertools import pairwise
from pathlib import Path

import pytest

from common.unix_time import unix_ms
from simulator.chat_server import ChatServer
from simulator.playback import (
    Recording,
    load_recording,
    load_recordings,
    pauses_at,
    play,
    renew,
)
from tests.simulator.conftest import Connect
from tests.simulator.raw_client import RawClient
from tests.simulator.recorded_line import parse_line

RECORDINGS = load_recordings()


def test_recorded_pauses_are_scaled_to_the_requested_rate() -> None:
    """They keep their proportions, and their average matches the rate."""
    recording = Recording("cooking", "42", {}, (b"1", b"2", b"3"), (200.0, 100.0, 300.0))

    assert pauses_at(recording, 5.0) == pytest.approx([0.2, 0.1, 0.3])
    assert pauses_at(recording, 10.0) == pytest.approx([0.1, 0.05, 0.15])


def test_a_renewed_reply_still_refers_to_its_parent() -> None:
    """A message id is replaced by the same new id everywhere. Other ids and the text stay."""
    fresh_ids: dict[bytes, bytes] = {}
    parent = renew(b"@id=one;tmi-sent-ts=5;user-id=one :x PRIVMSG #y :;id=one;", fresh_ids, 77)
    reply = renew(b"@reply-parent-msg-id=one;id=two;tmi-sent-ts=6 :x PRIVMSG #y", fresh_ids, 78)
    one, two = fresh_ids[b"one"], fresh_ids[b"two"]

    assert parent == b"@id=%b;tmi-sent-ts=77;user-id=one :x PRIVMSG #y :;id=one;" % one
    assert reply == b"@reply-parent-msg-id=%b;id=%b;tmi-sent-ts=78 :x PRIVMSG #y" % (one, two)
    assert len({b"one", b"two", one, two}) == 4


def test_a_renewed_deletion_and_its_gifts_still_belong_together() -> None:
    """A deletion names the new id of its message. A number stays a number of as many digits."""
    fresh_ids: dict[bytes, bytes] = {}
    gifts = b"@msg-param-community-gift-id=5273500;msg-param-origin-id=5273500;tmi-sent-ts=6 :x"
    said = renew(b"@id=one;tmi-sent-ts=5 :x PRIVMSG #y :z", fresh_ids, 77)
    deletion = renew(b"@login=x;room-id=;target-msg-id=one;tmi-sent-ts=6 :x", fresh_ids, 78)
    many = renew(gifts, fresh_ids, 79)
    one, number = fresh_ids[b"one"], fresh_ids[b"5273500"]

    assert said == b"@id=%b;tmi-sent-ts=77 :x PRIVMSG #y :z" % one
    assert deletion == b"@login=x;room-id=;target-msg-id=%b;tmi-sent-ts=78 :x" % one
    assert re.fullmatch(rb"\d{7}", number)
    assert many == gifts.replace(b"5273500", number).replace(b"ts=6", b"ts=79")


def test_what_belongs_together_in_a_recording_still_does_when_it_is_played() -> None:
    """Every id is new. Two ids are the same if, and only if, they were the same before."""
    for recording in RECORDINGS:
        fresh_ids: dict[bytes, bytes] = {}
        renewed = [parse_line(renew(raw, fresh_ids, 77)) for raw in recording.lines]
        pairs = {
            (old, new)
            for before, after in zip(map(parse_line, recording.lines), renewed, strict=True)
            for old, new in zip(before.ids(), after.ids(), strict=True)
        }
        old_ids, new_ids = map(set, zip(*pairs, strict=True))
        assert len(pairs) == len(old_ids) == len(new_ids)
        assert old_ids.isdisjoint(new_ids)


async def test_a_played_change_of_settings_is_what_a_later_member_is_told(
    server: ChatServer, connect: Connect
) -> None:
    """Twitch sends it without a time. The settings are those at the start until then."""
    recording = Recording(
        "cooking",
        "42",
        {"slow": "5", "r9k": "1"},
        (
            b"@room-id=42;slow=30;tmi-sent-ts=5 :tmi.twitch.tv ROOMSTATE #cooking",
            b"@id=one;tmi-sent-ts=6 :x!x@x.tmi.twitch.tv PRIVMSG #cooking :hi",
        ),
        (1.0, 1.0),
    )
    server.state.room_ids["cooking"] = "42"
    first = await connect()
    await first.log_in("justinfan1", "twitch.tv/tags", "twitch.tv/commands")
    await first.join("cooking")
    playing = asyncio.create_task(play(server, recording, messages_per_s=1e6))
    change, said = await first.read_line(), await first.read_line()
    later = await connect()
    await later.log_in("justinfan2", "twitch.tv/tags", "twitch.tv/commands")
    responses = await later.join("cooking")
    playing.cancel()

    assert change == "@room-id=42;slow=30 :tmi.twitch.tv ROOMSTATE #cooking"
    assert said.endswith("PRIVMSG #cooking :hi")
    told = "@emote-only=0;followers-only=-1;r9k=1;room-id=42;slow=30;subs-only=0"
    assert f"{told} :tmi.twitch.tv ROOMSTATE #cooking" in responses


async def test_a_recording_is_played_over_and_over() -> None:
    """Each repetition has new ids and current timestamps."""
    recording = RECORDINGS[0]
    started_ms = unix_ms()
    async with (
        ChatServer(room_ids={recording.channel: recording.room_id}) as server,
        await RawClient.connect(server.port) as client,
    ):
        await client.log_in("justinfan1", "twitch.tv/tags", "twitch.tv/commands")
        responses = await client.join(recording.channel)
        assert any(f"room-id={recording.room_id};" in line for line in responses)
        playing = asyncio.create_task(play(server, recording, messages_per_s=1e6))
        wanted = 2 * len(recording.lines)
        received = [parse_line((await client.read_line()).encode()) for _ in range(wanted)]
        playing.cancel()

    once = [line.body for line in map(parse_line, recording.lines)]
    assert [line.body for line in received] == once + once
    ids = [line.tags["id"] for line in received if "id" in line.tags]
    assert len(set(ids)) == len(ids)
    assert all("tmi-sent-ts" in line.tags for line in received if line.command != "ROOMSTATE")
    times_ms = [int(line.tags["tmi-sent-ts"]) for line in received if "tmi-sent-ts" in line.tags]
    assert started_ms <= times_ms[0]
    assert all(earlier <= later for earlier, later in pairwise(times_ms))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a ROOMSTATE\n@tmi-sent-ts=1 :x PRIVMSG #y :z\n",
        b"@a=b;room-id=1;c=d :tmi.twitch.tv ROOMSTATE #y\n",
        b"@a=b;room-id=1;c=d :tmi.twitch.tv ROOMSTATE #y\n:x PRIVMSG #y :when?\n",
    ],
)
def test_an_invalid_recording_is_reported(tmp_path: Path, content: bytes) -> None:
    """The error names the file."""
    path = tmp_path / "broken.txt"
    path.write_bytes(content)

    with pytest.raises(ValueError, match=r"broken\.txt"):
        load_recording(path)
