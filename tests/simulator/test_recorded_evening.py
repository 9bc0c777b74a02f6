"""The recordings hold everything that Twitch says, and tell it as an evening goes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice

import pytest

from common.chat_event import ChatEvent
from readers.parsing.irc import parse_irc
from readers.parsing.line_parser import line_parser
from readers.parsing.received import ReceivedEvent
from simulator.chat_lines import ROOM_SETTINGS
from simulator.playback import Recording, load_recordings
from tests.simulator.recorded_line import Line, parse_line

RECORDINGS = load_recordings()
LINES = [parse_line(raw) for recording in RECORDINGS for raw in recording.lines]
CHAT = [line for line in LINES if line.command == "PRIVMSG"]
EVENTS = [line for line in LINES if line.command != "PRIVMSG"]

#: Each `msg-id` of an event.
KINDS = {
    *("sub", "resub", "subgift", "anonsubgift", "submysterygift", "anonsubmysterygift"),
    *("giftpaidupgrade", "anongiftpaidupgrade", "primepaidupgrade"),
    *("communitypayforward", "standardpayforward", "raid", "unraid", "announcement"),
    *("bitsbadgetier", "viewermilestone", "modiversary", "charitydonation", "socialsharingbadge"),
    *("extendsub", "primecommunitygiftreceived", "rewardgift", "ritual"),
}
#: Those that a shared chat passes on to the other channels.
SHARED_KINDS = {
    *("sub", "resub", "subgift", "submysterygift", "giftpaidupgrade", "primepaidupgrade"),
    *("communitypayforward", "raid", "announcement"),
}


def within(recording: Recording) -> list[Line]:
    """Return the lines of *recording*."""
    return [parse_line(raw) for raw in recording.lines]


def test_every_event_of_twitch_occurs() -> None:
    """Each USERNOTICE, in the channel itself and from another one of a shared chat."""
    own = {line.kind for line in EVENTS if "source-msg-id" not in line.tags} - {""}
    shared = {line.kind for line in EVENTS if line.tags.get("msg-id") == "sharedchatnotice"}
    assert own == KINDS
    assert shared == SHARED_KINDS


def test_readers_make_every_type_of_event_of_them() -> None:
    """Also unknown ones. What a ROOMSTATE becomes depends on what was told before."""
    parse = line_parser().parse
    received = [
        one
        for recording in RECORDINGS
        for irc in filter(None, map(parse_irc, recording.lines))
        for one in parse(irc, recording.room_id, 0)
    ]
    types = {one.event.type for one in received if isinstance(one, ReceivedEvent)}
    fields = ChatEvent.__annotations__
    payloads = {name for name, kind in fields.items() if str(kind).startswith("payloads.")}
    # A goal goes with other types.
    assert types == {*payloads - {"goal", "chat_settings_update"}, "unknown"}


EVENT_FACTS: dict[str, Callable[[Line], bool]] = {
    "an announcement with a color": lambda line: "msg-param-color" in line.tags,
    "one without": lambda line: line.kind == "announcement" and "msg-param-color" not in line.tags,
    "Prime": lambda line: line.tags.get("msg-param-sub-plan") == "Prime",
    "a streak": lambda line: "msg-param-streak-months" in line.tags,
    "months at once": lambda line: line.tags.get("msg-param-multimonth-duration") == "6",
    "a gifted resubscription": lambda line: "msg-param-gifter-id" in line.tags,
    "an anonymous gift": lambda line: line.tags.get("login") == "ananonymousgifter",
    "a goal": lambda line: "msg-param-goal-contribution-type" in line.tags,
    "a watch streak": lambda line: line.tags.get("msg-param-category") == "watch-streak",
    "a timeout": lambda line: "ban-duration" in line.tags,
    "a ban": lambda line: "target-user-id" in line.tags and "ban-duration" not in line.tags,
    "a whole clear": lambda line: line.command == "CLEARCHAT" and not line.text,
    "a deletion": lambda line: line.command == "CLEARMSG",
    **{
        f"{setting} on": lambda line, tag=setting: (  # type: ignore[misc]
            line.command == "ROOMSTATE" and line.tags.get(tag, ROOM_SETTINGS[tag]) != "0"
        )
        for setting in ROOM_SETTINGS
    },
}
CHAT_FACTS: dict[str, Callable[[Line], bool]] = {
    "a cheer": lambda line: "bits" in line.tags,
    "a first message": lambda line: line.tags.get("first-msg") == "1",
    "a returning chatter": lambda line: line.tags.get("returning-chatter") == "1",
    "a reply in a thread": lambda line: "reply-thread-parent-msg-id" in line.tags,
    "a reward": lambda line: len(line.tags.get("custom-reward-id", "")) == 36,
    "a reward for bits": lambda line: line.tags.get("custom-reward-id") == "CELEBRATION",
    "a highlighted message": lambda line: line.kind == "highlighted-message",
    "a message in spite of subscribers only": lambda line: line.kind == "skip-subs-mode-message",
    "an introduction": lambda line: line.kind == "user-intro",
    "an animated message": lambda line: "animation-id" in line.tags,
    "a big emote": lambda line: line.kind == "gigantified-emote-message",
    "a GIF": lambda line: "gifs" in line.tags,
    "another channel's message": lambda line: (
        line.tags.get("source-room-id", line.tags["room-id"]) != line.tags["room-id"]
    ),
    "one for this channel only": lambda line: line.tags.get("source-only") == "1",
    "a VIP": lambda line: "vip/1" in line.tags.get("badges", ""),
    "a bot": lambda line: "bot-badge/1" in line.tags.get("badges", ""),
    "a prediction": lambda line: "\u2e1d" in line.tags.get("badge-info", ""),
    "a broadcaster": lambda line: "broadcaster/1" in line.tags.get("badges", ""),
    "/me": lambda line: line.text.startswith("\x01ACTION "),
    "flags": lambda line: bool(line.tags.get("flags")),
    "only emotes": lambda line: line.tags.get("emote-only") == "1",
    "a colon at the start": lambda line: line.text.startswith(":"),
    "an astral character": lambda line: max(line.text, default="") > "\uffff",
    "a name in another script": lambda line: not line.tags.get("display-name", "x").isascii(),
}


@pytest.mark.parametrize("fact", EVENT_FACTS)
def test_every_form_of_an_event_occurs(fact: str) -> None:
    """At least once in one of the channels."""
    assert any(EVENT_FACTS[fact](line) for line in EVENTS)


@pytest.mark.parametrize("fact", CHAT_FACTS)
def test_every_form_of_a_message_occurs(fact: str) -> None:
    """At least once in one of the channels."""
    assert any(CHAT_FACTS[fact](line) for line in CHAT)


def test_most_of_what_is_said_is_chat() -> None:
    """Yet there is an event among any thirty lines."""
    for recording in RECORDINGS:
        commands = [line.command for line in within(recording)]
        assert 0.8 < commands.count("PRIVMSG") / len(commands) < 0.95
        windows = (set(commands[start : start + 30]) for start in range(len(commands) - 29))
        assert all(window != {"PRIVMSG"} for window in windows)


def test_moderators_remove_what_was_said_just_before() -> None:
    """A deletion is of the message with its id, author and text; a timeout follows its spam."""
    for recording in RECORDINGS:
        said: list[Line] = []
        for line in within(recording):
            recent = said[-10:]
            if line.command == "CLEARMSG":
                (deleted,) = (one for one in recent if one.tags["id"] == line.tags["target-msg-id"])
                assert (deleted.login, deleted.text) == (line.tags["login"], line.text)
            elif line.command == "CLEARCHAT" and line.text:
                ids = {one.tags["user-id"] for one in recent if one.login == line.text}
                assert ids == {line.tags["target-user-id"]}
            elif line.command == "PRIVMSG":
                said.append(line)


def test_who_is_banned_says_nothing_more() -> None:
    """Nor does who is timed out for longer than the recording goes on."""
    for recording in RECORDINGS:
        silent: set[str] = set()
        for line in within(recording):
            assert line.command != "PRIVMSG" or line.login not in silent
            if line.command == "CLEARCHAT" and line.text:
                silent.add(line.text)


def test_many_gifts_are_followed_by_each_of_them() -> None:
    """As many as were announced, with the id of the announcement, to different people."""
    found = 0
    for recording in RECORDINGS:
        lines = iter(within(recording))
        for line in lines:
            if "msg-param-mass-gift-count" in line.tags:
                gifts = list(islice(lines, int(line.tags["msg-param-mass-gift-count"])))
                community = line.tags["msg-param-community-gift-id"]
                assert {gift.tags["msg-param-community-gift-id"] for gift in gifts} == {community}
                assert {gift.tags["user-id"] for gift in gifts} == {line.tags["user-id"]}
                people = {gift.tags["msg-param-recipient-id"] for gift in gifts}
                assert len(people) == len(gifts)
                found += 1
            else:
                assert "msg-param-community-gift-id" not in line.tags
    assert found == 4


def test_raiders_chat_for_the_first_time() -> None:
    """Soon after each raid, in the channel that was raided or that is in its shared chat."""
    for recording in RECORDINGS:
        lines = within(recording)
        for at, line in enumerate(lines):
            if line.kind == "raid":
                after = lines[at + 1 : at + 10]
                assert sum(one.tags.get("first-msg") == "1" for one in after) >= 2


def changes(recording: Recording) -> Iterator[tuple[str, str]]:
    """Yield each setting that is changed, by its tag, and its new value."""
    for line in within(recording):
        if line.command == "ROOMSTATE":
            yield from ((tag, line.tags[tag]) for tag in ROOM_SETTINGS if tag in line.tags)


def test_settings_change_and_change_back() -> None:
    """Each ROOMSTATE changes something. At the end they are those that it begins with."""
    assert {tag for recording in RECORDINGS for tag, _value in changes(recording)} == set(
        ROOM_SETTINGS
    )
    for recording in RECORDINGS:
        settings = dict(recording.settings)
        for tag, value in changes(recording):
            assert settings[tag] != value
            settings[tag] = value
        assert settings == recording.settings


def test_only_what_the_settings_allow_is_said() -> None:
    """Emotes while only these are allowed, and subscribers while only they may write."""
    seen: Counter[str] = Counter()
    for recording in RECORDINGS:
        settings = dict(recording.settings)
        for line in within(recording):
            if line.command == "ROOMSTATE":
                settings |= {tag: line.tags[tag] for tag in ROOM_SETTINGS if tag in line.tags}
            elif line.command == "PRIVMSG" and settings["emote-only"] == "1":
                assert line.tags.get("emote-only") == "1"
                seen["emotes"] += 1
            elif line.command == "PRIVMSG" and settings["subs-only"] == "1":
                assert line.tags["subscriber"] == "1" or line.kind == "skip-subs-mode-message"
                seen["subscribers"] += 1
    assert min(seen["emotes"], seen["subscribers"]) >= 3
