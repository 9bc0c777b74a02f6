"""The recordings are valid lines of made-up people."""

from __future__ import annotations

import re
from collections import defaultdict

from simulator.playback import load_recordings
from tests.simulator.recorded_line import parse_line

RECORDINGS = load_recordings()
LINES = [parse_line(raw) for recording in RECORDINGS for raw in recording.lines]

EMOTE = re.compile(r"([0-9A-Za-z_]+):(\d+-\d+(?:,\d+-\d+)*)")
#: Twitch's own account, in whose name anonymous gifts are.
ANONYMOUS = {"274598607": {"ananonymousgifter"}}
#: Tags that name somebody whose id is not in the line.
NAMES = re.compile(
    r".*(?:-login|-user-name|-display-name|-displayName|-sender-name|-sender|-recipient|-middle-man)"
)
#: What is reserved for examples is nobody's.
LINK = re.compile(rb"https?:(?!//\w+\.example\.org/)|www\.|\.com\b|\.gg\b")


def test_there_are_three_channels_with_enough_lines() -> None:
    """Each has more than a hundred lines before it repeats them."""
    assert [recording.channel for recording in RECORDINGS] == [
        "demo_kitchen",
        "demo_lounge",
        "demo_speedrun",
    ]
    assert all(len(recording.lines) > 100 for recording in RECORDINGS)


def test_recorded_lines_name_their_own_channel() -> None:
    """Every line has the channel and the room id of its recording; a CLEARMSG has no room id."""
    for recording in RECORDINGS:
        for line in map(parse_line, recording.lines):
            assert line.channel == recording.channel
            expected = "" if line.command == "CLEARMSG" else recording.room_id
            assert line.tags["room-id"] == expected


def test_recorded_messages_identify_their_sender() -> None:
    """By id and login. The login is in the prefix or, for a USERNOTICE, in a tag."""
    for line in LINES:
        assert line.command in {"PRIVMSG", "USERNOTICE", "CLEARCHAT", "CLEARMSG", "ROOMSTATE"}
        if line.command == "PRIVMSG":
            assert re.fullmatch(r"(\w+)!\1@\1\.tmi\.twitch\.tv", line.prefix)
            assert line.text
        else:
            assert line.prefix == "tmi.twitch.tv"
        if line.command == "USERNOTICE":
            assert line.tags["login"]
        if line.command in {"PRIVMSG", "USERNOTICE"}:
            assert line.tags["id"]
            assert line.tags["user-id"]
        else:
            assert "id" not in line.tags


def test_no_message_is_recorded_twice() -> None:
    """A client that drops duplicates drops none of them."""
    ids = [line.tags["id"] for line in LINES if "id" in line.tags]
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


def recorded_logins() -> dict[str, set[str]]:
    """Return the logins of each user id, without the channels' own and Twitch's."""
    logins: defaultdict[str, set[str]] = defaultdict(set)
    for line in LINES:
        tags = line.tags
        if line.command == "CLEARCHAT" and line.text:
            logins[tags["target-user-id"]].add(line.text)
        # An anonymous gift may come from the channel itself.
        elif "user-id" in tags and tags["user-id"] != tags["room-id"]:
            logins[tags["user-id"]].add(line.login)
        for prefix, name in (
            ("reply-parent-user", "login"),
            ("reply-thread-parent-user", "login"),
            ("msg-param-recipient", "user-name"),
            ("msg-param-prior-gifter", "user-name"),
            ("msg-param-gifter", "login"),
        ):
            if f"{prefix}-id" in tags:
                logins[tags[f"{prefix}-id"]].add(tags[f"{prefix}-{name}"])
    for user_id, expected in ANONYMOUS.items():
        assert logins.pop(user_id) == expected
    return logins


def test_recorded_people_are_made_up() -> None:
    """Every user id is from the range of made-up ids, and belongs to exactly one login."""
    logins = recorded_logins()

    assert all(900_000_000 < int(user_id) < 900_002_000 for user_id in logins)
    assert all(len(found) == 1 for found in logins.values())
    assert len({login for (login,) in logins.values()}) == len(logins)


def test_recorded_names_are_of_made_up_people() -> None:
    """Whoever a tag names without an id also has one, somewhere. The thread's id is not sent."""
    known = {login for found in recorded_logins().values() for login in found}
    known |= {recording.channel for recording in RECORDINGS} | ANONYMOUS["274598607"]
    known |= {
        line.tags["reply-thread-parent-user-login"]
        for line in LINES
        if "reply-thread-parent-user-login" in line.tags
    }
    named = {line.tags["login"] for line in LINES if "login" in line.tags}
    for line in LINES:
        tags = line.tags
        named |= {
            value.lower()
            for tag, value in tags.items()
            if tag.startswith("msg-param-") and NAMES.fullmatch(tag) and value.isascii()
        }
    assert named <= known


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
    """Neither in the text nor in a tag, but for pictures of an address that nobody can have."""
    for recording in RECORDINGS:
        for raw in recording.lines:
            assert not LINK.search(raw), raw
