"""The recordings are valid, and are played with new ids at the requested rate."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from dataclasses import dataclass
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

RECORDINGS = load_recordings()

LINE = re.compile(
    r"@(?P<tags>[^ ]+) :(?P<prefix>[^ ]+) (?P<command>[A-Z]+) #(?P<channel>\w+)(?: :(?P<text>.+))?"
)
EMOTE = re.compile(r"([0-9A-Za-z_]+):(\d+-\d+(?:,\d+-\d+)*)")


@dataclass(frozen=True)
class Line:
    """The fields of a recorded line."""

    tags: dict[str, str]
    prefix: str
    command: str
    channel: str
    text: str

    @property
    def body(self) -> str:
        """The text that emote positions refer to."""
        return self.text.removeprefix("\x01ACTION ").removesuffix("\x01")


def parse_line(raw: bytes) -> Line:
    """Return the fields of a recorded line, which must be well-formed."""
    found = LINE.fullmatch(raw.decode())
    assert found, raw
    pairs = [tag.split("=", 1) for tag in found["tags"].split(";")]
    tags = {key: re.sub(r"\\(.)", _unescape, value) for key, value in pairs}
    assert len(tags) == len(pairs), raw
    return Line(tags, found["prefix"], found["command"], found["channel"], found["text"] or "")


def _unescape(found: re.Match[str]) -> str:
    return {":": ";", "s": " ", "\\": "\\", "r": "\r", "n": "\n"}[found[1]]


LINES = [parse_line(raw) for recording in RECORDINGS for raw in recording.lines]


def test_there_are_three_channels_with_enough_lines() -> None:
    """Each has more than a hundred lines before it repeats them."""
    assert [recording.channel for recording in RECORDINGS] == [
        "demo_kitchen",
        "demo_lounge",
        "demo_speedrun",
    ]
    assert all(len(recording.lines) > 100 for recording in RECORDINGS)


def test_recorded_lines_name_their_own_channel() -> None:
    """Every line has the channel and the room id of its recording."""
    for recording in RECORDINGS:
        for line in map(parse_line, recording.lines):
            assert line.channel == recording.channel
            assert line.tags["room-id"] == recording.room_id


def test_recorded_messages_identify_their_sender() -> None:
    """By id and login. The login is in the prefix or, for a USERNOTICE, in a tag."""
    for line in LINES:
        assert line.command in {"PRIVMSG", "USERNOTICE", "CLEARCHAT"}
        if line.command == "PRIVMSG":
            assert re.fullmatch(r"(\w+)!\1@\1\.tmi\.twitch\.tv", line.prefix)
            assert line.text
        else:
            assert line.prefix == "tmi.twitch.tv"
        if line.command == "USERNOTICE":
            assert line.tags["login"]
        if line.command != "CLEARCHAT":
            assert line.tags["id"]
            assert line.tags["user-id"]


def test_no_message_is_recorded_twice() -> None:
    """A client that drops duplicates drops none of them."""
    ids = [line.tags["id"] for line in LINES if line.command != "CLEARCHAT"]
    assert len(set(ids)) == len(ids)


def test_recorded_emote_positions_are_correct() -> None:
    """Each range is within the text and holds one word, the same word for the same id."""
    names: defaultdict[str, set[str]] = defaultdict(set)
    for line in LINES:
        for emote in filter(None, line.tags.get("emotes", "").split("/")):
            found = EMOTE.fullmatch(emote)
            assert found, emote
            for span in found[2].split(","):
                first, last = map(int, span.split("-"))
                name = line.body[first : last + 1]
                assert first <= last < len(line.body)
                assert name
                assert " " not in name
                names[found[1]].add(name)
    assert len(names) > 30
    assert all(len(words) == 1 for words in names.values())


def test_recorded_people_are_made_up() -> None:
    """Every user id is from the range of made-up ids, and belongs to exactly one login."""
    logins: defaultdict[str, set[str]] = defaultdict(set)
    for line in LINES:
        tags = line.tags
        if line.command == "CLEARCHAT":
            logins[tags["target-user-id"]].add(line.text)
        else:
            logins[tags["user-id"]].add(tags.get("login") or line.prefix.split("!")[0])
        for parent in ("reply-parent", "reply-thread-parent"):
            if f"{parent}-user-id" in tags:
                logins[tags[f"{parent}-user-id"]].add(tags[f"{parent}-user-login"])
        if "msg-param-recipient-id" in tags:
            logins[tags["msg-param-recipient-id"]].add(tags["msg-param-recipient-user-name"])
    assert all(900_000_000 < int(user_id) < 900_002_000 for user_id in logins)
    assert all(len(found) == 1 for found in logins.values())
    assert len({login for (login,) in logins.values()}) == len(logins)


def test_recorded_mentions_are_of_made_up_people() -> None:
    """Everybody who is mentioned with an @ also writes, or is replied to, in the recordings."""
    known = {line.prefix.split("!")[0] for line in LINES}
    for line in LINES:
        known |= {value.lower() for key, value in line.tags.items() if key.endswith("-name")}
    mentions = {
        mention.lower()
        for line in LINES
        for text in (line.text, line.tags.get("reply-parent-msg-body", ""))
        for mention in re.findall(r"@(\w+)", text)
    }
    assert mentions
    assert mentions <= known


def test_recordings_hold_no_links() -> None:
    """Neither in the text nor in a tag."""
    for recording in RECORDINGS:
        for raw in recording.lines:
            assert not re.search(rb"https?:|www\.|\.com\b|\.gg\b", raw)


def test_recordings_are_varied() -> None:
    """Replies, /me, bits, announcements, other scripts and astral characters all occur."""
    assert any("reply-parent-msg-id" in line.tags for line in LINES)
    assert any(line.text.startswith("\x01ACTION ") for line in LINES)
    assert any("bits" in line.tags for line in LINES)
    assert any(line.tags.get("msg-id") == "announcement" for line in LINES)
    assert any("source-room-id" in line.tags for line in LINES)
    assert any(max(line.text, default="") > "\uffff" for line in LINES)
    assert any(line.text.startswith(":") for line in LINES)
    assert any(not line.tags.get("display-name", "x").isascii() for line in LINES)


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
    assert many == gifts.replace(b"5273500", number).replace(b"=6", b"=79")


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
    times_ms = [int(line.tags["tmi-sent-ts"]) for line in received]
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
